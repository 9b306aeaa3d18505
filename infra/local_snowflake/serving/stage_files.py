"""The files of internal stages over HTTP, in the form of Google Cloud Storage: for clients that copy no local files."""

from __future__ import annotations

import hmac
from pathlib import Path
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from infra.local_snowflake.files.storage import Storage
from infra.local_snowflake.loading.transfers import ACCESS_TOKEN

_ONLY_NEW = "x-goog-if-generation-match"
"""A client sends it with 0 to write no object that exists."""


class StageFiles:
    """The objects of internal stages.

    Args:
        storage: of the server's stages.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    def routes(self) -> list[Route]:
        """`/stage-files/<id of a stage>/<key>`."""
        return [Route("/stage-files/{stage}/{key:path}", self._answer, methods=["HEAD", "GET", "PUT"])]

    async def _answer(self, request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {ACCESS_TOKEN}"):
            return Response(status_code=401)
        path = self._storage.file_of(request.path_params["stage"], request.path_params["key"])
        if path is None:
            return Response(status_code=400)
        if request.method == "PUT":
            return await _write(path, request)
        return FileResponse(path) if path.is_file() else Response(status_code=404)


async def _write(path: Path, request: Request) -> Response:
    """Write the body as one object; a reader sees all of it or nothing."""
    if request.headers.get(_ONLY_NEW) == "0" and path.is_file():  # noqa: ASYNC240 - a local file
        return Response(status_code=412)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid4().hex}.partial")
    try:
        with partial.open("wb") as written:
            async for part in request.stream():
                written.write(part)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return Response(status_code=200)
