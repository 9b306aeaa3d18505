"""Read the event log of a Dagster instance from a position, for every storage.

Postgres, MySQL and consolidated SQLite number all entries together. The default SQLite storage has one database per
run with its own numbers, and an index of only some entries; a position there is a number per run. This is the only
module that uses private parts of Dagster's storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from dagster import DagsterError, DagsterInstance, EventLogEntry, RunsFilter
from dagster._core.errors import DagsterEventLogInvalidForRun
from dagster._core.event_api import EventLogCursor
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from sqlalchemy.exc import SQLAlchemyError

_PAGE_ENTRIES = 1_000
_EVERY_RUN = "*"
_RUNLESS = ""
_GAP_FILLS_WITHIN = timedelta(seconds=10)
_RUN_SETTLES_WITHIN = timedelta(hours=1)

Clock = Callable[[], datetime]


class DagsterLogError(Exception):
    """The instance cannot be read now; a retry can help."""


class NoDagsterInstanceError(DagsterLogError):
    """There is no Dagster instance in the folder, or its configuration does not load."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One entry, None if it is unreadable. `shard` is the run that numbers `storage_id`."""

    shard: str
    storage_id: int
    entry: EventLogEntry | None


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A position in a log.

    Args:
        ids: shard -> number of the last entry that was read.
        settled_until: runs with no later update are read to their end.
    """

    ids: Mapping[str, int] = field(default_factory=dict)
    settled_until: datetime | None = None

    def after(self, records: Iterable[LogRecord]) -> LogPosition:
        """Return the position after these records, which ascend in each shard."""
        return replace(self, ids={**self.ids, **{record.shard: record.storage_id for record in records}})


class EventLog(Protocol):
    """A log that is read in passes, each from a position to the present end."""

    def records(self, position: LogPosition) -> Iterator[LogRecord]:
        """Read from a position; entries of one run come in their order."""

    def settle(self, position: LogPosition, started: datetime) -> LogPosition:
        """Drop what no later pass needs, after a complete pass that began at `started`."""

    @property
    def at_end(self) -> bool:
        """Whether the last pass read every entry that existed when it began."""


def open_instance(home: Path) -> DagsterInstance:
    """Open the instance of a folder; a folder without one is an error, not a new instance.

    Raises:
        NoDagsterInstanceError: see above.
    """
    if not any((home / name).exists() for name in ("dagster.yaml", "history", "storage")):
        raise NoDagsterInstanceError(f"no Dagster instance in {home}: set DAGSTER_HOME or --dagster-home")
    try:
        return DagsterInstance.from_config(str(home.resolve()))
    except (DagsterError, SQLAlchemyError, OSError) as exc:
        raise NoDagsterInstanceError(f"the Dagster instance in {home} does not open: {exc}") from exc


def instance_id(instance: DagsterInstance) -> str:
    """Read the UUID of the instance's storage."""
    with _translated():
        return str(instance.run_storage.get_run_storage_id())  # type: ignore[attr-defined]  # every SQL storage has it


def event_log(instance: DagsterInstance, clock: Clock) -> EventLog:
    """Return the reader for the storage of an instance."""
    return RunShardedLog(instance) if instance.event_log_storage.is_run_sharded else WholeLog(instance, clock)


class WholeLog:
    """A log with one sequence of numbers.

    A database assigns a number before its entry is visible, so a gap may still be filled: reading stops before a gap
    until it is filled or 10 s old.
    """

    def __init__(self, instance: DagsterInstance, clock: Clock) -> None:
        self._storage = instance.event_log_storage
        self._clock = clock
        self.at_end = False

    def records(self, position: LogPosition) -> Iterator[LogRecord]:
        """See `EventLog`."""
        self.at_end = False
        last = position.ids.get(_EVERY_RUN, 0)
        while page := self._page(last):
            for storage_id, entry in page.items():
                if storage_id > last + 1 and self._may_fill(entry):
                    return
                yield LogRecord(_EVERY_RUN, storage_id, entry)
                last = storage_id
        self.at_end = True

    def settle(self, position: LogPosition, started: datetime) -> LogPosition:
        """See `EventLog`."""
        del started
        return position

    def _page(self, last: int) -> Mapping[int, EventLogEntry]:
        with _translated():
            return self._storage.get_logs_for_all_runs_by_log_id(last, limit=_PAGE_ENTRIES)

    def _may_fill(self, entry: EventLogEntry) -> bool:
        return self._clock() - datetime.fromtimestamp(entry.timestamp, UTC) < _GAP_FILLS_WITHIN


class RunShardedLog:
    """A log with a database per run, and one for entries without a run.

    A pass reads the unfinished runs and those updated since `settled_until`. An entry that is written more than an
    hour after the last change of its run's status is not read.
    """

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._read: list[str] = []
        self.at_end = False

    def records(self, position: LogPosition) -> Iterator[LogRecord]:
        """See `EventLog`."""
        self.at_end = False
        self._read = self._runs(position)
        for run_id in self._read:
            yield from self._records_of(run_id, position.ids.get(run_id, 0))
        self.at_end = True

    def settle(self, position: LogPosition, started: datetime) -> LogPosition:
        """See `EventLog`."""
        ids = {run_id: position.ids[run_id] for run_id in self._read if run_id in position.ids}
        return LogPosition(ids, started - _RUN_SETTLES_WITHIN)

    def _runs(self, position: LogPosition) -> list[str]:
        updated = RunsFilter(updated_after=position.settled_until)
        unfinished = RunsFilter(statuses=NOT_FINISHED_STATUSES)
        with _translated():
            # unfinished runs first: a run that ends between the two queries is found by its update
            newest_first = [run_id for runs in (unfinished, updated) for run_id in self._instance.get_run_ids(runs)]
        return [_RUNLESS, *reversed(dict.fromkeys(newest_first))]

    def _records_of(self, run_id: str, last: int) -> Iterator[LogRecord]:
        while page := self._page(run_id, last):
            yield from page
            last = page[-1].storage_id

    def _page(self, run_id: str, last: int) -> list[LogRecord]:
        try:
            return self._read_page(run_id, last, _PAGE_ENTRIES)
        except DagsterEventLogInvalidForRun:
            return self._read_one(run_id, last)

    def _read_one(self, run_id: str, last: int) -> list[LogRecord]:
        # a page with an unreadable entry is read entry by entry
        try:
            return self._read_page(run_id, last, 1)
        except DagsterEventLogInvalidForRun:
            return [LogRecord(run_id, last + 1, None)]

    def _read_page(self, run_id: str, last: int, entries_max: int) -> list[LogRecord]:
        cursor = EventLogCursor.from_storage_id(last).to_string()
        with _translated():
            page = self._instance.event_log_storage.get_records_for_run(run_id, cursor, limit=entries_max)
        return [LogRecord(run_id, record.storage_id, record.event_log_entry) for record in page.records]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as exc:
        raise DagsterLogError(f"the event log of the Dagster instance cannot be read: {exc}") from exc
