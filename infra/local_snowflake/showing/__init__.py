"""Answers of SHOW and DESCRIBE."""
