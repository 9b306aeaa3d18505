"""Ledger reading, completeness, seals, the sensor, and the blocking checks of one hour."""
