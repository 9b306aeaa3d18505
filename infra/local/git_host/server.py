"""The server of the local git host: API, git and a page per pull request at one port."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.local.git_host.api import Api, ApiRequest
from infra.local.git_host.backend import GitRequest, answer
from infra.local.git_host.faults import Fault, Moment
from infra.local.git_host.hosted import Hosted, UnknownError

API_ROOT = "/api/v3"
LIMIT = 5000
LOGIN = "hourglass-bot"
_GIT_PATH = re.compile(r"/([^/]+/[^/]+)\.git(/(?:info/refs|git-upload-pack|git-receive-pack))")
_PULL_PATH = re.compile(r"/([^/]+/[^/]+)/pull/(\d+)")
POLL_SECONDS = 0.01


class GitHost(ThreadingHTTPServer):
    """A git host on 127.0.0.1.

    Args:
        folder: of its state; an earlier start's is read again.
        port: 0 is any free one.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.hosted = Hosted(folder)
        self.hosted.load()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request of the API, in order."""
        self.api = Api(self.hosted, self.web_url, self.api_url)

    @property
    def web_url(self) -> str:
        """Address for people and for git, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def api_url(self) -> str:
        """Root of the API."""
        return self.web_url + API_ROOT


@contextmanager
def git_host(folder: Path, port: int = 0) -> Iterator[GitHost]:
    """Serve until the end of the block."""
    server = GitHost(folder, port)
    thread = Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitHost

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing: the tests and the demo read the state."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        path, body = unquote(parts.path), self._body()
        if path.startswith(API_ROOT + "/"):
            self._serve_api(path.removeprefix(API_ROOT), dict(parse_qsl(parts.query)), body)
        elif found := _GIT_PATH.fullmatch(path):
            self._serve_git(found[1], found[2], parts.query, body)
        elif found := _PULL_PATH.fullmatch(path):
            self._serve_page(found[1], int(found[2]))
        else:
            self._send(404, [], b"")

    def _serve_api(self, path: str, query: dict[str, str], body: bytes) -> None:
        server, method = self.server, self.command
        server.requests.append((method, path))
        token = self._token()
        if token is None or not server.hosted.accepts(token):
            self._send_json(401, {"message": "Bad credentials"}, [])
            return
        fault = next((fault for fault in server.faults if fault.hits(method, path)), None)
        if fault is None or fault.moment is Moment.AFTER:
            request = ApiRequest(method, path, query, json.loads(body) if body else {}, LOGIN)
            status, data = server.api.answer(request)
        if fault is not None and not fault.status:
            self.close_connection = True
            return
        if fault is not None:
            status, data = fault.status, {"message": "a fault by order"}
        scopes = server.hosted.scopes(token)
        headers = {"X-RateLimit-Limit": str(LIMIT), "X-RateLimit-Remaining": str(LIMIT - 1), "X-RateLimit-Reset": "0"}
        if scopes is not None:
            headers["X-OAuth-Scopes"] = ", ".join(scopes)
        self._send_json(status, data, (headers | dict(fault.headers if fault else {})).items())

    def _serve_git(self, name: str, path: str, query: str, body: bytes) -> None:
        hosted = self.server.hosted
        if not hosted.accepts(self._token()):
            self._send(401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
            return
        try:
            bare = hosted.bare(hosted.repository(name=name))
        except UnknownError:
            self._send(404, [], b"")
            return
        kind, encoding, protocol = (
            self.headers.get(key, "") for key in ("Content-Type", "Content-Encoding", "Git-Protocol")
        )
        self._send(*answer(bare, GitRequest(self.command, path, query, kind, encoding, protocol, body, LOGIN)))

    def _serve_page(self, name: str, number: int) -> None:
        try:
            pull = self.server.hosted.pull(self.server.hosted.repository(name=name), number)
        except UnknownError:
            self._send(404, [], b"")
            return
        title, text = html.escape(pull.title), html.escape(pull.body)
        page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{pull.state}: {pull.head}</p><pre>{text}</pre>"
        self._send(200, [("Content-Type", "text/html; charset=utf-8")], page.encode())

    def _token(self) -> str | None:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            return base64.b64decode(secret).decode().partition(":")[2]
        return secret or None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send_json(self, status: int, data: Any, headers: Iterable[tuple[str, str]]) -> None:
        kind = ("Content-Type", "application/json; charset=utf-8")
        self._send(status, [kind, *headers], json.dumps(data).encode())

    def _send(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
