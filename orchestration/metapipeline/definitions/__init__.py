"""The definitions of a metapipeline for Dagster: each step is an asset with kinds, owners, typed values and checks."""
