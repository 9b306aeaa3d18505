"""Roles, their grants, and what they may do."""
