"""An analyst adds a model with `proven` and a deadline by two files, and touches nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from flink_jobs.contracts.layout import Hour
from infra.local.ports import free_ports
from infra.local.settings import PROJECT, LocalSettings
from orchestration.quality.definitions.incidents import newest_evaluation
from snowflake_components.connection import SnowflakeSettings, query
from tests.daemon.station import Station
from tests.daemon.verdict import wait_until_published

SQL = """
{{ config(materialized='incremental', incremental_strategy='proven') }}

select organization, replication_hour, count(*) as events
from {{ ref('stg_platform_events') }}
where replication_hour in ({{ hourglass.stale_hours() }})
group by organization, replication_hour
"""
YAML = """
version: 2
models:
  - name: ticks_by_hour
    description: Events of each organization and hour.
    config:
      meta:
        dagster: {group: event_models, owners: ["team:analysts"]}
        hourglass: {automation: {proven: {lag: 60 minutes, build: eager}}}
"""
SECONDS_MAX = 400.0
"""Of a wait: a run of an hour imports and parses dbt, whose models the other tests of the daemon leave out."""
MODEL = dg.AssetKey("ticks_by_hour")
FRESH = dg.AssetCheckKey(MODEL, "fresh")


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """Start the servers over a copy of the project with the two files."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "orchestration", project / "orchestration", ignore=shutil.ignore_patterns("target"))
    shutil.copy(PROJECT / "pyproject.toml", project)
    models = project / "orchestration" / "dbt" / "models"
    (models / "ticks_by_hour.sql").write_text(SQL)
    (models / "ticks_by_hour.yml").write_text(YAML)
    _parse(project / "orchestration" / "dbt")
    s3_port, snowflake_port = free_ports(2)
    settings = LocalSettings(
        data_dir=tmp_path / "data", s3_port=s3_port, snowflake_port=snowflake_port, sensor_seconds=1, grace_seconds=6
    )
    made = Station(settings, seconds_max=SECONDS_MAX)
    try:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        made.start()
        copied = {"PYTHONPATH": os.pathsep.join([str(project), str(PROJECT)])}
        made.replace_code_server(module="tests.automation.two_files", folder=project, variables=copied)
        yield made
    finally:
        made.stop()


@pytest.mark.long
def test_a_model_is_built_when_its_hours_are_proven_and_again_when_one_is_amended_and_reported_when_late(
    station: Station,
) -> None:
    """Built once for each change of its hours, never for nothing; stale when the hour that should follow is absent."""
    first, second = station.land(2)
    station.start_daemon()
    wait_until_published(station, {first: 1, second: 1})
    _wait_until_it_holds(station, {first, second})
    builds = _builds(station)
    assert 1 <= builds <= 2
    station.wait_for(lambda: _fresh(station) is True, "the check says that the model is fresh")

    station.stream.land_late(first, 3)
    station.write_world(ahead=timedelta(minutes=1))  # past the rest between two runs of an hour
    wait_until_published(station, {first: 2, second: 1})
    _wait_until_it_holds(station, {first, second})
    assert builds + 1 == _builds(station)

    third = second.plus(1)
    station.stream.times[0].append(third.start + timedelta(minutes=30))  # the topic has it, and it does not land
    station.write_world(ahead=timedelta(minutes=116))  # the third hour is over for an hour
    station.wait_for(lambda: _fresh(station) is False, "the check says that the model is stale")
    found = newest_evaluation(station.instance, FRESH)
    assert found is not None
    assert f"it waits, because published_hour {third.partition_key} is missing" in (found.description or "")
    assert builds + 1 == _builds(station)


def _parse(project: Path) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    folders = ("--project-dir", project, "--profiles-dir", project)
    subprocess.run([dbt, "--quiet", "parse", "--no-partial-parse", *folders], check=True)


def _wait_until_it_holds(station: Station, hours: set[Hour]) -> None:
    wanted = {f"{hour.start:%Y-%m-%d %H:%M:%S}": len(station.stream.records(hour)) for hour in hours}
    station.wait_for(lambda: wanted == _rows(station), f"{MODEL.to_user_string()} holds {wanted}")


def _rows(station: Station) -> dict[str, int]:
    if not _builds(station):
        return {}
    sql = "SELECT REPLICATION_HOUR AS H, EVENTS AS N FROM AWS.DEV.TICKS_BY_HOUR"
    return {str(row["H"])[:19]: int(row["N"]) for row in query(SnowflakeSettings(), sql).rows}


def _builds(station: Station) -> int:
    return len(station.instance.fetch_materializations(MODEL, limit=100).records)


def _fresh(station: Station) -> bool | None:
    found = newest_evaluation(station.instance, FRESH)
    return None if found is None else found.passed
