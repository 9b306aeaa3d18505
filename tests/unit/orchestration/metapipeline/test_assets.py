from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.defs.dbt.assets import event_marts
from orchestration.defs.metapipeline.assets import (
    dbt_graph,
    model_importance,
    model_runs,
    models_run_per_day,
    unused_models,
)
from orchestration.defs.metapipeline.automation import metapipeline, metapipeline_daily
from orchestration.folders import FolderSettings
from orchestration.metapipeline.usage.reading import StagedEvents
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.staging import FakeStaging

ASSETS = [model_runs, dbt_graph, model_importance, unused_models, models_run_per_day]
TABLE = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("STG_PLATFORM_EVENTS"))


def rows_of_two_days() -> list[dict[str, Any]]:
    """One run of a model of this project on each of two days."""
    moments = [datetime(2025, 8, day, 3) for day in (1, 2)]  # noqa: DTZ001 (as Snowflake gives them)
    return [
        {
            "ORGANIZATION": "acme",
            "DEPLOYMENT": "prod",
            "SHARD": None,
            "RUN_ID": f"run-{moment.day}",
            "STEP_KEY": "stg_platform_events",
            "EVENT_TYPE": kind,
            "OCCURRED_AT": moment + timedelta(seconds=seconds),
            "REPLICATION_HOUR": moment,
            "PARTITION_KEY": None,
            "DBT_MODEL": "model.hourglass.stg_platform_events",
            "DURATION_SECONDS": None,
        }
        for moment in moments
        for kind, seconds in (("STEP_START", 0), ("STEP_SUCCESS", 8))
    ]


def materialize(rows: list[dict[str, Any]], folder: Path, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run the whole group; return the metadata of each asset."""
    result = dg.materialize(
        ASSETS,
        resources={
            "staged_events": StagedEvents(FakeStaging(rows), (TABLE,)),
            "folders": FolderSettings(data_dir=folder),
        },
        run_config={"ops": config or {}},
    )
    events = result.get_asset_materialization_events()
    return {event.materialization.asset_key.path[-1]: event.materialization.metadata for event in events}


def test_one_run_reads_events_and_graph_and_draws_the_chart(tmp_path: Path) -> None:
    """The chart is in the metadata and in the data folder, the same bytes."""
    metadata = materialize(rows_of_two_days(), tmp_path)
    assert {asset.key.path[-1] for asset in ASSETS} == set(metadata)
    assert (4, 1, 2, 0) == tuple(
        metadata["model_runs"][name].value for name in ("events", "models", "succeeded", "unfinished")
    )
    png = (tmp_path / "charts" / "models_run_per_day.png").read_bytes()
    chart = metadata["models_run_per_day"]["chart"].value
    assert b64decode(chart.partition("base64,")[2].removesuffix(")")) == png


def test_the_hourly_models_of_this_project_all_have_a_consumer(tmp_path: Path) -> None:
    """The billing exposure reads the usage and the counts, which read the staging model; reports read the marts."""
    metadata = materialize(rows_of_two_days(), tmp_path)
    unused = {row.data["unique_id"] for row in metadata["unused_models"]["unused"].records}
    assert {f"model.hourglass.{key.path[-1]}" for key in event_marts.keys} == unused
    assert metadata["dbt_graph"]["exposure"].value >= 1


def test_no_events_withhold_the_unused_models_and_draw_an_empty_chart(tmp_path: Path) -> None:
    """The run succeeds, and its metadata has the reason for no answer."""
    metadata = materialize([], tmp_path)
    assert "publish hours first" in metadata["unused_models"]["withheld"].value
    assert (tmp_path / "charts" / "models_run_per_day.png").exists()


def test_weights_are_configuration(tmp_path: Path) -> None:
    """With all weight on the inputs of a node, the exposure, which has no reader, leads."""
    zero = dict.fromkeys(("degree", "out_degree", "closeness", "betweenness", "pagerank"), 0)
    config = {"model_importance": {"config": {**zero, "in_degree": 1}}}
    metadata = materialize(rows_of_two_days(), tmp_path, config)
    scores = {row.data["unique_id"]: row.data["score"] for row in metadata["model_importance"]["importance"].records}
    assert scores["source.hourglass.platform_events.ext_flink_event_log"] == 0
    assert scores["exposure.hourglass.billing"] > 0


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.key.path[-1])
def test_every_asset_is_described_and_has_no_hours(asset: dg.AssetsDefinition) -> None:
    """They have no partitions and no automation condition, so an hour's run does not touch them."""
    (spec,) = asset.specs
    assert spec.partitions_def is None
    assert spec.automation_condition is None
    assert (spec.group_name, spec.owners) == ("metapipeline", ["team:data-platform"])
    assert spec.kinds
    assert spec.description


def test_the_job_runs_every_day_at_three_in_utc() -> None:
    """The schedule is on from the start and requests the job of this group."""
    assert metapipeline_daily.job_name == metapipeline.name
    assert ("0 3 * * *", "UTC") == (metapipeline_daily.cron_schedule, metapipeline_daily.execution_timezone)
    assert metapipeline_daily.default_status is dg.DefaultScheduleStatus.RUNNING
