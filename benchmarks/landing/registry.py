"""The names of all peers, and their modules."""

from importlib import import_module

from benchmarks.landing.peer import Peer

MODULES = {
    "hourglass": "hourglass",
    "tuned": "tuned",
    "naive": "naive",
    "spark": "spark",
    "flink-sql": "flink_sql",
    "quixstreams": "quixstreams_sink",
}

VALIDATES = {
    "hourglass": "the contract",
    "tuned": "nothing",
    "naive": "parses",
    "spark": "nothing",
    "flink-sql": "nothing",
    "quixstreams": "parses",
}
"""What a peer checks of an event before it lands it."""


def peer_named(name: str) -> Peer:
    """Return the peer of a name; its module is imported only here."""
    module = import_module(f"benchmarks.landing.peers.{MODULES[name]}")
    found: Peer = module.PEER
    return found
