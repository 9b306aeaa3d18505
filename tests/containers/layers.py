"""The files of every layer of an image, packed ones included, as a stream."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from docker import DockerClient

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
DEPTH_MAX = 4
"""An archive in an archive, and so on; a jar in a wheel in a layer is two."""


def image_contents(client: DockerClient, image: str) -> Iterator[tuple[str, bytes]]:
    """Iterate over every file of every layer, also those that a later layer hides, and over the image's configuration.

    A file of an archive follows its archive, under both names.
    """
    with tarfile.open(fileobj=_Chunks(client.images.get(image).save()), mode="r|") as saved:
        for member in saved:
            packed = saved.extractfile(member) if member.isfile() else None
            if packed is not None:
                yield from _unpacked(member.name, packed.read(), DEPTH_MAX)


def file_contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Iterate over a file and what is packed in it."""
    yield from _unpacked(path.name, path.read_bytes(), DEPTH_MAX)


def _unpacked(name: str, content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if depth:
        for inner, inner_content in _members(content):
            yield from _unpacked(f"{name}!{inner}", inner_content, depth - 1)


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files of an archive; other files have none, nor have damaged archives of test suites."""
    if content.startswith(ZIP):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for inner in archive.namelist():
                    yield inner, archive.read(inner)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
            return
    elif content.startswith(GZIP):
        try:
            yield "gz", gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as layer:
            for member in layer:
                packed = layer.extractfile(member) if member.isfile() else None
                if packed is not None:
                    yield member.name, packed.read()


class _Chunks(io.RawIOBase):
    """A file over the chunks of a response."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return exactly `size` bytes, or what is left."""
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            parts.append(chunk)
            length += len(chunk)
        joined = b"".join(parts)
        end = length if size < 0 else size
        self._rest = joined[end:]
        return joined[:end]
