from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from flink_jobs.audit.objects.codecs import DamagedObjectError, plain

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50), st.sampled_from(["gz", "zst"]))
def test_several_frames_are_read_however_the_pieces_fall(frames: list[bytes], size: int, codec: str) -> None:
    """Both formats allow several frames one after the other."""
    stored = b"".join(COMPRESS[codec](frame) for frame in frames)
    assert b"".join(frames) == b"".join(plain(codec, pieces(stored, size)))


@pytest.mark.parametrize("codec", ["gz", "zst"])
def test_every_cut_and_every_changed_byte_of_the_content_is_damage(codec: str) -> None:
    """A cut ends in the middle of a frame; a checksum detects every change of the content."""
    body = bytes(range(256)) * 8
    stored = COMPRESS[codec](body)
    for at in range(1, len(stored)):
        with pytest.raises(DamagedObjectError):
            list(plain(codec, [stored[:at]]))
    for at in range(20, len(stored)):
        changed = stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]
        with pytest.raises(DamagedObjectError):
            list(plain(codec, [changed]))


def test_without_a_codec_bytes_are_handed_on() -> None:
    """Pieces are neither read ahead nor joined."""
    assert [b"a", b"", b"b"] == list(plain("", iter([b"a", b"", b"b"])))
