"""Rewritings of expressions, one kind a module."""
