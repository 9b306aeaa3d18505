"""Models that are built by proven hours, beside look-backs, over a month with late records."""
