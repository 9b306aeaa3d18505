"""The comparisons of the blocking checks: ledger, bucket and table with a seal, as of the seal."""
