"""The simulator's ledger: each sent record with its position and its outcome.

One JSON line per record, appended when its outcome is known:

    {"event_id": "…" or null, "organization": "acme", "event_type": "RUN_START", "hour": "2025-08-01T03",
     "well_formed": true, "topic": "platform-events", "partition": 3, "offset": 1234, "outcome": "acked"}

`hour` is that of the record time. Events of a dbt step add `dbt_model`, malformed records add `malformation`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from pydantic_core import to_json

from producers.sending.delivery import Delivery, Outcome
from producers.simulation.plan import label_of
from producers.simulation.traffic import SimulatedRecord


class SentLedgerError(ValueError):
    """The file is not a ledger of this module; the message names file and line."""


class Position(NamedTuple):
    """The position of a record in Kafka."""

    topic: str
    partition: int
    offset: int


class SentLedger:
    """Appends the outcome of each record; the line is in the file when `record` returns.

    Opening a ledger drops a last line that a crash has cut. Only one process may write at a time.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab+", buffering=0)
        self._drop_cut_line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def record(self, sent: SimulatedRecord, delivery: Delivery) -> None:
        """Write the line of one record."""
        line: dict[str, Any] = {
            "event_id": sent.event_id,
            "organization": sent.organization,
            "event_type": sent.event_type,
            "hour": label_of(sent.record_time),
            "well_formed": sent.well_formed,
            "topic": delivery.topic,
            "partition": delivery.partition,
            "offset": delivery.offset,
            "outcome": delivery.outcome,
        }
        if sent.dbt_model is not None:
            line["dbt_model"] = sent.dbt_model
        if sent.malformation is not None:
            line["malformation"] = sent.malformation
        self._file.write(to_json(line) + b"\n")

    def _drop_cut_line(self) -> None:
        size = self._file.seek(0, 2)
        tail_start = max(0, size - 65_536)
        self._file.seek(tail_start)
        tail = self._file.read()
        if tail and not tail.endswith(b"\n"):
            self._file.truncate(tail_start + tail.rfind(b"\n") + 1)


@dataclass(slots=True)
class SentHour:
    """The records of one hour of record time. Positions and ids are those of acked records."""

    accepted: set[Position] = field(default_factory=set)
    rejected: set[Position] = field(default_factory=set)
    event_ids: set[str] = field(default_factory=set)
    failed: int = 0
    unknown: int = 0

    @property
    def produced(self) -> int:
        """Number of records that are in the topic."""
        return len(self.accepted) + len(self.rejected)


@dataclass(slots=True)
class Sent:
    """Totals of a ledger. Everything but `failed` and `unknown` counts acked records only.

    Args:
        hours: by label, ascending; well-formed records must be accepted, malformed ones rejected.
        usage: well-formed events by (hour label, organization), each event id once.
        types: well-formed events by type.
        models_by_day: distinct dbt models with a started or ended step, by day `2025-08-01`.
    """

    hours: dict[str, SentHour] = field(default_factory=dict)
    usage: Counter[tuple[str, str]] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    models_by_day: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def positions(self) -> set[Position]:
        """Positions of all acked records."""
        return {position for hour in self.hours.values() for position in hour.accepted | hour.rejected}

    @property
    def event_ids(self) -> set[str]:
        """The ids of all acked well-formed events."""
        return {event_id for hour in self.hours.values() for event_id in hour.event_ids}


def read_sent(path: Path) -> Sent:
    """Add up a ledger. A missing file is an empty ledger; a last line that was cut is ignored.

    Raises:
        SentLedgerError: a line is not one of `SentLedger`.
    """
    sent = Sent()
    for line in _lines_of(path):
        _add(sent, line)
    sent.hours = dict(sorted(sent.hours.items()))
    return sent


def sent_hours(path: Path) -> frozenset[str]:
    """Return the labels of the hours in a ledger, as `plan_hours` takes them in `already`."""
    return frozenset(line["hour"] for line in _lines_of(path))


def _lines_of(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                read = json.loads(line)
                read["hour"], read["outcome"], read["well_formed"]
            except (ValueError, TypeError, KeyError) as exc:
                raise SentLedgerError(
                    f"{path}:{number}: not a line of the simulator's ledger ({exc}): move the file away"
                ) from exc
            yield read


def _add(sent: Sent, line: dict[str, Any]) -> None:
    hour = sent.hours.setdefault(line["hour"], SentHour())
    if line["outcome"] == Outcome.FAILED:
        hour.failed += 1
    elif line["outcome"] == Outcome.UNKNOWN:
        hour.unknown += 1
    elif not line["well_formed"]:
        hour.rejected.add(_position_of(line))
    else:
        hour.accepted.add(_position_of(line))
        _add_event(sent, hour, line)


def _add_event(sent: Sent, hour: SentHour, line: dict[str, Any]) -> None:
    if line["event_id"] in hour.event_ids:
        return
    hour.event_ids.add(line["event_id"])
    sent.usage[line["hour"], line["organization"]] += 1
    sent.types[line["event_type"]] += 1
    if "dbt_model" in line:
        sent.models_by_day[line["hour"][:10]].add(line["dbt_model"])


def _position_of(line: dict[str, Any]) -> Position:
    return Position(line["topic"], line["partition"], line["offset"])
