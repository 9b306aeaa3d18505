"""Edits of YAML texts that leave every other line as it was."""
