"""An OAuth server that issues tokens for client credentials, over TLS."""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from tests.fakes.http_server import serving
from tests.faults.secure_broker import Certificates

CLIENT = "landing-job"
SECRET = "canary-of-the-oauth-client"
SCOPE = "platform-events"
AUDIENCE = "kafka"
ISSUER = "https://issuer.test"
KEY_ID = "of-the-test"
LIFE_SECONDS = 12


@dataclass
class TokenServer:
    """One client, and the key that signs its tokens; `issued` counts them by the name of who asked (`User-Agent`)."""

    key: RSAPrivateKey = field(default_factory=partial(generate_private_key, 65537, 2048))
    issued: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def write_keys(self, file: Path) -> None:
        """Write the public key as a set of JSON web keys, for the broker."""
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        file.write_text(json.dumps({"keys": [public | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]}))

    def token(self) -> str:
        """Sign a token that is valid for `LIFE_SECONDS`."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": CLIENT, "scope": SCOPE, "iat": now, "exp": now + LIFE_SECONDS}
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KEY_ID})

    def answer(self, authorization: str, form: dict[str, list[str]], agent: str) -> tuple[int, dict[str, object]]:
        """Answer a request for a token, as RFC 6749 says."""
        login = b64decode(authorization.removeprefix("Basic ")).decode()
        if login != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if form != {"grant_type": ["client_credentials"], "scope": [SCOPE]}:
            return 400, {"error": "invalid_scope"}
        with self.lock:
            self.issued.append(agent)
        return 200, {"access_token": self.token(), "token_type": "Bearer", "expires_in": LIFE_SECONDS}

    @contextmanager
    def serve(self, made: Certificates) -> Iterator[str]:
        """Serve until the end of the block, with the server's certificate; yield the endpoint."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.folder / "server.pem", made.folder / "server.key")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with serving(server):
            yield f"https://127.0.0.1:{server.server_port}/oauth/token"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, tokens: TokenServer, *request: object) -> None:
        self._tokens = tokens
        super().__init__(*request)  # type: ignore[arg-type]  # as the server gives them

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        status, body = self._tokens.answer(
            self.headers.get("Authorization", ""), form, self.headers.get("User-Agent", "")
        )
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay silent."""
