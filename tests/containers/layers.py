"""The files of every layer of an image, packed ones included, as a stream."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from docker import DockerClient

from tests.integration.unpacking import unpacked


def image_contents(client: DockerClient, image: str) -> Iterator[tuple[str, bytes]]:
    """Iterate over every file of every layer, also those that a later layer hides, and over the image's configuration.

    A file of an archive follows its archive, under both names.
    """
    with tarfile.open(fileobj=_Chunks(client.images.get(image).save()), mode="r|") as saved:
        for member in saved:
            packed = saved.extractfile(member) if member.isfile() else None
            if packed is not None:
                yield from unpacked(member.name, packed.read())


def file_contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Iterate over a file and what is packed in it."""
    yield from unpacked(path.name, path.read_bytes())


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
