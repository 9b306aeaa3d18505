from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterEventType, EventLogEntry
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateEvaluation
from dagster._core.events import StepMaterializationData

from producers.dagster.events import Translator, counterpart_of, type_of
from producers.events import EVENT_BYTES_MAX, EventType, PlatformEvent

INSTANCE = "07ea0cf3-ad81-4675-bfcb-104ec91cee4b"
NAMES = {"organization": "hourglass", "deployment": "local"}


def entry(event: DagsterEvent | None, run_id: str = "run-1", message: str = "hello") -> EventLogEntry:
    return EventLogEntry(  # type: ignore[no-untyped-call]  # Dagster's constructor has no annotations
        error_info=None,
        level=20,
        user_message=message,
        run_id=run_id,
        timestamp=1_754_013_599.9994,
        step_key="step",
        job_name="job",
        dagster_event=event,
    )


def translated(item: EventLogEntry, storage_id: int = 7) -> PlatformEvent:
    return Translator(INSTANCE, "hourglass", "local").event_of(storage_id, item)


def materialized(**metadata: Any) -> EventLogEntry:
    record = dg.AssetMaterialization(["aws", "orders"], metadata=metadata, partition="2025-08-01-03:00")
    return entry(
        DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name="job",
            event_specific_data=StepMaterializationData(record),
        )
    )


def test_the_id_belongs_to_the_entry() -> None:
    """The same entry is the same event wherever and whenever it is sent; others differ in instance, run or number."""
    log_line = entry(None)
    assert translated(log_line) == translated(log_line)
    ids = {
        translated(log_line).event_id,
        translated(log_line, storage_id=8).event_id,
        translated(entry(None, run_id="run-2")).event_id,
        Translator(str(uuid4()), "hourglass", "local").event_of(7, log_line).event_id,
    }
    assert 4 == len(ids)


def test_time_run_and_step_are_those_of_the_entry() -> None:
    """Time in UTC with milliseconds, run and step as in Dagster; an entry without a run has none."""
    event = translated(entry(None))
    assert datetime(2025, 8, 1, 1, 59, 59, 999_400, tzinfo=UTC) == event.occurred_at
    assert ("run-1", "step", "hourglass", "local") == (
        event.run_id,
        event.step_key,
        event.organization,
        event.deployment,
    )
    assert translated(entry(None, run_id="")).run_id is None


def test_names_that_are_no_identities_are_repaired() -> None:
    """Dagster's names may hold what the contract refuses: such characters become U+FFFD, and the event is sent."""
    event = translated(entry(None, run_id="run\n1\u200b" + "x" * 600))
    assert "run\ufffd1\ufffd" + "x" * 506 == event.run_id
    assert translated(entry(None, run_id=" \u3000")).run_id is None


def test_an_evaluation_of_freshness_names_its_asset() -> None:
    """Dagster's class calls the asset `key`; the event needs it."""
    evaluation = FreshnessStateEvaluation(key=dg.AssetKey(["aws", "orders"]), freshness_state=FreshnessState.PASS)
    event = translated(
        entry(
            DagsterEvent(
                event_type_value=DagsterEventType.FRESHNESS_STATE_EVALUATION.value,
                job_name="job",
                event_specific_data=evaluation,
            )
        )
    )
    assert (EventType.FRESHNESS_CHANGE, "aws/orders", ()) == (event.event_type, event.asset_key, event.lacking)


@pytest.mark.parametrize(
    ("dagster_type", "event_type"),
    [
        (DagsterEventType.RUN_START, EventType.RUN_START),
        (DagsterEventType.RUN_SUCCESS, EventType.RUN_SUCCESS),
        (DagsterEventType.RUN_FAILURE, EventType.RUN_FAILURE),
        (DagsterEventType.RUN_CANCELED, EventType.RUN_CANCELED),
        (DagsterEventType.STEP_START, EventType.STEP_START),
        (DagsterEventType.STEP_RESTARTED, EventType.STEP_START),
        (DagsterEventType.STEP_FAILURE, EventType.STEP_FAILURE),
        (DagsterEventType.STEP_UP_FOR_RETRY, EventType.STEP_FAILURE),
        (DagsterEventType.FRESHNESS_STATE_CHANGE, EventType.FRESHNESS_CHANGE),
        (DagsterEventType.RUN_ENQUEUED, EventType.ENGINE_EVENT),
        (DagsterEventType.ASSET_MATERIALIZATION_PLANNED, EventType.ENGINE_EVENT),
        (DagsterEventType.HANDLED_OUTPUT, EventType.ENGINE_EVENT),
    ],
)
def test_types_follow_the_table(dagster_type: DagsterEventType, event_type: EventType) -> None:
    """Each type has its counterpart; a type without one becomes an engine event."""
    assert event_type is counterpart_of(dagster_type)


def test_no_type_is_without_counterpart() -> None:
    """Every entry that Dagster may log has a type, log lines included."""
    assert {counterpart_of(dagster_type) for dagster_type in DagsterEventType} <= set(EventType)
    assert EventType.ENGINE_EVENT is type_of(entry(None))


def test_a_materialization_keeps_its_metadata() -> None:
    """Asset, partition and every metadata value are sent, as JSON values where possible."""
    event = translated(
        materialized(
            rows=12,
            ratio=0.5,
            never=float("nan"),
            note="three\nlines",
            folder=dg.MetadataValue.path("landing/"),
            setup={"a": [1, None]},
            flag=True,
            columns=dg.MetadataValue.table_schema(dg.TableSchema([dg.TableColumn("x", "int")])),
        )
    )
    assert ("aws/orders", "2025-08-01-03:00") == (event.asset_key, event.partition_key)
    metadata = json.loads(event.to_json())["payload"]["metadata"]
    columns = metadata.pop("columns")
    assert "TableSchemaMetadataEntryData" == columns["__class__"]
    assert '"int"' in json.dumps(columns)
    assert {
        "rows": 12,
        "ratio": 0.5,
        "never": "nan",
        "note": "three\nlines",
        "folder": "landing/",
        "setup": {"a": [1, None]},
        "flag": True,
    } == metadata


def test_a_dbt_asset_names_its_model_and_duration() -> None:
    """The `unique_id` and the execution time of dagster-dbt become `dbt_model` and `duration_seconds`."""
    event = translated(materialized(unique_id="model.hourglass.stg", **{"Execution Duration": 1.5}))
    assert ("dbt", "model.hourglass.stg", 1.5) == (
        event.payload["step_kind"],
        event.payload["dbt_model"],
        event.payload["duration_seconds"],
    )
    assert "dbt_model" not in translated(materialized(rows=1)).payload


def materialized_from(*inputs: str, **metadata: Any) -> EventLogEntry:
    tags = {f"dagster/input_event_pointer/{key}": "NULL" for key in inputs} | {"dagster/code_version": "1"}
    record = dg.AssetMaterialization("scores", metadata=metadata, tags=tags)
    return entry(
        DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name="job",
            event_specific_data=StepMaterializationData(record),
        )
    )


def test_a_materialization_names_its_inputs() -> None:
    """Their keys, sorted; also of an event that is reduced. Too many are cut, and counted."""
    assert ["aws/orders", "fx"] == translated(materialized_from("fx", "aws/orders")).payload["input_assets"]
    assert "input_assets" not in translated(materialized_from()).payload
    large = translated(materialized_from("fx", **{f"part-{index}": "x" * 99_000 for index in range(12)}))
    assert (["fx"], True) == (large.payload["input_assets"], "reduced" in large.payload)
    many = translated(materialized_from(*(f"{number:04}" + "é" * 246 for number in range(500)))).payload
    assert (400, 100) == (len(many["input_assets"]), many["input_assets_left_out"])


def test_dagster_records_the_inputs_of_a_materialization() -> None:
    """Loaded inputs and mere dependencies, as an in-process run writes them."""

    @dg.asset(key=["aws", "orders"])
    def orders() -> int:
        return 1

    @dg.asset(ins={"orders": dg.AssetIn(["aws", "orders"])}, deps=["fx"])
    def scores(orders: int) -> int:
        return orders

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([orders, scores, dg.AssetSpec("fx")], instance=instance)
        events = [translated(logged) for logged in instance.all_logs(result.run_id)]
    written = {event.asset_key: event for event in events if event.event_type is EventType.ASSET_MATERIALIZATION}
    assert ["aws/orders", "fx"] == written["scores"].payload["input_assets"]
    assert "input_assets" not in written["aws/orders"].payload


def test_an_entry_that_is_too_large_is_reduced_and_not_dropped() -> None:
    """An event that does not fit the contract keeps its identity and kind, with the reason in `reduced`."""
    large = translated(materialized(**{f"part-{index}": "x" * 99_000 for index in range(12)}))
    assert (EventType.ASSET_MATERIALIZATION, "aws/orders") == (large.event_type, large.asset_key)
    assert "bytes" in large.payload["reduced"]
    assert len(large.to_json()) < EVENT_BYTES_MAX
    deep: object = 1
    for _ in range(70):
        deep = [deep]
    assert "nested deeper" in translated(materialized(deep={"deep": deep})).payload["reduced"]


def test_text_that_is_no_unicode_is_sent_with_marks() -> None:
    """Half a surrogate pair in a log line does not stop the relay."""
    assert "half ?" == translated(entry(None, message="half \ud83d")).payload["message"]
