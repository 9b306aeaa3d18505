"""One document is the assets, checks, job and sensors of one stream."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import jsonschema
import pytest
import yaml

from flink_jobs.contracts.layout import Hour
from orchestration import HourlyStreamComponent
from orchestration.stream.catalog import DEFS, read_streams
from orchestration.stream.document import StreamDocument, stream_schema
from orchestration.stream.scaffold import StreamScaffolder, scaffolded
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.component_documents import loaded

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

ORDERS = scaffolded("orders")


def definitions_of(text: str) -> tuple[dg.Definitions, Any]:
    """Load documents; return their definitions and the asset graph."""
    with loaded(text, {"snowflake": SnowflakeConnection(settings=SnowflakeSettings())}) as definitions:
        return definitions, definitions.resolve_asset_graph()


@pytest.mark.parametrize("file", sorted(DEFS.glob("*_events/defs.yaml")), ids=lambda path: str(path.parent.name))
def test_every_document_of_the_project_loads_alone(file: Path) -> None:
    """Each folder of the project describes one stream with everything that it needs."""
    definitions, graph = definitions_of(file.read_text(encoding="utf-8"))
    (entry,) = read_streams(file.parent)
    its = entry.document
    assert {its.keys.landed_hour, its.keys.published_hour, its.table} <= graph.executable_asset_keys
    jobs = [its.keys.named(name) for name in ("publish_hour", "compact_ledger", "reconcile")]
    assert jobs == [cast("Any", job).name for job in definitions.jobs or []]
    assert jobs[1:] == [cast("Any", schedule).name for schedule in definitions.schedules or []]
    sensors = {its.keys.named(name) for name in ("landed_hours", "observe_stream", "check_stream", "alerts")}
    assert sensors == {sensor.name for sensor in definitions.sensors or []}


def test_a_second_document_is_a_second_stream_without_code() -> None:
    """Two documents share no asset, no job, no sensor and no resource."""
    both = f"{ORDERS}---\n{scaffolded('returns')}"
    definitions, graph = definitions_of(both)
    _, alone = definitions_of(ORDERS)
    assert alone.get_all_asset_keys() < graph.get_all_asset_keys()
    jobs = ("compact_ledger", "publish_hour", "reconcile")
    names = [f"{name}_{job}" for job in jobs for name in ("orders", "returns")]
    assert sorted(names) == sorted(cast("Any", job).name for job in definitions.jobs or [])
    assert {"snowflake", "stream_orders", "stream_returns"} == set(definitions.resources or {})
    keys = definitions.resolve_job_def("orders_publish_hour").asset_layer.executable_asset_keys
    assert {"orders/landed_hour", "aws/dev/stage_orders", "aws/dev/ext_orders", "orders/published_hour"} == {
        key.to_user_string() for key in keys
    }


def test_several_topics_are_several_assets_of_one_job() -> None:
    """The landing job depends on each of its topics."""
    _, graph = definitions_of(ORDERS.replace('["orders"]', '["orders", "returns.v2"]'))
    assert {"orders/orders_topic", "orders/returns_v2_topic"} == {
        key.to_user_string() for key in graph.get(dg.AssetKey(["orders", "flink_event_log_writer"])).parent_keys
    }


def test_the_partitions_of_every_hourly_asset_follow_the_first_hour() -> None:
    """One field moves the hours of the sealed hour, the stage, the table and the published hour."""
    definitions, graph = definitions_of(ORDERS.replace("2025-01-01T00", "2015-06-01T05"))
    hours = dg.HourlyPartitionsDefinition(start_date="2015-06-01-05:00")
    keys = definitions.resolve_job_def("orders_publish_hour").asset_layer.executable_asset_keys
    assert 4 == len(set(keys))
    assert {hours} == {graph.get(key).partitions_def for key in keys}
    assert "2015-06-01-05:00" == hours.get_first_partition_key()


def test_a_table_with_other_partitions_is_refused_with_the_repair() -> None:
    """It would be left out of every run, or stop it."""
    other = '{type: hourly, start_date: "2025-02-01-00:00"}'
    broken = ORDERS.replace("\"{{ hours_of('orders/landed_hour') }}\"", other, 1)
    with (
        loaded(broken, {"snowflake": SnowflakeConnection(settings=SnowflakeSettings())}) as definitions,
        pytest.raises(dg.DagsterInvalidDefinitionError) as raised,
    ):
        definitions.resolve_job_def("orders_publish_hour")
    assert "aws/dev/stage_orders does not have the hours of orders/landed_hour: write" in str(raised.value.__cause__)


def test_owners_and_freshness_are_those_of_the_document() -> None:
    """Every asset of the stream has its owners; the two hourly ones have a freshness policy."""
    text = ORDERS.replace("  # owners:", "  owners:").replace("  # freshness:", "  freshness:")
    _, graph = definitions_of(text)
    stream = [key for key in graph.get_all_asset_keys() if key.path[0] == "orders"]
    assert {("team:data-platform",)} == {tuple(graph.get(key).owners) for key in stream}
    assert ["landed_hour", "published_hour"] == sorted(
        key.path[-1] for key in stream if graph.get(key).freshness_policy is not None
    )


def test_templates_keep_one_document_for_every_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bucket, topics and seconds come from the environment; asset keys do not."""
    monkeypatch.setenv("HOURGLASS_TOPIC", "a,b")
    monkeypatch.setenv("HOURGLASS_GRACE_SECONDS", "7")
    monkeypatch.setenv("HOURGLASS_FIRST_HOUR", "2015-06-01T05")
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_DATABASE", "STAGING")
    first = read_streams()[0]
    assert (("a", "b"), 7.0, Hour.from_label("2015-06-01T05")) == (
        first.document.topics,
        first.document.grace_seconds,
        first.document.first_hour,
    )
    assert (
        QualifiedName(Identifier("STAGING"), Identifier("DEV"), Identifier("EXT_FLINK_EVENT_LOG")) == first.table.name
    )
    assert "aws/dev/ext_flink_event_log" == first.document.table.to_user_string()


def test_the_scaffold_is_a_commented_document_that_loads(tmp_path: Path) -> None:
    """`dg scaffold defs orchestration.HourlyStreamComponent my-orders` names the stream after the folder."""
    request = SimpleNamespace(target_path=tmp_path / "my-orders", append=False)
    StreamScaffolder().scaffold(cast("Any", request))
    text = (tmp_path / "my-orders" / "defs.yaml").read_text()
    (entry,) = read_streams(tmp_path)
    assert ("my_orders", "my-orders") == (entry.document.name, entry.document.prefix)
    assert text.splitlines()[0].startswith("#")
    fields = set(StreamDocument.model_fields) - {"bare_keys"}
    assert set() == {name for name in fields if f" {name}:" not in text}
    definitions_of(text)


@pytest.mark.parametrize("file", sorted(DEFS.glob("*_events/defs.yaml")), ids=lambda path: str(path.parent.name))
def test_a_document_that_loads_fits_the_schema(file: Path) -> None:
    """Editors do not mark a valid document, and mark an unknown field."""
    validator = jsonschema.Draft202012Validator(HourlyStreamComponent.get_model_cls().model_json_schema())
    attributes = next(yaml.safe_load_all(file.read_text(encoding="utf-8")))["attributes"]
    assert [] == [error.message for error in validator.iter_errors(attributes)]
    (error,) = validator.iter_errors({**attributes, "prefx": "x"})
    assert "('prefx' was unexpected)" in error.message


def test_the_schema_for_editors_describes_every_field_and_allows_templates() -> None:
    """`dg check yaml` and editors read it."""
    schema = HourlyStreamComponent.get_model_cls().model_json_schema()
    assert set(StreamDocument.model_fields) == set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert all(described["description"] for described in schema["properties"].values())
    assert {"type": "string"} in schema["properties"]["grace_seconds"]["anyOf"]
    assert "$ref" not in str(schema["properties"])
    assert stream_schema()["required"] == schema["required"]
