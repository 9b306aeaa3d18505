"""The landing job beside its peers: the same topic, broker and S3 server, counted by an independent reader."""
