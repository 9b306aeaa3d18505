"""What can be seen of a checkpoint's `_metadata` without Flink: that it is one, and which files it needs. Pure.

Flink reads the rest, and fails the start where it cannot.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping

from flink_jobs.settings import CHECKPOINT_SCHEME

MAGIC = 0x4960672D
HEADER_BYTES = 16
"""Magic number, version, number of the checkpoint; each written with its highest byte first."""
_SCHEMES = rb"(s3[an]?|" + CHECKPOINT_SCHEME.encode() + rb")"
_FILE = re.compile(rb"\x02(?P<size>.{8})(?P<length>..)(?P<path>" + _SCHEMES + rb"://[\x21-\x7e]+)", re.DOTALL)
_RELATIVE_FILE = re.compile(rb"\x06(?P<length>..)(?P<path>[0-9a-f-]{36})(?P<size>.{8})", re.DOTALL)
"""Flink's spelling of a state file: its type, its size, and a path with the path's length before it. A state that is
small lies in `_metadata` itself, behind a name that looks like a path, with another type before it."""


def damage(directory: str, metadata: bytes | None, sizes_bytes: Mapping[str, int]) -> str | None:
    """Say what is wrong with a checkpoint, or None.

    Args:
        directory: the checkpoint, as `s3://bucket/key`.
        metadata: content of its `_metadata`; None where it is gone.
        sizes_bytes: every object that is there, as `s3://bucket/key`.
    """
    if metadata is None:
        return "its _metadata is gone"
    if len(metadata) < HEADER_BYTES:
        return f"its _metadata has {len(metadata)} bytes"
    if struct.unpack_from(">I", metadata)[0] != MAGIC:
        return "its _metadata does not begin like one of Flink"
    for path, size_bytes in state_files(directory, metadata):
        if path not in sizes_bytes:
            return f"its state file {path} is gone"
        if sizes_bytes[path] != size_bytes:
            return f"its state file {path} has {sizes_bytes[path]} of {size_bytes} bytes"
    return None


def in_words_of_s3(path: str) -> str:
    """Name a restore point or a file of one by `s3://`, by whichever file system it was written."""
    return re.sub(f"^(s3[an]|{CHECKPOINT_SCHEME})://", "s3://", path)


def state_files(directory: str, metadata: bytes) -> Iterator[tuple[str, int]]:
    """Name the files that a checkpoint needs beside its `_metadata`, with their sizes in bytes."""
    for match in _FILE.finditer(metadata):
        length = struct.unpack(">H", match["length"])[0]
        if length <= len(match["path"]):  # what follows may look like more of the path
            yield in_words_of_s3(match["path"][:length].decode()), struct.unpack(">Q", match["size"])[0]
    for match in _RELATIVE_FILE.finditer(metadata):
        if struct.unpack(">H", match["length"])[0] == len(match["path"]):
            yield f"{directory}/{match['path'].decode()}", struct.unpack(">Q", match["size"])[0]
