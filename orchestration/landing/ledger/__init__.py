"""The ledger, read object by object and added up by partition and by hour."""
