"""What is known of the columns of tables: their kinds, lengths and keys."""
