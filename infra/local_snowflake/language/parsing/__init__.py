"""Parsing of the statements that this server executes itself."""
