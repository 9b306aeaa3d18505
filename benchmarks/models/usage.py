"""Usage over many events: built by the shipped models, and compared with a ledger that no SQL has counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from benchmarks.models.conservation import create_sources
from benchmarks.models.warehouse import Warehouse
from flink_jobs.contracts.layout import Hour

START = datetime(2025, 8, 1, tzinfo=UTC)
HOURS, ORGANIZATIONS, REPEATED_EVERY = 48, 23, 50
_TYPES = ("RUN_START", "STEP_START", "STEP_SUCCESS", "ASSET_MATERIALIZATION", "RUN_FAILURE", "STEP_FAILURE")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "events": _TYPES,
    "runs_started": ("RUN_START",),
    "steps_started": ("STEP_START",),
    "materializations": ("ASSET_MATERIALIZATION",),
    "failures": ("RUN_FAILURE", "STEP_FAILURE"),
}
Row = tuple[int, ...]
"""Counts in the order of `_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a number; the statement of `land` computes the same.

    Args:
        hour: index of its hour.
        second: within the hour.
        offset: the number itself.
        organization: index of the customer.
        event_type: what happened.
    """

    hour: int
    second: int
    offset: int
    organization: int
    event_type: str

    @classmethod
    def of(cls, number: int) -> Record:
        """Return the record of a number."""
        kind = _TYPES[number // 7 % len(_TYPES)]
        return cls(number % HOURS, number % 3600, number, number % ORGANIZATIONS, kind)

    @property
    def order(self) -> tuple[int, int, int]:
        """What decides which record of an event is the first one."""
        return self.hour, self.second, self.offset


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Args:
        events: records that were landed.
        seconds: of the build and of both queries.
        different: rows of hours and of days that are not those of the ledger.
    """

    events: int
    seconds: float
    different: int


def kept_records(count: int) -> Iterator[Record]:
    """Yield the first record of each event; each 50th record repeats the event of 23 numbers before it."""
    for number in range(count):
        record = Record.of(number)
        if number >= ORGANIZATIONS and number % REPEATED_EVERY == 0:
            continue  # yielded with the event that it repeats
        repeat = number + ORGANIZATIONS
        if repeat % REPEATED_EVERY == 0 and repeat < count:
            record = min(record, Record.of(repeat), key=lambda one: one.order)
        yield record


def ledger(count: int) -> tuple[dict[tuple[str, str], Row], dict[tuple[str, str], Row]]:
    """Return the counts of each organization and hour, and of each organization and day."""
    hours: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    days: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in kept_records(count):
        moment, organization = START + timedelta(hours=record.hour), f"org-{record.organization}"
        hours[organization, f"{moment:%Y-%m-%dT%H}"][record.event_type] += 1
        days[organization, f"{moment:%Y-%m-%d}"][record.event_type] += 1
    return _rows(hours), _rows(days)


def _rows(counts: Mapping[tuple[str, str], Counter[str]]) -> dict[tuple[str, str], Row]:
    return {key: tuple(sum(its[kind] for kind in kinds) for kinds in _COLUMNS.values()) for key, its in counts.items()}


def measure(its: Warehouse, count: int) -> Measured:
    """Land the records, build the models of usage, and compare them with the ledger."""
    create_sources(its)
    its.rows(_landing(count))
    its.publish("platform_events", {Hour.containing(START).plus(hour): 1 for hour in range(HOURS)})
    begin = perf_counter()
    its.dbt("run", "--select", "stg_platform_events", "usage_by_organization_hour", "usage_by_organization_day")
    by_hour = _read(its, "usage_by_organization_hour", "hour", "%Y-%m-%dT%H")
    by_day = _read(its, "usage_by_organization_day", "day", "%Y-%m-%d")
    seconds = perf_counter() - begin
    hours, days = ledger(count)
    return Measured(count, seconds, _different(hours, by_hour) + _different(days, by_day))


def _different(left: Mapping[tuple[str, str], Row], right: Mapping[tuple[str, str], Row]) -> int:
    return sum(left.get(key) != right.get(key) for key in left.keys() | right.keys())


def _read(its: Warehouse, model: str, column: str, form: str) -> dict[tuple[str, str], Row]:
    rows = its.rows(f"SELECT * FROM AWS.DEV.{model}")  # noqa: S608 (names of ours)
    return {
        (row["ORGANIZATION"], f"{row[column.upper()]:{form}}"): tuple(int(row[name.upper()]) for name in _COLUMNS)
        for row in rows
    }


def _landing(count: int) -> str:
    kinds = " ".join(f"WHEN {number} THEN '{kind}'" for number, kind in enumerate(_TYPES))
    hour = f"DATEADD(hour, MOD(n, {HOURS}), '{START:%Y-%m-%d}'::timestamp_ntz)"
    moment = f"DATEADD(second, MOD(n, 3600), {hour})"
    event = f"IFF(n >= {ORGANIZATIONS} AND MOD(n, {REPEATED_EVERY}) = 0, n - {ORGANIZATIONS}, n)"
    return f"""
        INSERT INTO AWS.DEV.EXT_FLINK_EVENT_LOG
        SELECT 'f', {hour}, 'platform-events', 0, n, {moment}, 'e-' || ({event})::varchar,
            CASE MOD(FLOOR(n / 7), {len(_TYPES)}) {kinds} END, 1, {moment}::timestamp_tz,
            'org-' || MOD(n, {ORGANIZATIONS})::varchar, 'prod', NULL, 'run-1', NULL, NULL, 'step-1', NULL
        FROM (SELECT ROW_NUMBER() OVER (ORDER BY SEQ4()) - 1 AS n FROM TABLE(GENERATOR(ROWCOUNT => {count})))
    """  # noqa: S608 (numbers and names of ours)
