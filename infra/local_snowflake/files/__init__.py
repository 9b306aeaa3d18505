"""Objects of buckets, and what is read from them."""
