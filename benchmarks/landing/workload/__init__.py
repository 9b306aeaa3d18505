"""What every peer lands, the servers that all share, and the independent reader."""
