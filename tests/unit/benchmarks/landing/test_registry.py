from __future__ import annotations

import pytest

from benchmarks.landing.peer import CODECS
from benchmarks.landing.registry import MODULES, VALIDATES, peer_named


@pytest.mark.parametrize("name", MODULES)
def test_every_peer_is_there(name: str) -> None:
    """Each name leads to a peer of that name, with known codecs and its versions."""
    peer = peer_named(name)
    assert name == peer.name
    assert peer.codecs
    assert peer.codecs <= set(CODECS)
    assert peer.versions
    assert VALIDATES[name]
