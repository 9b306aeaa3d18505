"""An HTTP server of a test, in a separate thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread

POLL_SECONDS = 0.01
"""Longest delay of its shutdown."""


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """Serve until the end of the block, and yield the address for plain HTTP."""
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
