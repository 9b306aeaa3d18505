"""An asset of Python between two dbt models, as an analyst adds it: one file of Python, one model with its YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import dagster as dg
import pytest

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import PROJECT_DIR, DbtModels, NodeOutcome
from orchestration.dbt_runner.specs import Manifest
from orchestration.defs.dbt.assets import models_of
from orchestration.frames.tables import TableFrames
from orchestration.frames.types import FrameType
from orchestration.stream.catalog import read_streams
from snowflake_components import query
from snowflake_components.connection import SnowflakeConnection
from snowflake_components.identifiers import Identifier
from tests.unit.orchestration.dbt.event_log import EventLog, Record, run_dbt

MODEL = """
{{ config(materialized='incremental', incremental_strategy='proven') }}
select replication_hour, sum(score) as score
from {{ source('python', 'activity_scores') }}
where replication_hour in ({{ hourglass.stale_hours() }})
group by replication_hour
"""
DESCRIBED = """
version: 2
sources:
  - name: python
    database: aws
    schema: dev
    tables:
      - name: activity_scores
        config:
          meta:
            dagster: {asset_key: [activity_scores]}
            hourglass: {stream: platform_events, built: true}
models:
  - name: scores_by_hour
    description: Activity of each hour.
"""
STAGED, SCORES, BY_HOUR = (dg.AssetKey(name) for name in ("stg_platform_events", "activity_scores", "scores_by_hour"))
THREE = Hour.from_label("2025-08-01T03")
PLATFORM = next(entry.document for entry in read_streams() if entry.document.name == "platform_events")


@dataclass(frozen=True, slots=True)
class Event:
    """The columns of the staging model that the asset reads."""

    organization: str
    replication_hour: datetime


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the asset."""

    organization: str
    replication_hour: datetime
    score: float


@dg.asset(
    partitions_def=PLATFORM.partitions,
    ins={"events": dg.AssetIn(STAGED, dagster_type=FrameType(tuple[Event, ...], "Events"), input_manager_key="tables")},
    dagster_type=FrameType(tuple[Score, ...], "Scores"),
    io_manager_key="tables",
)
def activity_scores(events: Any) -> Any:
    """Score each organization by its events."""
    hours = {event.replication_hour for event in events}
    organizations = {event.organization for event in events}
    return tuple(
        Score(name, hour, 1.5 * sum(event.organization == name for event in events))
        for hour in hours
        for name in sorted(organizations)
    )


@dataclass
class PooledDbt:
    """dbt in the process of the pool, which remembers what it was asked for."""

    models: DbtModels
    pool: Executor
    asked: list[list[str]] = field(default_factory=list)

    def of_run(self, tags: Mapping[str, str]) -> PooledDbt:
        """Build every run alike."""
        assert tags is not None
        return self

    def build(
        self, hours: Sequence[str], selectors: Sequence[str], run_id: str | None = None
    ) -> tuple[NodeOutcome, ...]:
        """Build in the other process."""
        self.asked.append([selector.rpartition(".")[2] for selector in selectors])
        return self.pool.submit(self.models.build, hours, selectors, run_id).result()


@dataclass
class Project:
    """The project of the analyst, and its run of an hour."""

    assets: dg.AssetsDefinition
    event_log: EventLog
    dbt: PooledDbt

    def run(self) -> dg.ExecuteInProcessResult:
        """Run the hour."""
        settings = self.event_log.snowflake
        tables = TableFrames(SnowflakeConnection(settings=settings), Identifier("AWS"), Identifier("DEV"))
        return dg.materialize(
            [self.assets, activity_scores],
            selection=[STAGED, SCORES, BY_HOUR],
            partition_key=THREE.partition_key,
            resources={"dbt": self.dbt, "tables": tables},
        )

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return the rows of a table, in order."""
        rows = query(self.event_log.snowflake, f"SELECT * FROM AWS.DEV.{table}").rows  # noqa: S608 (a name of ours)
        return sorted(tuple(row.values()) for row in rows)


@pytest.fixture(scope="module")
def project(event_log: EventLog, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder: Path = tmp_path_factory.mktemp("analyst")
    copytree(PROJECT_DIR, folder / "dbt", ignore=ignore_patterns("target", "logs"))
    (folder / "dbt" / "models" / "scores_by_hour.sql").write_text(MODEL)
    (folder / "dbt" / "models" / "scores_by_hour.yml").write_text(DESCRIBED)
    models = DbtModels(folder / "target", event_log.snowflake, folder / "dbt")
    assert event_log.dbt.submit(run_dbt, models, ("parse",)).result()
    manifest = Manifest.read(folder / "target" / "manifest.json")
    assets = models_of(manifest, {PLATFORM.table: PLATFORM})
    event_log.empty()
    for table in ("ACTIVITY_SCORES", "SCORES_BY_HOUR"):
        query(event_log.snowflake, f"DROP TABLE IF EXISTS AWS.DEV.{table}")
    return Project(assets, event_log, PooledDbt(models, event_log.dbt))


def test_a_run_builds_the_model_then_the_asset_then_the_model_behind_it(project: Project) -> None:
    """Two invocations of dbt, in order. An amended hour goes the same way, and other rows make other rows."""
    project.event_log.land(Record(1, 0, 1, "e1"), Record(2, 0, 2, "e2"), Record(3, 0, 3, "e3", organization="globex"))
    project.event_log.publish(THREE.label)
    result = project.run()
    assert [STAGED, SCORES, BY_HOUR] == [event.asset_key for event in result.get_asset_materialization_events()]
    assert [True, True] == ["stg_platform_events" in project.dbt.asked[0], "scores_by_hour" in project.dbt.asked[1]]
    hour = THREE.start.replace(tzinfo=None)
    assert [("acme", hour, 3.0), ("globex", hour, 1.5)] == project.rows("ACTIVITY_SCORES")
    assert [(hour, 4.5)] == project.rows("SCORES_BY_HOUR")
    project.event_log.land(Record(4, 0, 4, "e4"))
    project.event_log.publish(THREE.label)
    project.run()
    assert [("acme", hour, 4.5), ("globex", hour, 1.5)] == project.rows("ACTIVITY_SCORES")
    assert [(hour, 6.0)] == project.rows("SCORES_BY_HOUR")


def test_the_model_behind_the_asset_has_the_hours_of_its_stream(project: Project) -> None:
    """Its source names the stream, so the job of an hour builds it."""
    (spec,) = [spec for spec in project.assets.specs if spec.key == BY_HOUR]
    assert PLATFORM.partitions == spec.partitions_def
    assert [SCORES] == [dep.asset_key for dep in spec.deps]
