"""Realistic traffic from a seed: plan, organizations, their runs, malformed records, and the ledger of sent records."""
