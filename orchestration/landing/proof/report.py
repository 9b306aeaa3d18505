"""One row per hour: what landed, what is sealed, registered and queryable, and whether all of it agrees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from flink_jobs.contracts.layout import Hour, Kind, LayoutError, ObjectKey
from orchestration.landing.clients.snowflake import ExternalTable, of_hour
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError
from orchestration.landing.ledger.reading import read_whole_ledger
from orchestration.landing.ledger.totals import LedgerBook
from orchestration.landing.partitions import PUBLISHED_HOUR
from orchestration.landing.proof.completeness import Complete
from orchestration.landing.proof.evidence import Ends, Stream, judge, look_at_ends
from orchestration.landing.proof.seal import Seal, latest_seals
from orchestration.landing.proof.state import HourState
from snowflake_components.errors import ObjectMissingError, SnowflakeError


@dataclass(frozen=True, slots=True)
class HourRow:
    """What is known of one hour.

    `objects` counts the listed objects with accepted lines. `registered` and `queryable` are None while Snowflake
    is away. `agree` is None where there is nothing to compare: the hour is open, or Snowflake is away.
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
class _Witnesses:
    """Everybody who knows something about the hours."""

    stream: Stream
    ends: Ends | None
    book: LedgerBook
    seals: Mapping[Hour, Seal]
    listed: Mapping[Hour, set[str]]
    counts: _Counts | None
    published: Collection[Hour]


def hour_rows(stream: Stream, table: ExternalTable, published: Collection[Hour]) -> list[HourRow]:
    """Compare all hours that the ledger or a seal knows, oldest first; nothing landed gives no row.

    Snowflake is asked two questions for all hours together. A broker that is away leaves unsealed hours open.

    Args:
        stream: the stream.
        table: its external table.
        published: the hours that passed their blocking checks, see `published_hours`.

    Raises:
        LandingError: the bucket is away or refuses.
    """
    ends = _ends(stream)
    book, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topic)
    seals = latest_seals(stream.bucket, stream.layout)
    counts = _counts(table)
    witnesses = _Witnesses(stream, ends, book, seals, _list_landing(stream), counts, published)
    return [_row(witnesses, hour) for hour in sorted(book.hours.keys() | seals.keys())]


def published_hours(instance: dg.DagsterInstance) -> set[Hour]:
    """Name the hours for which `published_hour` was materialised."""
    return {Hour.from_partition_key(key) for key in instance.get_materialized_partitions(PUBLISHED_HOUR)}


def _row(witnesses: _Witnesses, hour: Hour) -> HourRow:
    seal, counts = witnesses.seals.get(hour), witnesses.counts
    accepted, rejected = _landed(witnesses, hour)
    listed = witnesses.listed.get(hour, set())
    registered = set(of_hour(counts.registered, witnesses.stream.layout, hour)) if counts else None
    queryable = sum(of_hour(counts.queryable, witnesses.stream.layout, hour).values()) if counts else None
    state = _state(witnesses, hour, registered)
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


def _landed(witnesses: _Witnesses, hour: Hour) -> tuple[int, int]:
    """Count accepted and rejected; a ledger that was tidied up is remembered by the seal."""
    known = witnesses.book.hours.get(hour) or witnesses.seals[hour]
    return known.accepted, known.rejected


def _state(witnesses: _Witnesses, hour: Hour, registered: set[str] | None) -> HourState:
    seal = witnesses.seals.get(hour)
    if seal is None:
        return _unsealed_state(witnesses, hour)
    if _landed(witnesses, hour) != (seal.accepted, seal.rejected):
        return HourState.AMENDED
    is_published = hour in witnesses.published
    # While Snowflake is away, a published hour counts as registered: its checks had compared both.
    is_registered = registered == set(seal.landing()) or (registered is None and is_published)
    if not is_registered:
        return HourState.SEALED
    return HourState.PUBLISHED if is_published else HourState.REGISTERED


def _unsealed_state(witnesses: _Witnesses, hour: Hour) -> HourState:
    if witnesses.ends is None:
        return HourState.OPEN
    try:
        verdict = judge(witnesses.stream, hour, witnesses.book, witnesses.ends).verdict
    except BrokerUnavailableError:
        return HourState.OPEN
    return HourState.COMPLETE if isinstance(verdict, Complete) else HourState.OPEN


def _ends(stream: Stream) -> Ends | None:
    try:
        return look_at_ends(stream, {})
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
        hour = _hour(found.key)
        if hour is not None:
            listed.setdefault(hour, set()).add(found.key)
    return listed


def _hour(key: str) -> Hour | None:
    try:
        return ObjectKey.parse(key).hour
    except LayoutError:
        return None
