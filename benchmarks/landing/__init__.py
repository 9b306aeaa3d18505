"""Compare the landing job with its peers: same topic, broker and S3 server; an independent reader counts."""
