"""Stale reports: found by a rule, archived, and deleted much later; reports are `active`, `archived`, `deletable`."""
