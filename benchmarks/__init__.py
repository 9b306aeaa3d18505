"""Measure the cost of the parts of the chain, and compare it with other ways to do the same."""
