"""Compare the objects of a bucket, and the lines in them, with the ledger."""
