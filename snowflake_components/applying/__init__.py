"""Carry out plans: of one object in a run of Dagster, of a whole account from the command line."""
