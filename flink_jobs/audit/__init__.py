"""The audit of a bucket: the ledger's arithmetic over everything that was written, and over everything that is read."""
