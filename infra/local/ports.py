"""Free ports for servers."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

from infra.local.settings import LOOPBACK

BELOW_EPHEMERAL = range(20_000, 32_000)
"""Below the range of outgoing connections: a client that dials a dead server in that range can get the server's port
for itself and connect to itself."""


def free_ports(count: int) -> list[int]:
    """Return free ports, all different: they are bound together for a moment."""
    with ExitStack() as open_sockets:
        found: list[int] = []
        candidates = iter(random.SystemRandom().sample(BELOW_EPHEMERAL, len(BELOW_EPHEMERAL)))
        while len(found) < count:
            server = open_sockets.enter_context(socket.socket())
            try:
                server.bind((LOOPBACK, port := next(candidates)))
            except OSError:
                continue
            found.append(port)
        return found
