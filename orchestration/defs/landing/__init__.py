"""From the bucket to a published hour: assets, blocking checks, sensor and job."""
