"""What the landing job and its readers agree on: keys, ledger, promises, and access to the bucket.

Imports nothing of ours but itself: every other package may import it.
"""
