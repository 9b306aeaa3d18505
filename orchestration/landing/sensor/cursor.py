"""The sensor's cursor: readable, versioned JSON that holds everything a tick remembers.

`last` shows the newest requested hour in the form of the keys, `2025/08/01/03`. Consecutive offsets and epochs are one
range each, and hours leave when nothing was emitted for them within the look-back, so its size is bounded by the
look-back and not by the traffic. A lost cursor reads the whole ledger again; run keys absorb what was asked before.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.layout import Hour
from orchestration.landing.errors import CursorTooNewError, CursorUnreadableError
from orchestration.landing.ledger.epochs import HourLabel, HourPath
from orchestration.landing.ledger.reading import Reading
from orchestration.landing.ledger.totals import LedgerBook
from orchestration.landing.partitions import FIRST_HOUR
from orchestration.landing.proof.evidence import EndSeen

VERSION: Final = 1
LOOKBACK = timedelta(hours=72)
_REPAIR = "delete it in Dagster's UI (sensor landed_hours, cursor): the whole ledger is then read again, no run repeats"


class Asked(BaseModel):
    """A run that was asked for: the objects' fingerprint, and the records that the ledger held of the hour."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    records: int


class Cursor(BaseModel):
    """What one tick hands to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = VERSION
    last: HourPath | None = None
    book: LedgerBook
    asked: dict[HourLabel, Asked] = {}
    reading: Reading = Reading()
    watched: dict[int, EndSeen] = {}

    def is_settled(self, hour: Hour) -> bool:
        """Tell whether a run was asked for everything that the ledger holds of an hour."""
        asked, book = self.asked.get(hour), self.book.hours.get(hour)
        return asked is not None and book is not None and asked.records == book.accepted + book.rejected

    def open_hours(self) -> list[Hour]:
        """List the hours that no run was asked for, or for less than the ledger holds; oldest first."""
        return sorted(hour for hour in self.book.hours if not self.is_settled(hour))

    def forget(self, now: datetime, lookback: timedelta = LOOKBACK) -> Cursor:
        """Drop the settled hours, and those without a partition, for which the ledger brought nothing recently.

        Recently is within the look-back. An hour stays by the time of its newest entry, not by its own time: late
        records of old hours are remembered like any others.
        """
        oldest = Hour.containing(now - lookback)
        gone = {
            hour
            for hour, book in self.book.hours.items()
            if book.until < oldest and (self.is_settled(hour) or hour.start < FIRST_HOUR)
        }
        asked = {hour: asked for hour, asked in self.asked.items() if hour not in gone}
        return self.model_copy(update={"book": self.book.without_hours(gone), "asked": asked})

    def to_text(self) -> str:
        """Write the cursor as JSON."""
        return self.model_dump_json()


def read_cursor(text: str | None, topic: str) -> Cursor:
    """Read a cursor; none at all is the beginning of the ledger.

    Raises:
        CursorTooNewError: a newer release wrote it.
        CursorUnreadableError: it is no cursor of this sensor, or of another topic. Neither ever means "start from now".
    """
    if not text:
        return Cursor(book=LedgerBook(topic=topic))
    _require_version(text)
    try:
        cursor = Cursor.model_validate_json(text)
    except (ValidationError, ValueError) as exc:
        raise CursorUnreadableError(f"the cursor is damaged: {_first_line(exc)}; {_REPAIR}") from exc
    if cursor.book.topic != topic:
        raise CursorUnreadableError(
            f"the cursor is of topic {cursor.book.topic}, the sensor reads {topic} (HOURGLASS_TOPIC); {_REPAIR}"
        )
    return cursor


def _require_version(text: str) -> None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise CursorUnreadableError(f"the cursor is no JSON: {text[:40]!r}; {_REPAIR}") from exc
    version = found.get("version") if isinstance(found, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise CursorUnreadableError(f"the cursor has no version: {text[:40]!r}; {_REPAIR}")
    if version > VERSION:
        raise CursorTooNewError(
            f"the cursor has version {version}, this release reads up to {VERSION}: install the newer release again, "
            f"or {_REPAIR}"
        )


def _first_line(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        error = exc.errors()[0]
        return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
    return str(exc).splitlines()[0]
