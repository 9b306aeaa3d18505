"""Restore points of a stream, which one a start continues from, and the uploads that none of them needs."""
