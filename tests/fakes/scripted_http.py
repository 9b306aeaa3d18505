"""An HTTP server whose answers a test scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http_server import serving


@dataclass(frozen=True)
class Received:
    """One request; header names are in lower case, `query` has the first value of each parameter."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Scripted:
    """One answer; status 0 closes the connection without one."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def scripted(answer: Callable[[Received], Scripted]) -> Iterator[str]:
    """Serve the answers of a function until the end of the block, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            scripted = answer(Received(self.command, url.path, query, headers, body))
            self.close_connection = True
            if scripted.status:
                self.send_response(scripted.status)
                for name, value in {
                    "Content-Length": str(len(scripted.body)),
                    "Connection": "close",
                    **scripted.headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(scripted.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 (names of the standard library)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (name of the standard library)
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url
