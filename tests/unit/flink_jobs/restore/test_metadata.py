from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flink_jobs.restore.metadata import checkpoint_id, damage, positions, s3_url
from tests.fakes.flink import metadata

TOPICS = st.text("abcXYZ019._-", min_size=1, max_size=249)


@example("a" * 48, {0: 5}, b"")  # its length is the character 0
@given(TOPICS, st.dictionaries(st.integers(0, 10_000), st.integers(-3, 2**62)), st.binary(max_size=60))
def test_positions_are_read_whatever_lies_around_them(topic: str, offsets: dict[int, int], noise: bytes) -> None:
    """The byte of a name's length may look like a character of the name, so every byte is tried."""
    state = noise + metadata(7, offsets, topic) + noise
    assert {(topic, partition): offset for partition, offset in offsets.items()} == {
        at: offset for at, offset in positions(state).items() if at[0] == topic
    }


def test_of_two_states_of_one_partition_the_higher_offset_counts() -> None:
    """The enumerator keeps an unread partition with a negative offset, while the reader has a real one."""
    assert {("t", 0): 5} == positions(metadata(1, {0: -2}, "t") + metadata(1, {0: 5}, "t") + metadata(1, {0: -2}, "t"))


def test_a_topic_in_a_path_is_no_position() -> None:
    path = b"hourglass-state://bucket/flink/platform-events/checkpoints/x"
    assert {} == positions(struct.pack(">H", len(path)) + path + struct.pack(">q", -(1 << 63)))


def test_the_number_is_in_the_header() -> None:
    assert 41 == checkpoint_id(metadata(41))
    assert -1 == checkpoint_id(metadata(41)[:15])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "its _metadata is gone"),
        (b"", "its _metadata has 0 bytes"),
        (metadata()[:15], "its _metadata has 15 bytes"),
        (b"\x00" * 6000, "its _metadata does not begin like one of Flink"),
        (metadata(), None),
    ],
)
def test_damage_is_named(content: bytes | None, problem: str | None) -> None:
    assert problem == damage("s3://b/chk-1", content, {})


def test_a_restore_point_is_named_by_one_scheme() -> None:
    for scheme in ("s3", "s3a", "s3n", "hourglass-state"):
        assert "s3://b/chk-1" == s3_url(f"{scheme}://b/chk-1")
