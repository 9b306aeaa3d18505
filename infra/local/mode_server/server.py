"""HTTP around the routes: credentials, rate limit, faults, and a log of the requests."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from flink_jobs.contracts.clock import Clock, SystemClock
from infra.local.mode_server.faults import Fault, FaultKind, Faults
from infra.local.mode_server.routes import PAGE_ROWS, Reply, Routes
from infra.local.mode_server.state import ModeState

HOST = "127.0.0.1"
TOKEN, SECRET = "mode-token", "mode-secret"
"""They open nothing but this server."""
_POLL_SECONDS = 0.01
_UNAUTHORIZED = Reply(HTTPStatus.UNAUTHORIZED, {"id": "unauthorized", "message": "bad credentials"})
_LIMITED = {"id": "rate_limited", "message": "Too many requests"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the server accepts; `discovery` is `token:key:secret`, None when the account has no Discovery API."""

    token: str = TOKEN
    secret: str = field(default=SECRET, repr=False)
    discovery: str | None = field(default=None, repr=False)


@dataclass
class RateLimit:
    """At most `requests` in each window of `seconds`; 429 with `Retry-After` beyond."""

    requests: int
    seconds: float
    clock: Clock = field(default_factory=SystemClock)
    _sent: list[float] = field(default_factory=list)

    def wait_seconds(self) -> float:
        """Count a request, and return how long it must wait; 0 when it may pass."""
        now = self.clock.monotonic()
        self._sent = [moment for moment in self._sent if now - moment < self.seconds]
        if len(self._sent) >= self.requests:
            return self.seconds - (now - self._sent[0])
        self._sent.append(now)
        return 0


@dataclass
class ModeServer:
    """Serves one workspace.

    Args:
        state: of the workspace.
        credentials: that it accepts.
        clock: time of changes.
        page_rows: rows of a page.
        limit: None is no limit.
        faults: to come.
        requests: `METHOD path?query -> status` of each request, in the order of arrival.
    """

    state: ModeState
    credentials: Credentials = field(default_factory=Credentials)
    clock: Clock = field(default_factory=SystemClock)
    page_rows: int = PAGE_ROWS
    limit: RateLimit | None = None
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)
    stopping: Event = field(default_factory=Event, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[str]:
        """Serve in a separate thread until the end of the block, and yield the address."""
        with self.bound(port) as server:
            thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
            thread.start()
            try:
                yield f"http://{HOST}:{server.server_port}"
            finally:
                self.stopping.set()
                server.shutdown()
                thread.join()

    def bound(self, port: int) -> ThreadingHTTPServer:
        """Return the HTTP server at a port; 0 takes a free one."""
        server = ThreadingHTTPServer((HOST, port), type("ModeHandler", (_Handler,), {"mode": self}))
        server.daemon_threads = True
        return server

    def reply(self, method: str, target: str, authorization: str) -> tuple[Reply, Fault | None]:
        """Answer a request; with the fault that the connection must show."""
        with self._lock:
            fault = self.faults.take(f"{method} {target}")
            reply = self._reply(method, target, authorization, fault)
            self.requests.append(f"{method} {target} -> {reply.status}")
            return reply, fault

    def _reply(self, method: str, target: str, authorization: str, fault: Fault | None) -> Reply:
        if not self._accepted(target, authorization):
            return _UNAUTHORIZED
        wait = self.limit.wait_seconds() if self.limit else 0
        if wait > 0:
            return Reply(HTTPStatus.TOO_MANY_REQUESTS, _LIMITED, {"Retry-After": str(int(wait) + 1)})
        if fault is not None and fault.kind is FaultKind.STATUS:
            return Reply(fault.status, {"id": "fault"}, fault.headers)
        if fault is not None and fault.kind is FaultKind.BODY:
            return Reply(fault.status, fault.body)
        if fault is not None and fault.kind is FaultKind.REPEATED:
            target = target.partition("?")[0]
        reply = Routes(self.state, self.clock, self.page_rows).reply(method, target)
        if fault is not None and fault.kind is FaultKind.HALF:
            _halve(reply.body.get("_embedded", reply.body))
        return reply

    def _accepted(self, target: str, authorization: str) -> bool:
        kind, _, encoded = authorization.partition(" ")
        try:
            sent = b64decode(encoded, validate=True)
        except Base64Error:
            return False
        if target.startswith("/batch/"):
            expected = self.credentials.discovery
            return kind == "Bearer" and expected is not None and compare_digest(sent, expected.encode())
        expected = f"{self.credentials.token}:{self.credentials.secret}"
        return kind == "Basic" and compare_digest(sent, expected.encode())


def _halve(rows: dict[str, Any]) -> None:
    for key, value in rows.items():
        if isinstance(value, list):
            rows[key] = value[: len(value) // 2]


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    mode: ModeServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for each answer

    def do_GET(self) -> None:
        """Answer a read."""
        if self.path == "/healthz":
            self._send(Reply(HTTPStatus.OK, {"status": "ok"}))
            return
        reply, fault = self.mode.reply(self.command, self.path, self.headers.get("Authorization", ""))
        match fault.kind if fault else None:
            case FaultKind.STALLED:
                self.mode.stopping.wait()
                self.close_connection = True
            case FaultKind.LOST:
                self.close_connection = True
            case FaultKind.CUT:
                self._send(reply, cut=True)
            case _:
                self._send(reply)

    do_PATCH = do_DELETE = do_POST = do_GET  # noqa: N815 (the names of http.server)

    def _send(self, reply: Reply, *, cut: bool = False) -> None:
        body = reply.body if isinstance(reply.body, bytes) else b""
        if not body and reply.body is not None:
            body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of http.server)
        """Print nothing; `ModeServer.requests` is the log."""
