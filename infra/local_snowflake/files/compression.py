"""Decompress objects by the COMPRESSION of a file format, or by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable
from io import BytesIO

import zstandard

from infra.local_snowflake.files.unreadable import FileUnreadableError

_MAGIC = {b"\x1f\x8b": "GZIP", b"\x28\xb5\x2f\xfd": "ZSTD", b"BZh": "BZ2"}
_DEFLATE_STARTS = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")


def detected(data: bytes) -> str:
    """Return the compression of an object by its first bytes; NONE for plain text."""
    found = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    return found or ("DEFLATE" if data.startswith(_DEFLATE_STARTS) else "NONE")


def decompressed(data: bytes, compression: str) -> bytes:
    """Return the content of an object.

    Raises:
        FileUnreadableError: the bytes are not compressed so, or are cut off.
    """
    kind = detected(data) if compression == "AUTO" else compression
    try:
        return _READERS[kind](data)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as exc:
        raise FileUnreadableError(f"The file is not valid {kind}: {exc}", code=100_065) from exc


def _zstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(BytesIO(data), read_across_frames=True) as reader:
        return reader.read()


def _deflate(data: bytes) -> bytes:
    return zlib.decompress(data)


def _raw_deflate(data: bytes) -> bytes:
    return zlib.decompress(data, -zlib.MAX_WBITS)


_READERS: dict[str, Callable[[bytes], bytes]] = {
    "NONE": bytes,
    "GZIP": gzip.decompress,
    "BZ2": bz2.decompress,
    "ZSTD": _zstd,
    "DEFLATE": _deflate,
    "RAW_DEFLATE": _raw_deflate,
}
