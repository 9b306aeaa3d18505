"""From the bucket to a published hour: assets, checks, sensor, job."""
