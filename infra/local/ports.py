"""Ports that nobody listens on."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

from infra.local.settings import LOOPBACK

BELOW_EPHEMERAL = range(20_000, 32_000)
"""Outgoing connections never get these. A client that dials a dead server's port from the range of outgoing
connections may, now and then, get that very port for itself: it then talks to itself, and the server cannot return."""


def free_ports(count: int) -> list[int]:
    """Reserve ports for a moment, all at once, so that no two are the same."""
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
