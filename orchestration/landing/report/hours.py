"""One row per hour: what landed, is sealed, registered and queryable, whether the numbers agree, and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import Hour, Kind, PublicationKey, SealKey
from orchestration.landing.clients.snowflake import ExternalTable, by_hour
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import Complete, Open, Quarantined, before_asking
from orchestration.landing.proof.evidence import EndOffsets, Stream, compare_with_ledger, judge, read_end_offsets
from orchestration.landing.proof.seal import Seal, newest_seal_keys, read_seals
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.listing import Listing, list_objects
from orchestration.landing.report.produced import broker_dates, not_landed
from orchestration.landing.report.state import REPAIRS, HourState
from snowflake_components.errors import ObjectMissingError, SnowflakeError

LATE = timedelta(minutes=15)
"""How long after its boundary, or after its newest object, an hour may take to be published."""
SILENT_HOURS = 72
"""Silent hours that a report of every hour looks at, back from the newest one."""
READ_HOURS = 24
"""Newest sealed hours whose seal is always read, so that a damaged one is seen within a day."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to report.

    Args:
        window_hours: how many hours, back from the newest one that has begun; hours with records that are not published
            are always reported. None reports every hour.
        in_progress: hours of which a run is queued or in progress.
        late: how long an hour may take to be published.
    """

    window_hours: int | None = None
    in_progress: Collection[Hour] = ()
    late: timedelta = LATE


@dataclass(frozen=True, slots=True)
class HourRow:
    """The numbers of one hour.

    `objects` counts the listed objects with accepted lines. `registered` and `queryable` are None while Snowflake
    is away. `reason` says why the hour is not published, or does not agree; `repair` what to do about it.

    `agree` is True for a published hour whose numbers agree. It is False where they differ, and for an hour that should
    be published by now and is not. It is None while there is time, and where it cannot be known: `unknown` says why.
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
    reason: str = ""
    repair: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Counts:
    registered: Mapping[Hour, Mapping[str, int]]
    queryable: Mapping[Hour, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class _Sources:
    """What was read about the hours of the report. `ends` and `counts` are None while broker or Snowflake are away.

    `seals` has those that were read: see `_shows_its_seal`.
    """

    stream: Stream
    wanted: Wanted
    now: datetime
    ends: EndOffsets | None
    totals: LedgerTotals
    sealed: Mapping[Hour, SealKey]
    seals: Mapping[Hour, Seal]
    listed: Mapping[Hour, Listing]
    counts: _Counts | None
    published: Mapping[Hour, PublicationKey]


@dataclass(frozen=True, slots=True)
class _Finding:
    """The state of an hour and why it is no further; `is_known` is False while the broker cannot be asked."""

    state: HourState
    reason: str = ""
    is_known: bool = True


def hour_rows(stream: Stream, table: ExternalTable, wanted: Wanted | None = None) -> list[HourRow]:
    """Compare hours that the ledger, a seal or the broker knows, and silent hours between them, oldest first.

    Snowflake gets two queries for all hours together, and counts the rows of the reported hours only. The seal of an
    older hour is read only where ledger, listing, table and the key of its publication do not agree.

    Raises:
        LandingError: the bucket is away or refuses.
    """
    wanted = wanted or Wanted()
    ends = _ends(stream)
    totals, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topics)
    ends = _compared(stream, totals, ends)
    sealed = newest_seal_keys(stream.bucket, stream.layout)
    published = published_revisions(stream.bucket, stream.layout)
    missing = not_landed(stream.broker, totals, ends.topics if ends else ())
    known = {*totals.hours, *sealed, *(missing.hours if missing else ())}
    unfinished = {hour for hour in known if hour not in sealed or not _is_finished(hour, totals, sealed, published)}
    hours = unfinished | _window(stream, wanted, known | _silent(stream, wanted, known, ends))
    sources = _Sources(
        stream=stream,
        wanted=wanted,
        now=stream.clock.utc_now(),
        ends=ends,
        totals=totals,
        sealed=sealed,
        seals={},
        listed=list_objects(stream.bucket, stream.layout, Kind.LANDING, hours),
        counts=_counts(stream, table, hours),
        published=published,
    )
    recent = set(sorted(sealed)[-READ_HOURS:])
    wanted_seals = {
        hour: key
        for hour, key in sealed.items()
        if hour in hours and (hour in recent or not _shows_its_seal(sources, hour))
    }
    sources = replace(sources, seals=read_seals(stream.bucket, wanted_seals))
    return [_row(sources, hour) for hour in sorted(hours)]


def published_hours(stream: Stream) -> set[Hour]:
    """Return the hours whose newest seal is published, from listings alone."""
    published = published_revisions(stream.bucket, stream.layout)
    sealed = newest_seal_keys(stream.bucket, stream.layout)
    return {hour for hour, key in sealed.items() if hour in published and published[hour].revision == key.revision}


def _silent(stream: Stream, wanted: Wanted, known: Collection[Hour], ends: EndOffsets | None) -> set[Hour]:
    """Return the hours of the window without records and without a seal.

    After the last known hour only the broker's own clock shows that time went on: with `CreateTime` they may be silent
    because a replay is over, and are left out.
    """
    now = Hour.containing(stream.clock.utc_now())
    begun = [hour for hour in known if stream.first_hour <= hour <= now]
    if not begun or ends is None:
        return set()
    last = now.plus(-1) if broker_dates(ends.topics) else max(begun)
    hour = max(min(begun), last.plus(1 - (wanted.window_hours or SILENT_HOURS)))
    return set(hour.until(last))


def _is_finished(
    hour: Hour, totals: LedgerTotals, sealed: Mapping[Hour, SealKey], published: Mapping[Hour, PublicationKey]
) -> bool:
    """Return whether the newest seal is published and the ledger has no further records, by keys alone."""
    if hour not in published or published[hour].revision != sealed[hour].revision:
        return False
    landed = totals.hours.get(hour)
    return landed is None or landed.accepted + landed.rejected == published[hour].records


def _shows_its_seal(sources: _Sources, hour: Hour) -> bool:
    """Return whether the seal of an hour can add nothing to its row.

    It is the published revision, and has all records of the hour; so its objects are those that the ledger promises.
    They are the listed ones, and the registered ones while Snowflake answers, and their rows are the accepted records.
    """
    if hour not in sources.sealed or not _is_finished(hour, sources.totals, sources.sealed, sources.published):
        return False
    landed = sources.totals.hours.get(hour)
    if landed is None and sources.published[hour].records:
        return False  # the ledger was cut: only the seal has the numbers
    listed, counts = sources.listed.get(hour, Listing()), sources.counts
    promised = sorted(landed.landing_epochs.epochs()) if landed else []
    if sorted(listed.epochs) != promised:
        return False
    if counts is None:
        return True
    queryable = sum(counts.queryable.get(hour, {}).values())
    registered = set(counts.registered.get(hour, ()))
    return not _difference(landed.accepted if landed else 0, queryable, set(listed.objects), registered)


def _window(stream: Stream, wanted: Wanted, hours: set[Hour]) -> set[Hour]:
    """Return the hours of the window; an hour in the future does not move it."""
    if wanted.window_hours is None:
        return hours
    now = Hour.containing(stream.clock.utc_now())
    newest = max((hour for hour in hours if hour <= now), default=now)
    return {hour for hour in hours if newest.plus(1 - wanted.window_hours) <= hour <= newest}


def _row(sources: _Sources, hour: Hour) -> HourRow:
    seal, counts = sources.sealed.get(hour), sources.counts
    accepted, rejected = _landed(sources, hour)
    listed = sources.listed.get(hour, Listing()).objects
    registered = set(counts.registered.get(hour, ())) if counts else None
    queryable = sum(counts.queryable.get(hour, {}).values()) if counts else None
    found = _finding(sources, hour, registered)
    agree, reason = _agreement(sources, hour, found)
    if found.state is HourState.PUBLISHED and counts is not None:
        differ = _difference(accepted, queryable, set(listed), registered)
        agree, reason = not differ, differ
    return HourRow(
        hour=hour.label,
        state=found.state,
        accepted=accepted,
        rejected=rejected,
        objects=len(listed),
        registered=None if registered is None else len(registered),
        queryable=queryable,
        revision=seal.revision if seal else None,
        agree=agree,
        reason=reason,
        repair=REPAIRS[found.state] if agree is False else "",
        unknown=_unknown(sources, found),
    )


def _agreement(sources: _Sources, hour: Hour, found: _Finding) -> tuple[bool | None, str]:
    """Return False for an hour that is not published although its time is over."""
    if found.state is HourState.PUBLISHED or not found.is_known:
        return None, found.reason
    due = _due(sources, hour)
    if found.state is HourState.QUEUED or sources.now <= due:
        return None, found.reason
    return False, f"{found.reason}; it should be published since {due:%Y-%m-%dT%H:%M:%S}Z"


def _due(sources: _Sources, hour: Hour) -> datetime:
    """Return when the hour should be published: after its boundary and its newest object, with the allowance."""
    policy = sources.stream.policy
    listed = sources.listed.get(hour, Listing()).objects.values()
    times = [item.modified for item in listed if item.modified is not None]
    return max([policy.beyond(hour), *times]) + policy.grace + sources.wanted.late


def _difference(accepted: int, queryable: int | None, listed: set[str], registered: set[str] | None) -> str:
    if accepted != queryable:
        return f"{accepted} accepted, {queryable} queryable"
    return "" if listed == registered else "the listed objects are not the registered ones"


def _unknown(sources: _Sources, found: _Finding) -> str:
    if not found.is_known:
        return "the broker does not answer"
    if sources.counts is None and found.state in {HourState.SEALED, HourState.REGISTERED, HourState.PUBLISHED}:
        return "Snowflake does not answer"
    return ""


def _landed(sources: _Sources, hour: Hour) -> tuple[int, int]:
    """Return accepted and rejected records, from the seal when the ledger no longer has the hour."""
    known = sources.totals.hours.get(hour) or sources.seals.get(hour)
    return (known.accepted, known.rejected) if known else (0, 0)


def _finding(sources: _Sources, hour: Hour, registered: set[str] | None) -> _Finding:
    if hour in sources.sealed and hour not in sources.seals:
        return _Finding(HourState.PUBLISHED)
    seal = sources.seals.get(hour)
    found = _unsealed(sources, hour) if seal is None else _sealed(sources, hour, seal, registered)
    waits_for_a_run = found.state in {HourState.COMPLETE, HourState.AMENDED, HourState.SEALED, HourState.REGISTERED}
    if waits_for_a_run and hour in sources.wanted.in_progress:
        return _Finding(HourState.QUEUED, "a run of the hour is queued or in progress")
    return found


def _sealed(sources: _Sources, hour: Hour, seal: Seal, registered: set[str] | None) -> _Finding:
    if _landed(sources, hour) != (seal.accepted, seal.rejected):
        return _Finding(HourState.AMENDED, f"records landed after revision {seal.revision}")
    publication = sources.published.get(hour)
    is_published = publication is not None and publication.revision == seal.revision
    # While Snowflake is away, a published hour counts as registered: its checks had compared both.
    is_registered = registered == set(seal.landing()) or (registered is None and is_published)
    if not is_registered:
        return _Finding(HourState.SEALED, "the external table has not registered its objects")
    if not is_published:
        return _Finding(HourState.REGISTERED, "its blocking checks did not all pass")
    return _Finding(HourState.PUBLISHED)


def _unsealed(sources: _Sources, hour: Hour) -> _Finding:
    stream = sources.stream
    early = before_asking(hour, sources.now, stream.first_hour)
    if isinstance(early, Quarantined):
        return _Finding(HourState.QUARANTINED, early.reason)
    if sources.ends is None:
        return _Finding(HourState.OPEN, is_known=early is not None)
    try:
        verdict = judge(stream, hour, sources.totals, sources.ends).verdict
    except (BrokerUnavailableError, BrokerRefusedError):
        return _Finding(HourState.OPEN, is_known=False)
    if isinstance(verdict, Complete):
        return _Finding(HourState.COMPLETE, "no run has sealed it yet")
    if isinstance(verdict, Quarantined):
        return _Finding(HourState.QUARANTINED, verdict.reason)
    return _of_open(verdict)


def _of_open(verdict: Open) -> _Finding:
    return _Finding(HourState.STUCK if verdict.is_stuck else HourState.OPEN, f"it waits for {verdict.reason}")


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


def _counts(stream: Stream, table: ExternalTable, hours: Collection[Hour]) -> _Counts | None:
    try:
        return _Counts(
            by_hour(table.registered(), stream.layout, hours), by_hour(table.queryable(hours), stream.layout, hours)
        )
    except ObjectMissingError:
        return _Counts({}, {})  # the first run of an hour creates the table
    except SnowflakeError:
        return None
