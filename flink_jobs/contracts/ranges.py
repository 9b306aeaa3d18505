"""Sets of whole numbers that are mostly consecutive: offsets of a partition, sequence numbers of epochs."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Annotated, Any, Self

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

_TEXT = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


@dataclass(frozen=True, slots=True)
class Ranges:
    """Whole numbers as sorted, disjoint, non-adjacent ranges, both ends included.

    Its text is `0-1999,2001`: readable in a cursor, and short however many numbers there are.
    """

    spans: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.spans)

    def __contains__(self, number: int) -> bool:
        return self.overlap(number, number) is not None

    def __iter__(self) -> Iterator[int]:
        for first, last in self.spans:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form; `ValueError` when it is something else."""
        if text and not _TEXT.fullmatch(text):
            raise ValueError(f"not ranges of the form 0-9,12: {text!r}")
        ranges = cls()
        for part in text.split(",") if text else ():
            first, _, last = part.partition("-")
            if int(last or first) < int(first):
                raise ValueError(f"a range that ends before it begins: {part!r}")
            ranges = ranges.add(int(first), int(last or first))
        return ranges

    def add(self, first: int, last: int) -> Self:
        """Add `first` to `last`, both included; numbers that are already there change nothing."""
        left = self._index_ending_at_or_after(first - 1)
        right = left
        while right < len(self.spans) and self.spans[right][0] <= last + 1:
            first, last = min(first, self.spans[right][0]), max(last, self.spans[right][1])
            right += 1
        return type(self)((*self.spans[:left], (first, last), *self.spans[right:]))

    def overlap(self, first: int, last: int) -> tuple[int, int] | None:
        """Find the first span of `first` to `last` that is already there."""
        index = self._index_ending_at_or_after(first)
        if index == len(self.spans) or self.spans[index][0] > last:
            return None
        return max(first, self.spans[index][0]), min(last, self.spans[index][1])

    def within(self, first: int, last: int) -> Self:
        """Return the numbers that lie in `first` to `last`."""
        spans = self.spans[self._index_ending_at_or_after(first) :]
        kept = takewhile(lambda span: span[0] <= last, spans)
        return type(self)(tuple((max(first, begin), min(last, end)) for begin, end in kept))

    def missing(self, first: int, last: int) -> tuple[int, int] | None:
        """Find the first span of `first` to `last` that is not there; an empty request misses nothing."""
        if first > last:
            return None
        index = self._index_ending_at_or_after(first)
        if index < len(self.spans) and self.spans[index][0] <= first:
            first = self.spans[index][1] + 1
            index += 1
        if first > last:
            return None
        following = self.spans[index][0] - 1 if index < len(self.spans) else last
        return first, min(last, following)

    def gaps(self) -> list[tuple[int, int]]:
        """List the spans between the first and the last number that are not there."""
        return [(before[1] + 1, after[0] - 1) for before, after in pairwise(self.spans)]

    @property
    def last(self) -> int | None:
        """The greatest number, or None when there is none."""
        return self.spans[-1][1] if self.spans else None

    def _index_ending_at_or_after(self, number: int) -> int:
        return bisect_left(self.spans, number, key=lambda span: span[1])


def _read(value: Any) -> Ranges:
    return value if isinstance(value, Ranges) else Ranges.parse(value)


RangesText = Annotated[
    Ranges,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )
    ),
]
"""Ranges as a field of a model: their text in JSON."""
