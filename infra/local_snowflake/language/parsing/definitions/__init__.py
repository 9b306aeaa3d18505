"""Reading of CREATE and ALTER of tables, views, schemas, databases and sequences, clause by clause."""
