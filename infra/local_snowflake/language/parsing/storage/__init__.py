"""Parsing of the statements on stages, their files, file formats and integrations."""
