"""The sensor's cursor: readable, versioned JSON with everything that a tick passes to the next one.

`last` is the newest requested hour in the form of the keys, `2025/08/01/03`. Consecutive offsets and epochs are one
range each, and an hour is dropped when nothing was emitted for it within the look-back: the size is bounded by the
look-back and not by the traffic. `begun` is the first hour of the stream, `walked` the next hour of the walk over all
hours (`walk`), and `passed` are ranges of open hours behind it.

After a lost cursor the whole ledger is read again, and Dagster skips the run keys that it already knows. A cursor of
version 1, which named partitions by number, is migrated: nothing is read again.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.layout import Hour
from orchestration.landing.errors import CursorTooNewError, CursorUnreadableError
from orchestration.landing.ledger.chains import ChainKey, ChainName
from orchestration.landing.ledger.epochs import HourLabel, HourPath
from orchestration.landing.ledger.reading import Reading
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.proof.evidence import IdleSince

VERSION: Final = 2
_PARTITIONS_BY_NUMBER = 1
LOOKBACK = timedelta(hours=72)
_REPAIR = "delete it in Dagster's UI (sensor landed_hours, cursor): the whole ledger is then read again, no run repeats"


class RequestedRun(BaseModel):
    """A run that was requested: the fingerprint of its objects, and how many records of the hour the ledger had.

    `requested_at` is None after an upgrade and after a lost cursor; `published` is known from the bucket.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    records: int
    requested_at: AwareDatetime | None = None
    published: bool = False


PASSED_MAX = 10
"""Ranges of open hours that the walk leaves behind it."""


class HourRange(BaseModel):
    """Consecutive hours, both ends included."""

    model_config = ConfigDict(frozen=True)

    first: HourPath
    last: HourPath


class Cursor(BaseModel):
    """What one tick passes to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[2] = VERSION
    last: HourPath | None = None
    totals: LedgerTotals
    requested: dict[HourLabel, RequestedRun] = {}
    reading: Reading = Reading()
    idle_ends: dict[ChainName, IdleSince] = {}
    begun: HourPath | None = None
    walked: HourPath | None = None
    passed: tuple[HourRange, ...] = ()

    def is_settled(self, hour: Hour) -> bool:
        """Return whether a run was requested for all records of an hour that the ledger has."""
        run, totals = self.requested.get(hour), self.totals.hours.get(hour)
        return run is not None and run.records == (totals.accepted + totals.rejected if totals else 0)

    def open_hours(self) -> list[Hour]:
        """List the hours with records that are not settled, oldest first."""
        return sorted(hour for hour in self.totals.hours if not self.is_settled(hour))

    def begin(self, hour: Hour | None) -> Cursor:
        """Return the cursor with the first hour of the stream; the walk goes back when an earlier one is found."""
        if hour is None or (self.begun is not None and self.begun <= hour):
            return self
        return self.model_copy(update={"begun": hour, "walked": hour, "passed": ()})

    def left_behind(self, hour: Hour) -> Cursor | None:
        """Return the cursor with the walk gone on past an open hour; None when too many were passed already."""
        ranges = list(self.passed)
        if ranges and ranges[-1].last.plus(1) == hour:
            ranges[-1] = HourRange(first=ranges[-1].first, last=hour)
        elif len(ranges) < PASSED_MAX:
            ranges.append(HourRange(first=hour, last=hour))
        else:
            return None
        return self.model_copy(update={"passed": tuple(ranges), "walked": hour.plus(1)})

    def without_passed(self, hour: Hour) -> Cursor:
        """Return the cursor without an hour that begins a range of passed ones."""
        ranges = []
        for its in self.passed:
            if its.first != hour:
                ranges.append(its)
            elif its.first < its.last:
                ranges.append(HourRange(first=hour.plus(1), last=its.last))
        return self.model_copy(update={"passed": tuple(ranges)})

    def forget(self, now: datetime, first_hour: Hour, lookback: timedelta = LOOKBACK) -> Cursor:
        """Drop the hours whose newest ledger entry is older than the look-back, if they are published.

        Hours before the first one of the stream are dropped as well. The age of the hour itself does not count: late
        records of an old hour keep it in the cursor.
        """
        oldest = Hour.containing(now - lookback)
        gone = {
            hour
            for hour, totals in self.totals.hours.items()
            if totals.until < oldest and (self._is_published(hour) or hour < first_hour)
        }
        empty = [hour for hour in self.requested if hour not in self.totals.hours]
        gone |= {hour for hour in empty if hour < oldest and (self._is_published(hour) or hour < first_hour)}
        requested = {hour: run for hour, run in self.requested.items() if hour not in gone}
        return self.model_copy(update={"totals": self.totals.without_hours(gone), "requested": requested})

    def _is_published(self, hour: Hour) -> bool:
        return self.is_settled(hour) and self.requested[hour].published

    def to_text(self) -> str:
        """Write the cursor as JSON."""
        return self.model_dump_json()


def read_cursor(text: str | None, topics: tuple[str, ...]) -> Cursor:
    """Read a cursor; without text, return the one at the beginning of the ledger.

    Where the stream has got more topics since, that is the beginning, too: their entries may have been read before.

    Raises:
        CursorTooNewError: a newer release wrote it.
        CursorUnreadableError: it is damaged, or belongs to other topics.
    """
    if not text:
        return Cursor(totals=LedgerTotals(topics=topics))
    try:
        cursor = Cursor.model_validate(_migrated(_parsed(text)))
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CursorUnreadableError(f"the cursor is damaged: {_first_line(exc)}; {_REPAIR}") from exc
    left = sorted(set(cursor.totals.topics) - set(topics))
    if left:
        raise CursorUnreadableError(
            f"the cursor is of topic {', '.join(left)}, the sensor reads {', '.join(topics)} (HOURGLASS_TOPIC); "
            f"{_REPAIR}"
        )
    return cursor if set(cursor.totals.topics) == set(topics) else Cursor(totals=LedgerTotals(topics=topics))


def _parsed(text: str) -> dict[str, Any]:
    """Read the JSON of a cursor whose version is known to this release."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise CursorUnreadableError(f"the cursor is not JSON: {text[:40]!r}; {_REPAIR}") from exc
    version = found.get("version") if isinstance(found, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise CursorUnreadableError(f"the cursor has no version: {text[:40]!r}; {_REPAIR}")
    if version > VERSION:
        raise CursorTooNewError(
            f"the cursor has version {version}, this release reads up to {VERSION}: install the newer release again, "
            f"or {_REPAIR}"
        )
    return dict(found)


def _migrated(found: dict[str, Any]) -> dict[str, Any]:
    """Return a cursor of version 1 in the form of this release; its chains are those of entries without topic id."""
    if found["version"] != _PARTITIONS_BY_NUMBER:
        return found
    names = {"book": "totals", "asked": "requested", "watched": "idle_ends"}
    migrated = {names.get(name, name): value for name, value in found.items()} | {"version": VERSION}
    topic, totals = str(found["book"]["topic"]), dict(found["book"])
    del totals["topic"]
    chains = {_chain(topic, n): {**chain, "begun": chain["emitted"]} for n, chain in totals.get("chains", {}).items()}
    migrated["totals"] = {**totals, "topics": [topic], "chains": chains}
    migrated["idle_ends"] = {_chain(topic, n): seen for n, seen in found.get("watched", {}).items()}
    return migrated


def _chain(topic: str, partition: str) -> str:
    return str(ChainKey(topic, "", int(partition)))


def _first_line(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        error = exc.errors()[0]
        return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
    return str(exc).splitlines()[0]
