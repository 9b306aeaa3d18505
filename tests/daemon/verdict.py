"""Wait until hours are published, and read everything back: bucket, table, runs and the cursor of the sensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dagster import AssetKey, DagsterRun, DagsterRunStatus, RunsFilter

from flink_jobs.contracts.layout import Hour, Kind, PublicationKey, SealKey
from infra.local.dagster_runs import IN_FLIGHT, WAITING
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.run_tags import hours_of
from snowflake_components.connection import SnowflakeSettings, query
from tests.daemon.landed_stream import Record
from tests.daemon.station import SENSOR, Station
from tests.integration.truth import keys

TABLE = "AWS.DEV.EXT_FLINK_EVENT_LOG"
Revisions = Mapping[Hour, int]
"""The newest revision of each hour."""


def wait_until_published(station: Station, revisions: Revisions) -> None:
    """Wait until the hours are published, every run has ended and the sensor has stored that it requested them."""
    wanted = set(_each(revisions))

    def published() -> bool:
        return _has_requested(station, revisions) and not _unfinished(station) and wanted <= _published(station).keys()

    station.wait_for(published, f"{', '.join(map(str, revisions))} are published")


def require_published_once(station: Station, revisions: Revisions, *, runs_of_a_key: int = 1) -> None:
    """Wait until each revision is published; require that it is so once, with the right rows, and nothing is left over.

    Args:
        station: whose bucket, table and storage are read.
        revisions: the newest revision of every hour in question.
        runs_of_a_key: runs that the sensors may have created for one run key.
    """
    wait_until_published(station, revisions)
    wanted = Counter(_each(revisions))
    records = {hour: len(_records(station, hour)) for hour in revisions}
    published, sealed = _published(station), _sealed(station)
    assert wanted == Counter({its: count for its, count in published.items() if its[0] in revisions})
    assert wanted == Counter({its: count for its, count in sealed.items() if its[0] in revisions})
    assert records == {hour: _published_records(station, hour) for hour in revisions}
    for hour in revisions:
        assert sorted(station.stream.records(hour)) == _rows(hour), hour
    _require_final_runs(station, revisions, runs_of_a_key)
    if runs_of_a_key == 1:
        assert wanted.total() == _materializations(station, revisions)
    cursor = _cursor(station)
    assert cursor is not None
    assert cursor.last == max(revisions)
    assert all(cursor.is_settled(hour) for hour in revisions)


def runs(station: Station, hours: Iterable[Hour]) -> list[DagsterRun]:
    """Return the runs of some hours, the newest first."""
    wanted = set(hours)
    return [run for run in station.instance.get_runs() if wanted & hours_of(run.tags)]


def published_hours(station: Station) -> set[Hour]:
    """Return the hours with a publication."""
    return {hour for hour, _ in _published(station)}


def _unfinished(station: Station) -> list[DagsterRun]:
    return list(station.instance.get_runs(RunsFilter(statuses=[*IN_FLIGHT, *WAITING])))


def _each(revisions: Revisions) -> list[tuple[Hour, int]]:
    return [(hour, revision) for hour, newest in revisions.items() for revision in range(1, newest + 1)]


def _records(station: Station, hour: Hour) -> set[Record]:
    return station.stream.records(hour) | station.stream.records(hour, Kind.REJECTED)


def _published_keys(station: Station) -> list[PublicationKey]:
    prefix = station.stream.layout.prefix(Kind.PUBLISHED)
    return [PublicationKey.parse(key) for key in keys(station.settings, prefix)]


def _published(station: Station) -> Counter[tuple[Hour, int]]:
    return Counter((key.hour, key.revision) for key in _published_keys(station))


def _published_records(station: Station, hour: Hour) -> int:
    newest = max((key for key in _published_keys(station) if key.hour == hour), key=lambda key: key.revision)
    return newest.records


def _sealed(station: Station) -> Counter[tuple[Hour, int]]:
    found = [SealKey.parse(key) for key in keys(station.settings, station.stream.layout.prefix(Kind.SEALS))]
    return Counter((key.hour, key.revision) for key in found)


def _rows(hour: Hour) -> list[Record]:
    moment = f"{hour.start:%Y-%m-%d %H:%M:%S}"
    sql = f"SELECT KAFKA_PARTITION AS P, KAFKA_OFFSET AS O FROM {TABLE} WHERE REPLICATION_HOUR = %s"  # noqa: S608 - fixed
    return sorted((int(row["P"]), int(row["O"])) for row in query(SnowflakeSettings(), sql, [moment]).rows)


def _require_final_runs(station: Station, revisions: Revisions, runs_of_a_key: int) -> None:
    """Require one run of a run key, no run in a state that is not final, and a success after each failure."""
    assert [] == _unfinished(station)
    found = runs(station, revisions)
    asked = Counter(run.tags["dagster/run_key"] for run in found if run.parent_run_id is None)
    hours = Counter(
        hour for tags in {run.tags["dagster/run_key"]: run.tags for run in found}.values() for hour in hours_of(tags)
    )
    assert dict(revisions) == dict(hours)
    assert max(asked.values()) <= runs_of_a_key, asked
    succeeded = {run.tags["dagster/run_key"] for run in found if run.status is DagsterRunStatus.SUCCESS}
    assert set(asked) == succeeded


def _materializations(station: Station, revisions: Revisions) -> int:
    records = station.instance.fetch_materializations(AssetKey("published_hour"), limit=1000).records
    keys_of_hours = {hour.partition_key for hour in revisions}
    return sum(record.partition_key in keys_of_hours for record in records)


def _cursor(station: Station) -> Cursor | None:
    """Read the cursor that the storage has for the sensor."""
    states = [state for state in station.instance.all_instigator_state() if state.instigator_name == SENSOR]
    text = getattr(states[0].instigator_data, "cursor", None) if states else None
    return read_cursor(text, (station.settings.topic,)) if text else None


def _has_requested(station: Station, revisions: Revisions) -> bool:
    cursor = _cursor(station)
    return cursor is not None and all(cursor.is_settled(hour) for hour in revisions)
