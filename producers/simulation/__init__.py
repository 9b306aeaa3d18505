"""Realistic traffic from a seed: the plan, the organizations, their runs, broken records, and the ledger."""
