"""External tables: their definitions, the files they have registered, and the scan of these files."""
