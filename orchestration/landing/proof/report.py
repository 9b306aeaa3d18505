"""One row per hour: what landed, is sealed, registered and queryable, and whether the numbers agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey, PublicationKey, SealKey
from orchestration.landing.clients.snowflake import ExternalTable, of_hour
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError
from orchestration.landing.ledger.reading import read_whole_ledger
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.proof.completeness import Complete
from orchestration.landing.proof.evidence import EndOffsets, Stream, compare_with_ledger, judge, read_end_offsets
from orchestration.landing.proof.seal import Seal, newest_seal_keys, read_seals
from orchestration.landing.proof.state import HourState
from orchestration.landing.publication import published_revisions
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
    """What was read about the hours of the report. `ends` and `counts` are None while broker or Snowflake are away."""

    stream: Stream
    ends: EndOffsets | None
    totals: LedgerTotals
    seals: Mapping[Hour, Seal]
    listed: Mapping[Hour, set[str]]
    counts: _Counts | None
    published: Mapping[Hour, PublicationKey]


def hour_rows(stream: Stream, table: ExternalTable, window_hours: int | None = None) -> list[HourRow]:
    """Compare hours that are in the ledger or have a seal, oldest first.

    Snowflake gets two queries for all hours together, and counts the rows of the reported hours only. While the
    broker is away, unsealed hours are open.

    Args:
        stream: the stream.
        table: its external table.
        window_hours: how many hours to report, back from the newest one that has begun; hours that are not published
            are always reported. None reports every hour.

    Raises:
        LandingError: the bucket is away or refuses.
    """
    ends = _ends(stream)
    totals, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topics)
    ends = _compared(stream, totals, ends)
    sealed = newest_seal_keys(stream.bucket, stream.layout)
    published = published_revisions(stream.bucket, stream.layout)
    known = totals.hours.keys() | sealed.keys()
    unfinished = {hour for hour in known if not _is_finished(hour, totals, sealed, published)}
    hours = known if window_hours is None else unfinished | _window(stream, known, window_hours)
    seals = read_seals(stream.bucket, {hour: key for hour, key in sealed.items() if hour in hours})
    counts = _counts(table, hours)
    sources = _Sources(stream, ends, totals, seals, _list_landing(stream, hours), counts, published)
    return [_row(sources, hour) for hour in sorted(hours)]


def published_hours(stream: Stream) -> set[Hour]:
    """Return the hours whose newest seal is published, from listings alone."""
    published = published_revisions(stream.bucket, stream.layout)
    sealed = newest_seal_keys(stream.bucket, stream.layout)
    return {hour for hour, key in sealed.items() if hour in published and published[hour].revision == key.revision}


def _is_finished(
    hour: Hour, totals: LedgerTotals, sealed: Mapping[Hour, SealKey], published: Mapping[Hour, PublicationKey]
) -> bool:
    """Return whether the newest seal is published and the ledger has no further records, by keys alone."""
    if hour not in sealed or hour not in published or published[hour].revision != sealed[hour].revision:
        return False
    landed = totals.hours.get(hour)
    return landed is None or landed.accepted + landed.rejected == published[hour].records


def _window(stream: Stream, known: Collection[Hour], hours: int) -> set[Hour]:
    """Return the hours of the window; an hour in the future does not move it."""
    now = Hour.containing(stream.clock.utc_now())
    newest = max((hour for hour in known if hour <= now), default=now)
    return {hour for hour in known if newest.plus(1 - hours) <= hour <= newest}


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
    publication = sources.published.get(hour)
    is_published = publication is not None and publication.revision == seal.revision
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


def _counts(table: ExternalTable, hours: Collection[Hour]) -> _Counts | None:
    try:
        return _Counts(table.registered(), table.queryable(hours))
    except ObjectMissingError:
        return _Counts({}, {})  # the first run of an hour creates the table
    except SnowflakeError:
        return None


def _list_landing(stream: Stream, hours: Collection[Hour]) -> dict[Hour, set[str]]:
    """List the landed objects of the hours; the listing begins at the oldest one."""
    if not hours:
        return {}
    listed: dict[Hour, set[str]] = {}
    oldest = stream.layout.hour_prefix(Kind.LANDING, min(hours))
    for found in stream.bucket.list(stream.layout.prefix(Kind.LANDING), start_after=oldest):
        key = ObjectKey.try_parse(found.key)
        if key is not None:
            listed.setdefault(key.hour, set()).add(found.key)
    return listed
