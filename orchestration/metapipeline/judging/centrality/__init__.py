"""Centralities of a graph without cycles, for 50,000 nodes in pure Python and numpy."""
