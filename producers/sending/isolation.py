"""Find the records for which a broker refuses a batch, by sending the batch again in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

Record = TypeVar("Record")


def isolate(refused: list[Record], send: Callable[[list[Record]], list[Record]]) -> Iterator[Record]:
    """Send refused records again in halves, in their order, and yield each one that is refused alone.

    Args:
        refused: records of refused batches, in the order of sending; each is sent again at least once.
        send: sends records, waits for the answer, and returns those that are refused again.
    """
    parts = _halves(refused)
    while parts:
        again = send(parts.pop())
        if len(again) == 1:
            yield again[0]  # its batch held nothing else, or that would be refused, too
        elif again:
            parts += _halves(again)


def _halves(records: list[Record]) -> list[list[Record]]:
    """Return the halves that hold a record, the first one last."""
    middle = (len(records) + 1) // 2
    return [half for half in (records[middle:], records[:middle]) if half]
