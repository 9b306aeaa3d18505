"""What is remembered of texts: the latest short ones, and no error."""

from __future__ import annotations

import pytest

from infra.local_snowflake.language.caching import CHARACTERS_MAX, TEXTS_MAX, cached_by_text


class Reading:
    """Counts the texts that are read."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.of = cached_by_text(self._of)

    def _of(self, text: str) -> int:
        self.read.append(text)
        return int(text)


def test_a_short_text_is_read_once() -> None:
    """The same text has the same result without being read again."""
    reading = Reading()
    assert [7, 7, 8] == [reading.of("7"), reading.of("7"), reading.of("8")]
    assert ["7", "8"] == reading.read


def test_the_memory_is_bounded() -> None:
    """A long text is not remembered, and the oldest of many is forgotten."""
    reading = Reading()
    long = "1".rjust(CHARACTERS_MAX + 1)
    assert [1, 1] == [reading.of(long), reading.of(long)]
    assert [long, long] == reading.read
    for number in range(TEXTS_MAX + 1):
        reading.of(str(number))
    reading.of("0")
    assert "0" == reading.read[-1]


def test_an_error_is_raised_again() -> None:
    """A text that is refused is refused each time."""
    reading = Reading()
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            reading.of("x")
