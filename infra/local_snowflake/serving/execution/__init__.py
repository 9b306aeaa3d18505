"""Statements as tasks: their states, their locks, their results."""
