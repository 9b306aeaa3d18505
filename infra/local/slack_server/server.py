"""HTTP around a workspace: token, rate limit, the address for bytes, and what was posted.

`GET /messages` and `GET /files/<id>` show what people would see; they are this server's own, and need no token.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from infra.local.slack_server.workspace import Workspace, refused

HOST = "127.0.0.1"
TOKEN = "xoxb-local"  # noqa: S105 (it opens nothing but this server)
_POLL_SECONDS = 0.01
_BODY_BYTES_MAX = 50_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets instead of its answer: a status, or with status None a connection that ends."""

    status: int | None
    retry_after: str | None = None


@dataclass
class SlackServer:
    """Serves one workspace.

    Args:
        workspace: what it holds.
        token: that it accepts.
        faults: of the next requests, in order.
        requests: method or path of each request that was answered, in order; refusals and faults included.
    """

    workspace: Workspace = field(default_factory=Workspace)
    token: str = field(default=TOKEN, repr=False)
    faults: deque[Fault | None] = field(default_factory=deque)
    requests: list[str] = field(default_factory=list)

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[str]:
        """Serve until the end of the block, and yield the base address of the API."""
        server = self.bind(port)
        thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/api/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def bind(self, port: int = 0) -> ThreadingHTTPServer:
        """Listen on a port of this machine; 0 chooses one."""
        slack = self

        class Handler(_Handler):
            server_of = slack

        return ThreadingHTTPServer((HOST, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    server_of: SlackServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _BODY_BYTES_MAX:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"")
            return
        self._handle(self.rfile.read(length))

    def _handle(self, body: bytes) -> None:
        slack, path = self.server_of, urlsplit(self.path).path
        area, _, name = path.strip("/").partition("/")
        if area == "messages":
            self._json([asdict(message) for message in slack.workspace.messages])
            return
        if area == "files":
            file = slack.workspace.files.get(name)
            known = file is not None and file.data is not None
            self._answer(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND, (file and file.data) or b"", "image/png")
            return
        slack.requests.append(name if area == "api" else area)
        fault = slack.faults.popleft() if slack.faults else None
        if fault is not None:
            self._fail(fault)
        elif area == "upload":
            taken = self.command == "POST" and slack.workspace.upload(name, body)
            text = f"OK - {len(body)}".encode()
            self._answer(HTTPStatus.OK if taken else HTTPStatus.BAD_REQUEST, text if taken else b"bad upload")
        elif area == "api":
            self._call(name, body)
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"")

    def _call(self, method: str, body: bytes) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not token:
            self._json(refused("not_authed"))
        elif scheme != "Bearer" or not compare_digest(token.encode(), self.server_of.token.encode()):
            self._json(refused("invalid_auth"))
        else:
            upload_url = f"http://{self.headers['Host']}/upload"
            self._json(self.server_of.workspace.call(method, self._given(body), upload_url))

    def _given(self, body: bytes) -> dict[str, str]:
        given = dict(parse_qsl(urlsplit(self.path).query))
        if self.headers.get_content_type() == "application/json":
            read = json.loads(body or b"{}")
            given |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in read.items()}
        elif body:
            given |= dict(parse_qsl(body.decode()))
        return given

    def _fail(self, fault: Fault) -> None:
        if fault.status is None:
            self.close_connection = True
            return
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        limited = fault.status == HTTPStatus.TOO_MANY_REQUESTS
        body = json.dumps(refused("ratelimited")).encode() if limited else b"<html>"
        self._answer(fault.status, body, "application/json" if limited else "text/html", headers)

    def _json(self, answer: Any) -> None:
        self._answer(HTTPStatus.OK, json.dumps(answer).encode(), "application/json")

    def _answer(
        self, status: int, body: bytes, content_type: str = "text/plain", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing: the requests are recorded."""
