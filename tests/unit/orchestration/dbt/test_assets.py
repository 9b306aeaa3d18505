from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.dbt_runner.build import NodeOutcome, Verdict
from orchestration.dbt_runner.specs import UNIQUE_ID
from orchestration.defs.dbt.assets import MARTS, event_marts, event_models
from orchestration.stream.catalog import read_streams
from tests.fakes.dbt_models import FakeDbtModels

STAGING, USAGE = dg.AssetKey("stg_platform_events"), dg.AssetKey("usage_by_organization_hour")
COUNTS = dg.AssetKey("event_counts_by_hour")
DAGSTER_STAGING = dg.AssetKey("stg_dagster_events")
PLATFORM, DAGSTER = (entry.document for entry in read_streams())
MODELS = {
    f"model.hourglass.{key.path[-1]}": NodeOutcome(f"model.hourglass.{key.path[-1]}", Verdict.DONE, 0.5, query_id="q1")
    for key in (STAGING, COUNTS, USAGE, DAGSTER_STAGING)
}
TESTS = {
    str(spec.metadata[UNIQUE_ID]): NodeOutcome(str(spec.metadata[UNIQUE_ID]), Verdict.DONE, 0.1, failures=0)
    for spec in event_models.check_specs
}
GOOD = MODELS | TESTS
UNIQUE = next(unique_id for unique_id in TESTS if "unique_stg_platform_events_event_key" in unique_id)
KNOWN = next(unique_id for unique_id in TESTS if "known_event_types" in unique_id)


def run(outcomes: dict[str, NodeOutcome], *keys: dg.AssetKey) -> tuple[FakeDbtModels, dg.ExecuteInProcessResult]:
    """Run the hour 2025-08-01T03."""
    dbt = FakeDbtModels(tuple(outcomes.values()))
    result = dg.materialize(
        [event_models],
        partition_key="2025-08-01-03:00",
        selection=keys or None,
        resources={"dbt": dbt},
        raise_on_error=False,
    )
    return dbt, result


def test_the_hours_of_a_range_are_one_build() -> None:
    """The project is loaded once, and each model is materialised for each hour."""
    dbt, keys = FakeDbtModels(tuple(MODELS.values())), [f"2025-08-01-0{hour}:00" for hour in (3, 4, 5)]
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [event_models],
            selection=[STAGING, COUNTS, USAGE, DAGSTER_STAGING],
            tags={"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]},
            resources={"dbt": dbt},
            instance=instance,
        )
    assert [("2025-08-01T03", "2025-08-01T04", "2025-08-01T05")] == [hours for hours, _ in dbt.asked]
    assert {(key, hour) for key in (STAGING, COUNTS, USAGE, DAGSTER_STAGING) for hour in keys} == {
        (event.asset_key, event.partition) for event in result.get_asset_materialization_events()
    }


def materialized(result: dg.ExecuteInProcessResult) -> set[dg.AssetKey | None]:
    return {event.asset_key for event in result.get_asset_materialization_events()}


def test_an_hour_builds_every_model_and_reports_every_test() -> None:
    """One call of dbt builds the hour of the partition."""
    dbt, result = run(GOOD)
    ((hours, names),) = dbt.asked
    assert result.success
    assert hours == ("2025-08-01T03",)
    assert {unique_id.split(".")[2] for unique_id in GOOD} == names
    assert {STAGING, COUNTS, USAGE, DAGSTER_STAGING} == materialized(result)
    checks = result.get_asset_check_evaluations()
    assert {(spec.name, True) for spec in event_models.check_specs} == {(c.check_name, c.passed) for c in checks}


def test_a_model_tells_its_dbt_id_and_its_seconds() -> None:
    """The metadata has the names of every dbt asset; from these the relay of the event log makes a run of the model."""
    _, result = run(GOOD)
    metadata = result.asset_materializations_for_node("event_models")[0].metadata
    assert metadata["unique_id"].value in MODELS
    assert metadata["Execution Duration"].value == 0.5


def test_a_model_tells_its_columns_its_rows_and_what_changed_in_its_columns() -> None:
    """No statement is sent for any of it: the rows are dbt's, the columns those of the project."""
    former = dg.TableSchema([dg.TableColumn("organization", "varchar"), dg.TableColumn("gone", "date")])
    written = replace(MODELS["model.hourglass.stg_platform_events"], rows=7)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(STAGING, metadata={"dagster/column_schema": former})
        )
        result = dg.materialize(
            [event_models],
            partition_key="2025-08-01-03:00",
            selection=[STAGING],
            resources={"dbt": FakeDbtModels((written,))},
            instance=instance,
        )
    metadata: Any = result.asset_materializations_for_node("event_models")[0].metadata
    assert 7 == metadata["rows_written"].value
    assert "- gone date" in metadata["column_changes"].value
    assert "event_key" in {column.name for column in metadata["dagster/column_schema"].value.columns}


def test_a_model_names_its_address_and_its_files() -> None:
    """The catalog leads to the table, to the code and to the description of the columns."""
    (spec,) = [spec for spec in event_models.specs if spec.key == STAGING]
    assert "snowflake://" == str(spec.metadata["dagster/uri"])[:12]
    assert str(spec.metadata["dagster/uri"]).lower().endswith("/aws/dev/stg_platform_events")
    files = [Path(one.file_path) for one in spec.metadata["dagster/code_references"].code_references]
    assert ["stg_platform_events.sql", "stg_platform_events.yml"] == [file.name for file in files]
    assert all(file.is_file() for file in files)


def test_one_model_alone_is_built_with_its_own_tests() -> None:
    """Tests of other models are not requested."""
    dbt, result = run({name: MODELS[name] for name in MODELS if name.endswith("usage_by_organization_hour")}, USAGE)
    assert result.success
    own = frozenset({"usage_by_organization_hour", "usage_has_every_event", "usage_has_every_kind"})
    assert dbt.asked == [(("2025-08-01T03",), own)]
    assert {USAGE} == materialized(result)


def test_a_failed_test_is_a_failed_check_and_fails_the_run() -> None:
    """The models that were built keep their materialisation; the message holds dbt's message."""
    broken = NodeOutcome(UNIQUE, Verdict.FAILED, 0.1, "Got 2 results, configured to fail if != 0", failures=2)
    _, result = run(GOOD | {UNIQUE: broken})
    (failed,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert not result.success
    assert failed.check_name == "unique_stg_platform_events_event_key"
    assert failed.severity is dg.AssetCheckSeverity.ERROR
    assert failed.metadata["rows_found"].value == 2


def test_a_lost_event_is_a_failed_check_of_the_hour() -> None:
    """The run fails, and Dagster shows the check in red."""
    ids = {spec.name: spec.metadata[UNIQUE_ID] for spec in event_models.check_specs}
    lost = NodeOutcome(str(ids["no_event_is_lost"]), Verdict.FAILED, 0.1, "Got 1 result", failures=1)
    _, result = run(GOOD | {lost.unique_id: lost})
    (failed,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert not result.success
    assert (COUNTS, "no_event_is_lost", dg.AssetCheckSeverity.ERROR) == (
        failed.asset_key,
        failed.check_name,
        failed.severity,
    )


def test_an_unknown_type_is_flagged_and_the_run_continues() -> None:
    """A warning is a failed check that does not block."""
    flagged = NodeOutcome(KNOWN, Verdict.WARNED, 0.1, "Got 1 result", failures=1)
    _, result = run(GOOD | {KNOWN: flagged})
    (check,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert result.success
    assert (check.check_name, check.severity) == ("known_event_types", dg.AssetCheckSeverity.WARN)


def test_a_failed_model_fails_the_run_and_what_it_skipped_is_not_reported() -> None:
    """A test that did not run has no result."""
    failed, *skipped = MODELS
    outcomes = {
        failed: NodeOutcome(failed, Verdict.FAILED, 0.1, "SQL compilation error"),
        **{name: NodeOutcome(name, Verdict.SKIPPED, 0.0) for name in (*TESTS, *skipped)},
    }
    _, result = run(outcomes)
    assert not result.success
    assert set() == materialized(result)
    assert result.get_asset_check_evaluations() == []
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "SQL compilation error" in str(event.step_failure_data.user_failure_data or event.step_failure_data.error)


def test_models_that_read_the_event_log_wait_for_the_published_hour() -> None:
    """A failed blocking check of the hour stops the gate, and so the models."""
    deps = {spec.key: {dep.asset_key for dep in spec.deps} for spec in event_models.specs}
    assert deps == {
        STAGING: {PLATFORM.table, PLATFORM.keys.published_hour},
        COUNTS: {PLATFORM.table, PLATFORM.keys.published_hour, STAGING},
        USAGE: {STAGING},
        DAGSTER_STAGING: {DAGSTER.table, DAGSTER.keys.published_hour},
    }


SPECS: list[dg.AssetSpec] = sorted(event_models.specs, key=lambda spec: spec.key)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key.path[-1])
def test_models_are_hourly_assets_with_owner_and_kinds(spec: dg.AssetSpec) -> None:
    """They have the partitions of every asset of an hour, one partition per run, and the pool of one writer."""
    assert spec.partitions_def == (DAGSTER if spec.key == DAGSTER_STAGING else PLATFORM).partitions
    assert (spec.group_name, spec.owners) == ("event_models", ["team:data-platform"])
    assert {"dbt", "snowflake"} == spec.kinds
    assert event_models.backfill_policy is None
    assert event_models.op.pool == "snowflake"


def in_order(specs: Iterable[dg.AssetSpec]) -> tuple[str, ...]:
    """Return the dbt ids of assets in the order in which dbt builds them."""
    by_key = {spec.key: spec for spec in specs}
    order = TopologicalSorter(
        {key: {dep.asset_key for dep in spec.deps} & by_key.keys() for key, spec in by_key.items()}
    )
    return tuple(str(by_key[key].metadata[UNIQUE_ID]) for key in order.static_order())


def run_marts(
    instance: dg.DagsterInstance, existing: Iterable[str], code: str | None = None
) -> tuple[list[tuple[tuple[str, ...], frozenset[str]]], set[dg.AssetKey | None]]:
    """Run the marts on a Snowflake with some views; return what dbt was asked, and what was materialised."""
    dbt = FakeDbtModels(
        tuple(NodeOutcome(unique_id, Verdict.DONE, 0.1) for unique_id in in_order(event_marts.specs)),
        frozenset(name.upper() for name in existing),
    )
    marts = event_marts.map_asset_specs(lambda spec: spec.replace_attributes(code_version=code or spec.code_version))
    result = dg.materialize([marts], resources={"dbt": dbt}, instance=instance)
    return dbt.asked, materialized(result)


NAMES = frozenset(unique_id.split(".")[2] for unique_id in in_order(event_marts.specs))
ALL = NAMES | {spec.name for spec in event_marts.check_specs}
"""The views and their tests."""


def test_the_marts_are_views_of_all_hours_and_are_built_together() -> None:
    """They have no partitions, and one call of dbt builds all of them."""
    assert {(MARTS, None, "view")} == {
        (spec.group_name, spec.partitions_def, spec.metadata["materialized"]) for spec in event_marts.specs
    }
    with dg.DagsterInstance.ephemeral() as instance:
        asked, made = run_marts(instance, ())
    assert [((), ALL)] == asked
    assert {spec.key for spec in event_marts.specs} == made


def test_views_that_are_there_are_not_built_again() -> None:
    """A view reads all hours: another hour does not change it."""
    with dg.DagsterInstance.ephemeral() as instance:
        run_marts(instance, ())
        assert ([], set()) == run_marts(instance, NAMES)


def test_a_view_that_was_dropped_is_built_again() -> None:
    """Dagster's event log says that it was built; Snowflake, that it is not there."""
    with dg.DagsterInstance.ephemeral() as instance:
        run_marts(instance, ())
        asked, _ = run_marts(instance, NAMES - {"steps"})
    own = frozenset(spec.name for spec in event_marts.check_specs if spec.asset_key == dg.AssetKey("steps"))
    assert own
    assert [((), own | {"steps"})] == asked


def test_a_changed_project_builds_every_view_again() -> None:
    """Also a view that is there: a macro or a configuration may have changed it."""
    with dg.DagsterInstance.ephemeral() as instance:
        run_marts(instance, ())
        asked, _ = run_marts(instance, NAMES, code="of the changed project")
        assert [((), ALL)] == asked
        assert ([], set()) == run_marts(instance, NAMES, code="of the changed project")
        assert [((), ALL)] == run_marts(instance, NAMES)[0]


def test_views_that_another_made_are_built_once() -> None:
    """Nobody knows their code."""
    with dg.DagsterInstance.ephemeral() as instance:
        assert [((), ALL)] == run_marts(instance, NAMES)[0]


@pytest.mark.parametrize("hours", [["03"], ["03", "04"]])
def test_a_run_of_hours_builds_the_views_after_its_models(hours: list[str]) -> None:
    """Views have no partitions, and the hours of a run are one range."""
    specs = [*event_models.specs, *event_marts.specs]
    ids = in_order(specs)
    job = dg.define_asset_job("hours", [spec.key for spec in specs], executor_def=dg.in_process_executor)
    dbt = FakeDbtModels(tuple(NodeOutcome(one, Verdict.DONE, 0.1) for one in (*ids, *TESTS)))
    whole = dg.Definitions([event_models, event_marts], jobs=[job], resources={"dbt": dbt})
    keys = [f"2025-08-01-{hour}:00" for hour in hours]
    tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
    with dg.DagsterInstance.ephemeral() as instance:
        result = whole.resolve_job_def("hours").execute_in_process(instance=instance, tags=tags)
    assert [tuple(f"2025-08-01T{hour}" for hour in hours), ()] == [asked for asked, _ in dbt.asked]
    marts = {spec.key for spec in event_marts.specs}
    assert {(key, None) for key in marts} == {
        (event.asset_key, event.partition)
        for event in result.get_asset_materialization_events()
        if event.asset_key in marts
    }
