"""The definitions of the project, as a code server loads them."""

import pytest

from orchestration import definitions
from orchestration.landing.partitions import (
    EXTERNAL_TABLE,
    LANDED_HOUR,
    PUBLISHED_HOUR,
    STAGE,
    TOPIC,
    WRITER,
    hourly_partitions,
)
from orchestration.landing.run_checks import BLOCKING_CHECKS
from orchestration.settings import SensorSettings


def test_settings_have_defaults_and_hide_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream can be built from an environment with one secret, which is never printed."""
    monkeypatch.setenv("HOURGLASS_S3_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("HOURGLASS_S3_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("HOURGLASS_KAFKA_SASL_PASSWORD", "canary")
    monkeypatch.setenv("HOURGLASS_GRACE_SECONDS", "7")
    settings = SensorSettings()
    stream = settings.landing_stream()
    assert 7 == stream.policy.grace.total_seconds()
    assert "canary" not in f"{settings!r} {stream!r}"


def test_every_key_of_the_chain_is_an_asset_that_is_defined() -> None:
    """A key that Python and YAML spell differently would be two assets, one of them without a definition."""
    graph = definitions.defs().resolve_asset_graph()
    keys = [TOPIC, WRITER, LANDED_HOUR, STAGE, EXTERNAL_TABLE, PUBLISHED_HOUR]
    assert [] == [key for key in keys if not graph.has(key)]
    assert set(keys[2:]) <= graph.executable_asset_keys
    assert "aws/dev/ext_flink_event_log" == EXTERNAL_TABLE.to_user_string()


def test_a_run_of_one_hour_holds_the_chain_the_models_and_the_four_checks() -> None:
    """The job reaches from the sealed hour through Snowflake to the dbt models, and to nothing that is not hourly."""
    loaded = definitions.defs()
    graph, layer = loaded.resolve_asset_graph(), loaded.resolve_job_def("publish_hour").asset_layer
    assert {LANDED_HOUR, STAGE, EXTERNAL_TABLE, PUBLISHED_HOUR} < set(layer.executable_asset_keys)
    assert {hourly_partitions} == {graph.get(key).partitions_def for key in layer.executable_asset_keys}
    checks = {(key.asset_key, key.name) for key in graph.asset_check_keys if graph.get_check_spec(key).blocking}
    assert {
        (LANDED_HOUR, "offsets_accounted_for"),
        (LANDED_HOUR, "objects_present"),
        (EXTERNAL_TABLE, "files_registered"),
        (EXTERNAL_TABLE, "rows_queryable"),
    } <= checks
    hourly = {(key, name) for key, name in checks if key in {LANDED_HOUR, EXTERNAL_TABLE}}
    assert hourly == {(key.asset_key, key.name) for key in BLOCKING_CHECKS}
