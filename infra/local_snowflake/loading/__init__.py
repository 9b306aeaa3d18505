"""Move files into stages and out of them, and their rows into tables."""
