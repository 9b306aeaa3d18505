"""Read objects of the account as the options that a document would have."""
