"""Read the registered files of external tables."""
