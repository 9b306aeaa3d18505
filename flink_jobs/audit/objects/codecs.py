"""Decompress an object piece by piece; it is never in memory as a whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import zstandard

PIECE_BYTES = 1 << 16
"""Compressed bytes per call: they can grow twentyfold, and several objects are read at once."""
_GZIP = zlib.MAX_WBITS | 16


class DamagedObjectError(Exception):
    """The bytes of an object cannot be decompressed; the message gives the cause."""


def plain(codec: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress the pieces of an object.

    Args:
        codec: end of the object's name: empty, `gz` or `zst`.
        chunks: the stored bytes, in any pieces.

    Raises:
        DamagedObjectError: the stream is broken or cut, or its checksum differs.
    """
    if not codec:
        yield from chunks
        return
    try:
        yield from _frames(codec, chunks)
    except (zlib.error, zstandard.ZstdError) as exc:
        raise DamagedObjectError(f"its {codec} stream is damaged: {exc}") from exc


def _frames(codec: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress frame after frame: both formats allow several in one object."""
    decompressor = _begin(codec)
    fed = False
    for piece in _pieces(chunks):
        rest = piece
        while rest:
            if decompressor.eof:
                decompressor, fed = _begin(codec), False
            fed = True
            if found := decompressor.decompress(rest):
                yield found
            rest = decompressor.unused_data
    if fed and not decompressor.eof:
        raise DamagedObjectError(f"its {codec} stream ends in the middle of a frame: the object was cut")


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), PIECE_BYTES):
            yield chunk[at : at + PIECE_BYTES]


def _begin(codec: str) -> zlib._Decompress | zstandard.ZstdDecompressionObj:
    return zlib.decompressobj(_GZIP) if codec == "gz" else zstandard.ZstdDecompressor().decompressobj()
