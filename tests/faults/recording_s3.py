"""An S3 server behind a proxy that records every request, refuses some, and issues a role's credentials."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.local.settings import LOOPBACK, LocalSettings
from tests.fakes.http_server import serving
from tests.faults.secure_broker import Certificates
from tests.policies.operations import Call, HttpRequest, calls_of

TOKEN = "token-of-the-role"
_OF_THE_CONNECTION = frozenset({"connection", "expect", "keep-alive", "transfer-encoding"})


@dataclass(frozen=True)
class Request:
    """One request as received; names of headers are in lower case. The body is kept of POST alone, where it is XML."""

    method: str
    key: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = field(default=b"", repr=False)

    @property
    def token(self) -> str | None:
        """The session token of its signature; a presigned request has it in its URL."""
        return self.headers.get("x-amz-security-token") or self.query.get("X-Amz-Security-Token", [None])[0]

    @property
    def presigned(self) -> bool:
        """Whether the signature (version 4) is in the URL and covers no payload."""
        return self.query.get("X-Amz-Algorithm") == ["AWS4-HMAC-SHA256"] and "authorization" not in self.headers

    @property
    def digested(self) -> bool:
        """Whether it carries a digest of its body, as a header or as a trailer."""
        trailer = self.headers.get("x-amz-trailer", "")
        return any(name == "content-md5" or name.startswith("x-amz-checksum-") for name in (*self.headers, trailer))

    @property
    def operation(self) -> str:
        """S3's name of an operation that writes objects, else the method."""
        if self.method == "POST" and "uploads" in self.query:
            return "CreateMultipartUpload"
        if self.method == "POST" and "uploadId" in self.query:
            return "CompleteMultipartUpload"
        if self.method == "PUT":
            return "UploadPart" if "partNumber" in self.query else "PutObject"
        return self.method


@dataclass(frozen=True)
class Refusal:
    """An error of S3: its status, code and message."""

    status: int
    code: str
    message: str

    @property
    def body(self) -> bytes:
        """The answer as S3 sends it."""
        return (
            f"<Error><Code>{self.code}</Code><Message>{self.message}</Message><RequestId>r</RequestId></Error>".encode()
        )


DENIED = Refusal(403, "AccessDenied", "Access Denied")
NO_DIGEST = Refusal(
    400,
    "InvalidRequest",
    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters",
)


@dataclass
class RecordingS3:
    """The proxy: its address, the recorded requests, and the assumed roles.

    The proxy answers `refusal` to requests for which `refuses` returns true, and does not forward them. This simulates
    the policy of a bucket or of its keys.
    """

    address: str
    requests: list[Request]
    roles: list[dict[str, list[str]]]
    refuses: Callable[[Request], bool] = lambda _request: False
    refusal: Refusal = DENIED
    refused: list[Request] = field(default_factory=list)

    def below(self, prefix: str) -> list[Request]:
        """Return the requests for keys below a prefix."""
        return [request for request in self.requests if request.key.startswith(prefix)]

    def calls(self) -> Iterator[Call]:
        """Name the operations of the requests so far."""
        for one in list(self.requests):
            yield from calls_of(HttpRequest(one.method, one.key, one.query, one.body))


@contextmanager
def recording_s3(
    settings: LocalSettings, made: Certificates | None = None, host: str = LOOPBACK
) -> Iterator[RecordingS3]:
    """Run the proxy in front of the S3 server of these settings, with TLS if there are certificates.

    Args:
        settings: of the server.
        made: certificates.
        host: where the proxy listens; a job in a container does not reach the loopback of the test.
    """
    proxy = RecordingS3("", [], [])
    answer = _ASSUMED.format(
        key=settings.s3_access_key_id, secret=settings.s3_secret_access_key.get_secret_value(), token=TOKEN
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            """Handle any method."""
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            if self.command == "POST" and url.path == "/" and b"AssumeRole" in body:
                proxy.roles.append(parse_qs(body.decode()))
                self.answer(200, {"Content-Type": "text/xml"}, answer)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            key = url.path.removeprefix(f"/{settings.bucket}").lstrip("/")
            kept = body if self.command == "POST" else b""
            request = Request(self.command, key, parse_qs(url.query, keep_blank_values=True), headers, kept)
            proxy.requests.append(request)
            if proxy.refuses(request):
                proxy.refused.append(request)
                self.answer(proxy.refusal.status, {"Content-Type": "application/xml"}, proxy.refusal.body)
                return
            self.answer(*forward(settings.s3_port, self.command, self.path, dict(self.headers.items()), body))

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            """Send a response; a response to HEAD has a length and no body."""
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in _OF_THE_CONNECTION | {"content-length"}:
                    self.send_header(name, value)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    if made:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(made.folder / "server.pem", made.folder / "server.key")
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy.address = f"{'https' if made else 'http'}://{LOOPBACK}:{server.server_port}"
    with serving(server):
        yield proxy


def forward(
    port: int, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, Any], bytes]:
    """Forward the request with the client's Host header, because its signature covers it."""
    connection = HTTPConnection(LOOPBACK, port, timeout=60)
    try:
        kept = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_CONNECTION}
        connection.request(method, path, body, kept)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


_ASSUMED = (
    '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
    "<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>"
    "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/landing/hourglass</Arn>"
    "<AssumedRoleId>id</AssumedRoleId></AssumedRoleUser></AssumeRoleResult>"
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"
)
