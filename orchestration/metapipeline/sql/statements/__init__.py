"""What the statements of one SQL text read and write. Importing it imports sqlglot, which is slow."""
