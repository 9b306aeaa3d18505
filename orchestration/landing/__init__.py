"""From the bucket to a published hour: read the ledger, prove and seal hours, request runs, check them.

Layers, the upper ones import the lower ones: `sensor`, `dagster_errors`, `proof`, `ledger`, `clients`; `partitions`
and `errors` lie below all of them.
"""
