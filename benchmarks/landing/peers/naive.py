"""The consumer that most people write first: parse each event, serialize it again, compress, upload."""

from __future__ import annotations

from benchmarks.landing.peers.tuned import HandWritten

PEER = HandWritten("naive")
