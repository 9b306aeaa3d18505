"""One landing job for a stream: who holds the lease, how it is renewed, and what ends a job that lost it."""
