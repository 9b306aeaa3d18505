"""One row per hour: what landed, is sealed, registered and queryable, and whether the numbers agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey
from orchestration.landing.clients.snowflake import ExternalTable, of_hour
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError
from orchestration.landing.ledger.reading import read_whole_ledger
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.partitions import PUBLISHED_HOUR
from orchestration.landing.proof.completeness import Complete
from orchestration.landing.proof.evidence import EndOffsets, Stream, compare_with_ledger, judge, read_end_offsets
from orchestration.landing.proof.seal import Seal, latest_seals
from orchestration.landing.proof.state import HourState
from snowflake_components.errors import ObjectMissingError, SnowflakeError


@dataclass(frozen=True, slots=True)
class HourRow:
    """The numbers of one hour.

    `objects` counts the listed objects with accepted lines. `registered` and `queryable` are None while Snowflake
    is away. `agree` is None when nothing can be compared: the hour is open, or Snowflake is away.
    """

    hour: str
    state: HourState
    accepted: int
    rejected: int
    objects: int
    registered: int | None
    queryable: int | None
    revision: int | None
    agree: bool | None


@dataclass(frozen=True, slots=True)
class _Counts:
    registered: Mapping[str, int]
    queryable: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Sources:
    """What was read about all hours. `ends` and `counts` are None while the broker or Snowflake is away."""

    stream: Stream
    ends: EndOffsets | None
    totals: LedgerTotals
    seals: Mapping[Hour, Seal]
    listed: Mapping[Hour, set[str]]
    counts: _Counts | None
    published: Collection[Hour]


def hour_rows(stream: Stream, table: ExternalTable, published: Collection[Hour]) -> list[HourRow]:
    """Compare all hours that are in the ledger or have a seal, oldest first.

    Snowflake gets two queries for all hours together. While the broker is away, unsealed hours are open.

    Args:
        stream: the stream.
        table: its external table.
        published: hours that passed their blocking checks, see `published_hours`.

    Raises:
        LandingError: the bucket is away or refuses.
    """
    ends = _ends(stream)
    totals, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topics)
    ends = _compared(stream, totals, ends)
    seals = latest_seals(stream.bucket, stream.layout)
    counts = _counts(table)
    sources = _Sources(stream, ends, totals, seals, _list_landing(stream), counts, published)
    return [_row(sources, hour) for hour in sorted(totals.hours.keys() | seals.keys())]


def published_hours(instance: dg.DagsterInstance) -> set[Hour]:
    """Return the hours for which `published_hour` was materialised."""
    return {Hour.from_partition_key(key) for key in instance.get_materialized_partitions(PUBLISHED_HOUR)}


def _row(sources: _Sources, hour: Hour) -> HourRow:
    seal, counts = sources.seals.get(hour), sources.counts
    accepted, rejected = _landed(sources, hour)
    listed = sources.listed.get(hour, set())
    registered = set(of_hour(counts.registered, sources.stream.layout, hour)) if counts else None
    queryable = sum(of_hour(counts.queryable, sources.stream.layout, hour).values()) if counts else None
    state = _state(sources, hour, registered)
    agree = None
    if state is not HourState.OPEN and counts is not None:
        agree = state is HourState.PUBLISHED and accepted == queryable and listed == registered
    return HourRow(
        hour=hour.label,
        state=state,
        accepted=accepted,
        rejected=rejected,
        objects=len(listed),
        registered=None if registered is None else len(registered),
        queryable=queryable,
        revision=seal.revision if seal else None,
        agree=agree,
    )


def _landed(sources: _Sources, hour: Hour) -> tuple[int, int]:
    """Return accepted and rejected records, from the seal when the ledger no longer has the hour."""
    known = sources.totals.hours.get(hour) or sources.seals[hour]
    return known.accepted, known.rejected


def _state(sources: _Sources, hour: Hour, registered: set[str] | None) -> HourState:
    seal = sources.seals.get(hour)
    if seal is None:
        return _unsealed_state(sources, hour)
    if _landed(sources, hour) != (seal.accepted, seal.rejected):
        return HourState.AMENDED
    is_published = hour in sources.published
    # While Snowflake is away, a published hour counts as registered: its checks had compared both.
    is_registered = registered == set(seal.landing()) or (registered is None and is_published)
    if not is_registered:
        return HourState.SEALED
    return HourState.PUBLISHED if is_published else HourState.REGISTERED


def _unsealed_state(sources: _Sources, hour: Hour) -> HourState:
    if sources.ends is None:
        return HourState.OPEN
    try:
        verdict = judge(sources.stream, hour, sources.totals, sources.ends).verdict
    except BrokerUnavailableError:
        return HourState.OPEN
    return HourState.COMPLETE if isinstance(verdict, Complete) else HourState.OPEN


def _ends(stream: Stream) -> EndOffsets | None:
    try:
        return read_end_offsets(stream, {})
    except (BrokerUnavailableError, BrokerRefusedError):
        return None


def _compared(stream: Stream, totals: LedgerTotals, ends: EndOffsets | None) -> EndOffsets | None:
    try:
        return compare_with_ledger(stream, totals, ends) if ends else None
    except (BrokerUnavailableError, BrokerRefusedError):
        return None


def _counts(table: ExternalTable) -> _Counts | None:
    try:
        return _Counts(table.registered(), table.queryable())
    except ObjectMissingError:
        return _Counts({}, {})  # the first run of an hour creates the table
    except SnowflakeError:
        return None


def _list_landing(stream: Stream) -> dict[Hour, set[str]]:
    listed: dict[Hour, set[str]] = {}
    for found in stream.bucket.list(stream.layout.prefix(Kind.LANDING)):
        key = ObjectKey.try_parse(found.key)
        if key is not None:
            listed.setdefault(key.hour, set()).add(found.key)
    return listed
