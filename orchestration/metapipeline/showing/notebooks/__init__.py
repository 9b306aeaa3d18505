"""The notebook of the meta-analysis, its data, and what runs it."""
