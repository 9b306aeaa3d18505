"""Help for the authors of documents: a scaffold, the schema for editors, and columns proposed from landed lines."""
