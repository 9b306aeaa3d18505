"""What is packed in a file: archives in archives, and compressed streams."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import zstandard

DEPTH_MAX = 4
"""An archive in an archive, and so on; a jar in a wheel in a layer is two."""
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zstandard.ZstdError, zlib.error, OSError, EOFError, RuntimeError)
"""What the readers raise on a file that is damaged, encrypted, or packed in another way (`NotImplementedError`)."""


def unpacked(name: str, content: bytes, depth: int = DEPTH_MAX) -> Iterator[tuple[str, bytes]]:
    """Iterate over a content and what is packed in it; a file of an archive follows it, under both names."""
    yield name, content
    if depth:
        for inner, inner_content in _members(content):
            yield from unpacked(f"{name}!{inner}", inner_content, depth - 1)


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files of an archive; other files have none, nor have damaged archives of test suites."""
    read = next((read for starts, read in _READERS if starts(content)), None)
    with suppress(*DAMAGED):
        if read is not None:
            yield from read(content)


def _zip_members(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for inner in archive.namelist():
            yield inner, archive.read(inner)


def _tar_members(content: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            packed = archive.extractfile(member) if member.isfile() else None
            if packed is not None:
                yield member.name, packed.read()


def _gzip_member(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "gz", gzip.decompress(content)


def _zstd_member(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "zst", zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True).read()


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Iterator[tuple[str, bytes]]]], ...] = (
    (lambda content: content.startswith(b"PK\x03\x04"), _zip_members),
    (lambda content: content.startswith(b"\x1f\x8b"), _gzip_member),
    (lambda content: content.startswith(b"\x28\xb5\x2f\xfd"), _zstd_member),
    (lambda content: content[257:262] == b"ustar", _tar_members),
)
