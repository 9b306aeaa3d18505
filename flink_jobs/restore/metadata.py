"""Read of a checkpoint's files what a start must know, without Flink: state files, positions, number. Pure.

Flink reads the rest, and fails the start where it cannot.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping

from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition
from flink_jobs.settings import CHECKPOINT_SCHEME

MAGIC = 0x4960672D
HEADER_BYTES = 16
"""Magic number, version, number of the checkpoint; each written with its highest byte first."""
_SCHEMES = rb"(s3[an]?|" + CHECKPOINT_SCHEME.encode() + rb")"
_FILE = re.compile(rb"\x02(?P<size>.{8})(?P<length>..)(?P<path>" + _SCHEMES + rb"://[\x21-\x7e]+)", re.DOTALL)
_RELATIVE_FILE = re.compile(rb"\x06(?P<length>..)(?P<path>[0-9a-f-]{36})(?P<size>.{8})", re.DOTALL)
"""Flink's spelling of a state file: its type, its size, and a path with the path's length before it. A state that is
small lies in `_metadata` itself, behind a name that looks like a path, with another type before it."""

_NO_END = struct.pack(">q", -(1 << 63))
_SPLIT = re.compile(
    rb"(?=(?P<bytes>.{4})(?P<length>..)(?P<topic>[A-Za-z0-9._-]{1,249})(?P<partition>.{4})(?P<offset>.{8})"
    + re.escape(_NO_END)
    + rb")",  # looked for at every byte: the length of a topic may itself look like a character of one
    re.DOTALL,
)
"""The Kafka connector's spelling of a source partition, version 0: bytes of the whole, then length of the topic, topic,
partition, offset to read next, and "no end". A negative offset is a starting point that was not looked up yet."""
_SPLIT_BYTES = 2 + 4 + 8 + 8
"""Of a source partition without the name of its topic."""


_TOPIC = re.compile(
    rb"hourglass-topic (?P<topic>[A-Za-z0-9._-]{1,249}) (?P<cluster>[!-~]{1,249}) (?P<id>[A-Za-z0-9_-]{22})"
)
"""The landing operator's spelling of a topic that it reads, in its own state."""


def damage(directory: str, metadata: bytes | None, sizes_bytes: Mapping[str, int]) -> str | None:
    """Return what is wrong with a checkpoint, or None.

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


def s3_url(path: str) -> str:
    """Return the path of a restore point, or of a file of one, with the scheme `s3`, whichever wrote it."""
    return re.sub(f"^(s3[an]|{CHECKPOINT_SCHEME})://", "s3://", path)


def checkpoint_id(metadata: bytes) -> int:
    """Return Flink's number of a checkpoint or savepoint, which a restored job counts on from; -1 of a cut one."""
    return int(struct.unpack_from(">q", metadata, 8)[0]) if len(metadata) >= HEADER_BYTES else -1


def positions(state: bytes) -> dict[TopicPartition, int]:
    """Return the offset at which a restored job reads on, for each source partition that a state names.

    Args:
        state: content of `_metadata` and of the files beside it.

    Returns:
        The highest one where a partition is named twice; negative where nothing was read of it yet.
    """
    found: dict[TopicPartition, int] = {}
    for match in _SPLIT.finditer(state):
        length = len(match["topic"])
        if struct.unpack(">IH", match["bytes"] + match["length"]) != (_SPLIT_BYTES + length, length):
            continue
        partition, offset = struct.unpack(">iq", match["partition"] + match["offset"])
        at = match["topic"].decode(), partition
        found[at] = max(offset, found.get(at, offset))
    return found


def identities(state: bytes) -> dict[str, TopicIdentity]:
    """Return the identities of the topics whose offsets a state holds; that of an earlier release has none."""
    return {
        match["topic"].decode(): TopicIdentity(match["cluster"].decode(), match["id"].decode())
        for match in _TOPIC.finditer(state)
    }


def state_files(directory: str, metadata: bytes) -> Iterator[tuple[str, int]]:
    """Yield the files that a checkpoint needs beside its `_metadata`, with their sizes in bytes."""
    for match in _FILE.finditer(metadata):
        length = struct.unpack(">H", match["length"])[0]
        if length <= len(match["path"]):  # what follows may look like more of the path
            yield s3_url(match["path"][:length].decode()), struct.unpack(">Q", match["size"])[0]
    for match in _RELATIVE_FILE.finditer(metadata):
        if struct.unpack(">H", match["length"])[0] == len(match["path"]):
            yield f"{directory}/{match['path'].decode()}", struct.unpack(">Q", match["size"])[0]
