"""COPY INTO a table: which files, which records, which columns, and what is kept of it."""
