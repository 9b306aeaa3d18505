"""Whether an hour is complete, and the seal that proves it."""
