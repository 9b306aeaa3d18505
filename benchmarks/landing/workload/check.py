"""An independent reader: checks that each record of the corpus is visible once, in its hour, unchanged.

It uses no code of the product. A line is an event, or an envelope with the event as its last field. The fast path
compares the bytes of a line with those that the corpus writes; only a line that differs is parsed.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

import zstandard

from benchmarks.landing.workload.corpus import Corpus, index_of

CHUNK_BYTES = 16 * 2**20
_ENVELOPE = re.compile(
    rb'\{"topic":"[^"\\]*","partition":(\d{1,9}),"offset":(\d{1,18}),"timestamp":"[^"\\]*","key":"[^"\\]*","event":'
)
_SEEN_MAX = 255


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reader's findings.

    Attributes:
        lines: of all objects.
        missing: records without a line.
        duplicate: lines of a record beyond its first.
        wrong_hour: lines outside the directory of their record's hour.
        unparsable: lines that are no JSON object with the id of a record, and objects that cannot be decompressed.
        changed: lines whose event is JSON, but not byte for byte as it was sent.
        missing_positions: offsets below the end of their partition without a line; None where lines name none.
        duplicate_positions: lines of an offset beyond its first; None where lines name none.
    """

    lines: int
    missing: int
    duplicate: int
    wrong_hour: int
    unparsable: int
    changed: int
    missing_positions: int | None
    duplicate_positions: int | None

    def problems(self, names: Iterable[str]) -> list[str]:
        """Return the count of each named attribute that is not zero."""
        return [f"{count} {name}" for name in names if (count := getattr(self, name))]


class Reader:
    """Counts lines against a corpus.

    Args:
        corpus: what was sent.
        ends: records of each partition.
    """

    def __init__(self, corpus: Corpus, ends: Sequence[int]) -> None:
        self._corpus = corpus
        self._hours = corpus.hour_ranges()
        self._seen = bytearray(corpus.records)
        self._positions = [bytearray(end) for end in ends]
        self._lines = self._doubled = self._wrong_hour = self._unparsable = self._changed = 0
        self._enveloped = self._doubled_positions = 0

    def read_object(self, key: str, hour: str | None, body: IO[bytes]) -> None:
        """Count every line of an object; a truncated object counts as one more unparsable line.

        Args:
            key: its ending names the compression.
            hour: of its directory, like `2025-08-01T03`.
            body: of the object, as stored.
        """
        indexes = self._hours.get(hour or "", range(0))
        try:
            for lines in _blocks(_decompressed(key, body)):
                for line in lines:
                    self._count(line, indexes)
        except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile):
            self._unparsable += 1

    def verdict(self) -> Verdict:
        """Add up what was read so far."""
        return Verdict(
            lines=self._lines,
            missing=self._seen.count(0),
            duplicate=self._doubled,
            wrong_hour=self._wrong_hour,
            unparsable=self._unparsable,
            changed=self._changed,
            missing_positions=sum(seen.count(0) for seen in self._positions) if self._enveloped else None,
            duplicate_positions=self._doubled_positions if self._enveloped else None,
        )

    def _count(self, line: bytes, indexes: range) -> None:
        self._lines += 1
        event = line
        envelope = _ENVELOPE.match(line)
        if envelope and line.endswith(b"}"):
            event = line[envelope.end() : -1]
        index = index_of(event)
        if index is None or index >= self._corpus.records or event != self._corpus.value(index):
            self._count_other(line, indexes)
            return
        if envelope:
            self._count_position(int(envelope[1]), int(envelope[2]))
        self._count_index(index, indexes)

    def _count_index(self, index: int, indexes: range) -> None:
        if self._seen[index]:
            self._doubled += 1
        self._seen[index] = min(self._seen[index] + 1, _SEEN_MAX)
        if index not in indexes:
            self._wrong_hour += 1

    def _count_position(self, partition: int, offset: int) -> None:
        self._enveloped += 1
        seen = self._positions[partition]
        if seen[offset]:
            self._doubled_positions += 1
        seen[offset] = min(seen[offset] + 1, _SEEN_MAX)

    def _count_other(self, line: bytes, indexes: range) -> None:
        """Count a line that is not as sent: changed if its JSON names a record, else unparsable."""
        try:
            read = json.loads(line)
            event = read.get("event", read)
            index = int(event["event_id"][24:], 16)
            sent = json.loads(self._corpus.value(index))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            self._unparsable += 1
            return
        if not 0 <= index < self._corpus.records or event["event_id"] != sent["event_id"]:
            self._unparsable += 1
            return
        self._changed += 1
        self._count_index(index, indexes)


def _decompressed(key: str, body: IO[bytes]) -> Iterator[bytes]:
    if key.endswith((".zst", ".zstd")):
        return _from_zstd(_chunks(body))
    if key.endswith((".gz", ".gzip")):
        return _chunks(cast("IO[bytes]", gzip.GzipFile(fileobj=body)))
    return _chunks(body)


def _chunks(body: IO[bytes]) -> Iterator[bytes]:
    while chunk := body.read(CHUNK_BYTES):
        yield chunk


def _from_zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress frame after frame; the library's own stream reader ends at a truncated frame without an error."""
    frame = None
    for chunk in chunks:
        rest = chunk
        while rest:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(rest)
            rest = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame:
        raise EOFError


def _blocks(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Split into lines, one list for each chunk; the bytes after the last line end are a line, too."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield lines
    if rest:
        yield [rest]
