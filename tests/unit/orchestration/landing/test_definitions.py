"""The definitions of the project, as a code server loads them."""

from datetime import timedelta
from typing import cast

import dagster as dg
import pytest

from orchestration import definitions
from orchestration.landing.clients.s3 import S3Bucket
from orchestration.settings import StreamAccess
from orchestration.stream.binding import bind
from orchestration.stream.catalog import StreamEntry, read_streams
from tests.fakes.streams import TABLE, document

pytestmark = pytest.mark.filterwarnings("ignore:.*is currently in beta")  # Dagster's own, of checks in a component

STREAMS = read_streams()
PLATFORM = STREAMS[0].document
LANDED_HOUR, PUBLISHED_HOUR, EXTERNAL_TABLE = PLATFORM.keys.landed_hour, PLATFORM.keys.published_hour, PLATFORM.table
STAGE = dg.AssetKey(["aws", "dev", "stage_flink_event_log"])
DESCRIBING = ("kinds", "owners", "description")
LEFT_TO_RIGHT = [
    "streams",
    "landed_hours",
    "aws_stages",
    "aws_external_tables",
    "published_hours",
    "event_models",
    "event_marts",
    "metapipeline",
]


def test_clients_have_defaults_and_hide_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream can be bound in an environment with one secret, which is never printed."""
    monkeypatch.setenv("HOURGLASS_S3_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("HOURGLASS_S3_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("HOURGLASS_KAFKA_SASL_PASSWORD", "canary")
    bound = bind(document(grace_seconds=7), TABLE)
    assert 7 == bound.stream.policy.grace.total_seconds()
    assert "canary" not in f"{StreamAccess()!r} {bound!r}"


def test_clients_and_limits_are_those_of_the_document() -> None:
    """What the document says decides, not the settings of another stream."""
    its = document(
        topics=["orders"],
        prefix="orders",
        bucket="other",
        first_hour="2015-06-01T05",
        disorder_seconds=3,
        lookback_hours=5,
        runs_per_tick_max=7,
        hours_per_run_max=3,
    )
    bound = bind(its, TABLE)
    stream = bound.stream
    assert (("orders",), "orders", its.first_hour, its.policy) == (
        stream.topics,
        stream.layout.stream,
        stream.first_hour,
        stream.policy,
    )
    assert ("other", "orders", TABLE.name) == (
        cast("S3Bucket", stream.bucket).name,
        bound.table.layout.stream,
        bound.table.name,
    )
    assert (7 * 3, timedelta(hours=5), 3.0) == (
        bound.limits.requests_max,
        bound.limits.lookback,
        stream.policy.disorder.total_seconds(),
    )


def test_the_keys_that_other_documents_know_are_those_of_the_first_stream() -> None:
    """The YAML of the stage names `flink_event_log_writer` and `landed_hour`."""
    assert [dg.AssetKey("flink_event_log_writer"), dg.AssetKey("landed_hour"), dg.AssetKey("published_hour")] == [
        PLATFORM.keys.writer,
        LANDED_HOUR,
        PUBLISHED_HOUR,
    ]


@pytest.mark.parametrize("entry", STREAMS, ids=lambda entry: entry.document.name)
def test_every_key_of_a_stream_is_an_asset_that_is_defined(entry: StreamEntry) -> None:
    """A key that Python and YAML spell differently would be two assets, one of them without a definition."""
    graph, its = definitions.defs().resolve_asset_graph(), entry.document
    hourly = [its.keys.landed_hour, its.table, its.keys.published_hour]
    assert [] == [key for key in [*its.keys.external(its.topics), *hourly] if not graph.has(key)]
    assert set(hourly) <= graph.executable_asset_keys
    assert not set(its.keys.external(its.topics)) & graph.executable_asset_keys


def test_every_asset_says_what_it_is_where_it_belongs_and_whose_it_is() -> None:
    """Kind, group, owner, description; a new asset, stream or model that lacks one is named here."""
    nodes = definitions.defs().resolve_asset_graph().asset_nodes
    specs = [node.to_asset_spec() for node in nodes]
    lacking = {
        spec.key.to_user_string(): missing
        for spec in specs
        if (missing := [field for field in DESCRIBING if not getattr(spec, field)] + _unnamed_group(spec))
    }
    assert {} == lacking


def _unnamed_group(spec: dg.AssetSpec) -> list[str]:
    """Dagster has a group for the assets without one."""
    return ["group_name"] if spec.group_name in {None, "default"} else []


def test_arrows_between_groups_lead_from_left_to_right() -> None:
    """An arrow that leads back would make a cycle of two groups in the graph of the project."""
    graph = definitions.defs().resolve_asset_graph()
    places = {key: LEFT_TO_RIGHT.index(str(graph.get(key).group_name)) for key in graph.get_all_asset_keys()}
    assert [] == [
        (parent.to_user_string(), key.to_user_string())
        for key in places
        for parent in graph.get(key).parent_keys
        if places[parent] > places[key]
    ]


def test_a_run_of_an_hour_holds_one_stream_its_models_and_its_four_checks() -> None:
    """A job reaches from the sealed hour through Snowflake to the dbt models, and to nothing of another stream."""
    loaded = definitions.defs()
    graph = loaded.resolve_asset_graph()
    runs = {
        entry.document.name: set(
            loaded.resolve_job_def(entry.document.keys.named("publish_hour")).asset_layer.executable_asset_keys
        )
        for entry in STREAMS
    }
    assert {LANDED_HOUR, STAGE, EXTERNAL_TABLE, PUBLISHED_HOUR} < runs["platform_events"]
    assert set() == runs["platform_events"] & runs["dagster_events"]
    assert {"stg_platform_events", "usage_by_organization_hour", "stg_dagster_events"} <= {
        key.to_user_string() for keys in runs.values() for key in keys
    }
    views = {key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "event_marts"}
    assert views < runs["platform_events"]
    assert {PLATFORM.partitions} == {graph.get(key).partitions_def for key in runs["platform_events"] - views}
    checks = {(key.asset_key, key.name) for key in graph.asset_check_keys if graph.get_check_spec(key).blocking}
    for entry in STREAMS:
        assert {
            (entry.document.keys.landed_hour, "offsets_accounted_for"),
            (entry.document.keys.landed_hour, "objects_present"),
            (entry.document.table, "files_registered"),
            (entry.document.table, "rows_queryable"),
        } <= checks
        its = {entry.document.keys.landed_hour, entry.document.table}
        hourly = {dg.AssetCheckKey(key, name) for key, name in checks if key in its}
        assert hourly == set(entry.document.blocking_checks)
