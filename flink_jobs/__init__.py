"""Kafka to bucket: the landing job, its deployment, and the contracts of the bucket."""
