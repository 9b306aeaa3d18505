"""Assets behind proven hours: when each is built, what it lacks, and whether it is late.

`policy` is what a document says of an asset, `history` reads Dagster's event log, `graph` what an asset is built from,
`standing` compares the two, and `condition` is the automation condition that requests what is due. `freshness` reports
what is late, and `plan` prints what would be built.
"""
