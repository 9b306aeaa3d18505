"""git over HTTP: `git http-backend` behind the server, one process per request, as a CGI."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GitRequest:
    """One request of a git client.

    Args:
        method: GET or POST.
        path: behind the name of the repository, such as `/info/refs`.
        query: of the address.
        content_type: of the body.
        encoding: of the body; empty or gzip.
        protocol: header `Git-Protocol`.
        body: of the request.
        user: that was authenticated; without one the backend refuses a push.
    """

    method: str
    path: str
    query: str
    content_type: str
    encoding: str
    protocol: str
    body: bytes
    user: str


def answer(bare: Path, request: GitRequest) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the status, the headers and the body of the answer."""
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(bare),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PROJECT_ROOT": str(bare),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.protocol,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.encoding,
        "REMOTE_USER": request.user,
        "REMOTE_ADDR": "127.0.0.1",
    }
    done = subprocess.run(
        ["git", "http-backend"], cwd=bare, env=variables, input=request.body, capture_output=True, check=True
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, headers = 200, []
    for line in head.decode().split("\r\n"):
        key, _, value = line.partition(": ")
        if key.lower() == "status":
            status = int(value.split()[0])
        elif key:
            headers.append((key, value))
    return status, headers, body
