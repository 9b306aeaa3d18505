"""Ask every system once whether the models are up to date: bucket, ledger, broker, Snowflake, and Dagster's runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dagster import DagsterRun, DagsterRunStatus

from flink_jobs.contracts.layout import Hour
from infra.local import dagster_runs
from infra.local.streams import streams
from orchestration.dbt_runner.build import require_manifest
from orchestration.dbt_runner.built_hours import BuiltHour, read_built_hours, table_of_target
from orchestration.dbt_runner.model_status import Block, BuildState, ModelStatus, ProvenModels, statuses
from orchestration.dbt_runner.specs import Manifest
from orchestration.dbt_runner.views import view_names
from orchestration.landing.clients import hours_table
from orchestration.landing.clients.hours_table import HoursTable, ProvenHour, read_proven_hours
from orchestration.landing.errors import LandingError
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.hours import HourRow, Wanted, hour_rows
from orchestration.landing.report.state import HourState
from orchestration.stream.binding import BoundStream, bind
from orchestration.stream.catalog import StreamEntry
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.errors import SnowflakeError

WINDOW_HOURS = 72
"""Hours whose hops are compared; hours with records that are not published are compared however old they are."""
_HOPS = {
    HourState.OPEN: "landed",
    HourState.STUCK: "landed",
    HourState.COMPLETE: "sealed",
    HourState.QUEUED: "sealed",
    HourState.AMENDED: "sealed",
    HourState.SEALED: "registered",
    HourState.REGISTERED: "published",
    HourState.PUBLISHED: "published",
}
"""The first hop that an hour in this state has not passed; a quarantined hour is never published and blocks nothing."""


def model_statuses(settings: SnowflakeSettings | None = None) -> tuple[ModelStatus, ...]:
    """Return the status of every model that is built by proven hours, and of every view over them.

    A system that does not answer makes the models that need it unknown.

    Raises:
        StackError: the document of a stream has a mistake.
    """
    settings = settings or SnowflakeSettings()
    models = ProvenModels(Manifest.read(require_manifest()))
    entries = {entry.document.name: entry for entry in streams()}
    of_streams, published = {}, {}
    for name, entry in entries.items():
        of_streams[name], published[name] = _stream(entry, settings)
    try:
        built, views = _built(settings), view_names(settings)
    except SnowflakeError as exc:
        away = [_unknown("built", name, exc) for name in entries]
        of_streams = {block.where: [*of_streams[block.where], block] for block in away}
        return statuses(models, BuildState({}, ()), of_streams, _EveryView())
    found = statuses(models, BuildState(published, built), of_streams, views)
    return tuple(replace(one, blocks=tuple(_with_run(entries, models, block) for block in one.blocks)) for one in found)


class _EveryView(frozenset[str]):
    """Views that are not known count as there: what is said of them is that they are unknown."""

    def __contains__(self, _name: object) -> bool:
        return True


def _built(settings: SnowflakeSettings) -> tuple[BuiltHour, ...]:
    return read_built_hours(SnowflakeConnection(settings=settings), table_of_target(settings))


def _stream(entry: StreamEntry, settings: SnowflakeSettings) -> tuple[list[Block], dict[Hour, str]]:
    """Return the blocks of a stream, and the fingerprints of its hours in the table `HOURS`."""
    name, bound = entry.document.name, bind(entry.document, entry.table, snowflake=settings)
    wanted = Wanted(WINDOW_HOURS, dagster_runs.hours_in_progress(entry.document), entry.document.late)
    try:
        blocks = list(blocks_of_rows(name, hour_rows(bound.stream, bound.table, wanted)))
        hours = HoursTable.beside(bound.table.connection, bound.table.name)
        proven = read_proven_hours(hours.connection, hours.name, name)
        blocks += _not_listed(bound, name, proven)
    except (LandingError, SnowflakeError) as exc:
        return [_unknown("published", name, exc)], {}
    return blocks, {hour: one.fingerprint for hour, one in proven.items()}


def blocks_of_rows(stream: str, rows: Iterable[HourRow]) -> Iterable[Block]:
    """Yield one block for each hop at which hours of a stream stand that should be published by now."""
    late: defaultdict[tuple[HourState, bool], list[HourRow]] = defaultdict(list)
    for row in rows:
        if row.state in _HOPS and (row.unknown or row.agree is False):
            late[row.state, not row.unknown].append(row)
    for state, is_known in sorted(late, key=lambda key: list(_HOPS).index(key[0])):
        found = late[state, is_known]
        reason = f"{found[0].hour}: {found[0].unknown or found[0].reason}"
        more = f"; and {len(found) - 1} hours more" if len(found) > 1 else ""
        hours = tuple(Hour.from_label(row.hour) for row in found)
        yield Block(_HOPS[state], stream, hours, reason + more, found[0].repair, is_known)


def _not_listed(bound: BoundStream, name: str, proven: Mapping[Hour, ProvenHour]) -> Sequence[Block]:
    """Return the block of hours that are published and not in the table `HOURS`, as after an upgrade."""
    published = published_revisions(bound.stream.bucket, bound.stream.layout)
    lacking = tuple(sorted(h for h, key in published.items() if h not in proven or proven[h].revision < key.revision))
    if not lacking:
        return ()
    reason = f"{len(lacking)} published hours are not in the table {hours_table.TABLE.name}, the first is {lacking[0]}"
    return (Block("listed", name, lacking, reason, f"hourglass hours --stream {name} table"),)


def _unknown(hop: str, name: str, error: Exception) -> Block:
    return Block(hop, name, (), str(error), is_known=False)


def _with_run(entries: Mapping[str, StreamEntry], models: ProvenModels, block: Block) -> Block:
    """Name the run that failed to build hours of a model, or that is about to."""
    if block.hop != "built" or not block.hours or block.where not in models.inputs:
        return block
    runs: dict[Hour, DagsterRun] = {}
    for stream in models.streams(block.where):
        runs |= dagster_runs.newest_runs(entries[stream].document, block.hours)
    last = max(block.hours)
    run = runs.get(last)
    if run is None:
        return replace(block, reason=f"{block.reason}; Dagster has no run of {last}")
    short = run.run_id[:8]
    if not run.is_finished:
        return replace(block, reason=f"{block.reason}; run {short} of {last} is not finished", repair="")
    if run.status is DagsterRunStatus.SUCCESS:
        return block
    said = f"{block.reason}; run {short} of {last} ended as {run.status.value.lower()}"
    return replace(block, reason=said, repair=f"look at run {short} in Dagster, then {block.repair}")
