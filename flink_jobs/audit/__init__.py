"""`hourglass ledger check`: compare a bucket with its ledger, with every line that landed, and with the broker.

Orchestration adds up the same ledger, incrementally, to seal hours (`orchestration/landing/ledger`). The audit shares
the contracts with it and no code beyond them, on purpose: an error in one of the two is found by the other.
"""
