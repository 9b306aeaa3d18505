"""The landing job for Amazon Managed Service for Apache Flink: one zip, and its runtime properties."""
