"""Whom to tell of a finding: owners of nodes, CODEOWNERS, and which messages are due."""
