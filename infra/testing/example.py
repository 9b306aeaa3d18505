"""The fixtures for users, and a test to begin with; docs/testing.md shows both."""

from __future__ import annotations

EXAMPLE = """\
pytest_plugins = ["infra.testing.pytest_plugin"]
EVENT = {"event_id": "e-1", "event_type": "RUN_START", "schema_version": 1, "occurred_at": "2025-08-01T03:30:00Z"}


def test_an_event_is_queryable_and_a_broken_record_is_rejected(new_stream):
    stream = new_stream("orchestration/defs/dagster_events")
    stream.send(EVENT | {"organization": "acme", "deployment": "prod", "payload": {}, "run_id": "r-1"}, "no json")
    [rejected] = stream.wait_until_landed().rejected
    assert "not_json" == rejected["reason"]
    assert [("e-1", "acme")] == stream.query("SELECT EVENT_ID, ORGANIZATION FROM EXT_DAGSTER_EVENT_LOG")
"""

MODELS_EXAMPLE = """\
from infra.testing.models import event

pytest_plugins = ["infra.testing.models_plugin"]
STAGED = "SELECT EVENT_ID, HOUR(REPLICATION_HOUR) FROM AWS.DEV.STG_PLATFORM_EVENTS ORDER BY 1"


def test_a_late_record_takes_its_event_to_an_earlier_hour(proven_models):
    proven_models.land("platform_events", "2025-08-01T04", event("e-1"), event("e-2"))
    proven_models.publish("2025-08-01T03", "2025-08-01T04")
    proven_models.build("stg_platform_events")
    proven_models.land("platform_events", "2025-08-01T03", event("e-1"))
    proven_models.publish("2025-08-01T03")
    proven_models.build("stg_platform_events")
    assert [("e-1", 3), ("e-2", 4)] == proven_models.query(STAGED)
"""

FIXTURES = {
    "chain_network": "the network of the containers",
    "kafka_container": "a broker: `bootstrap_servers`, `create_topic(name, partitions, config)`",
    "object_store_container": "an S3 server with the bucket `hourglass`: `endpoint`, `client()`, `create_bucket(name)`",
    "local_snowflake_container": "a local Snowflake that reads the S3 server: `login`, `connect()`, `query(sql)`",
    "new_landing_job": (
        "`new_landing_job(stream, **settings)` starts the landing job of a stream, whose topic has the same name"
    ),
    "new_stream": "`new_stream(folder, **settings)` starts the stream that the documents of a folder describe",
}
"""Each fixture of the plugin, and what it is."""
