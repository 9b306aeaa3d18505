from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from infra import provisioning
from infra.cli import app
from infra.local.processes import StackError
from infra.provisioning import TopicPlan, create_bucket, create_topic, provision
from orchestration.stream.catalog import read_streams
from producers.kafka import KafkaAccess


class Store:
    """A bucket server that knows two calls."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def list_buckets(self) -> dict[str, list[dict[str, str]]]:
        """Return the names as boto3 does."""
        return {"Buckets": [{"Name": name} for name in self.names]}

    def create_bucket(self, *, Bucket: str) -> None:  # noqa: N803 (boto3's name)
        """Add a name."""
        self.names.append(Bucket)


class SilentStore:
    """A bucket server that does not answer."""

    def list_buckets(self) -> None:
        """Raise what boto3 raises."""
        raise EndpointConnectionError(endpoint_url="http://s3:9000")


def test_a_bucket_is_created_once() -> None:
    """A second set-up changes nothing."""
    store: Any = Store("other")
    assert [True, False] == [create_bucket(store, "hourglass"), create_bucket(store, "hourglass")]
    assert ["other", "hourglass"] == store.names


def test_a_server_that_is_away_is_named_with_the_bucket() -> None:
    """The command line prints it in one line, with exit code 2."""
    store: Any = SilentStore()
    with pytest.raises(StackError, match=r"the bucket hourglass cannot be created: .*http://s3:9000"):
        create_bucket(store, "hourglass")


def test_a_broker_that_is_away_is_an_error_of_the_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the broker."""
    monkeypatch.setattr(provisioning, "TOPIC_SECONDS_MAX", 0.5)
    with pytest.raises(StackError, match="the topic events cannot be created"):
        create_topic(AdminClient({"bootstrap.servers": "127.0.0.1:1"}), "events", TopicPlan())


def test_each_stream_gets_its_topics_with_its_record_time_and_its_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record time decides the hour of every record, so it is that of the document, whatever else is asked for."""
    made: dict[str, TopicPlan] = {}

    def create(_admin: AdminClient, name: str, plan: TopicPlan) -> bool:
        made[name] = plan
        return True

    monkeypatch.setattr(provisioning, "create_topic", create)
    monkeypatch.setenv("HOURGLASS_RECORD_TIME", "CreateTime")
    store: Any = Store()
    told: list[str] = []
    documents = tuple(entry.document for entry in read_streams())
    plan = TopicPlan(partitions=6, config={"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"})
    provision(documents, KafkaAccess(), store, plan, told.append)

    wanted = TopicPlan(partitions=6, config={"retention.ms": "-1", "message.timestamp.type": "CreateTime"})
    assert {"platform-events": wanted, "dagster-events": wanted} == made
    assert ["hourglass"] == store.names
    assert "topic platform-events: created" in told
    assert "bucket hourglass: exists" in told


@pytest.mark.parametrize("text", ["retention.ms", "=5"])
def test_a_topic_setting_without_a_value_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Nothing is asked of a server before."""
    monkeypatch.setenv("HOURGLASS_TARGET", "remote")
    done = CliRunner().invoke(app, ["provision", "--topic-config", text])
    assert 2 == done.exit_code
    assert "NAME=VALUE" in done.output
