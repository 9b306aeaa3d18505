"""Statements for fakesnow, rewritten before it sees them."""
