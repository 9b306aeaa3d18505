"""ALTER of tables, views, schemas, databases and sequences."""
