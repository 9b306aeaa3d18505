"""Whether an hour is complete, the seal that proves it, the blocking checks, and the report over all hours."""
