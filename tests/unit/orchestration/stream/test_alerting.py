"""The sensor `alerts` over fakes, with a channel that keeps its messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import dagster as dg
import pytest

from orchestration.alerts.incidents import Message, Occasion
from orchestration.landing.errors import BucketUnavailableError
from orchestration.landing.report.hours import hour_rows
from orchestration.stream.definitions.alerting import alert_sensor, incidents
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.fakes.streams import bound, document

DOCUMENT = document()


@dataclass
class KeptMessages:
    """A channel."""

    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Keep the message."""
        self.sent.append(message)


@pytest.fixture
def fake() -> FakeLanding:
    """Hour 01 is complete and late; hour 02 has a record that has not landed."""
    made = FakeLanding(FakeBroker({0: minutes(1, 30, 61, 90)}))
    made.job.land(0, 0, 2, made.clock.utc_now())
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def ticked(fake: FakeLanding, instance: dg.DagsterInstance, channel: KeptMessages, cursor: str | None) -> str | None:
    its = replace(bound(fake, DOCUMENT), channels={"slack": channel})
    context = dg.build_sensor_context(instance, cursor, resources={DOCUMENT.resource_key: its})
    return alert_sensor(DOCUMENT, is_wanted=True).evaluate_tick(context).cursor


def test_each_red_hour_is_told_once_with_its_repair_and_its_end_once(
    fake: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """Late hours are one incident, and a complete hour without a run is one of its own."""
    slack = KeptMessages()
    cursor = ticked(fake, instance, slack, None)
    cursor = ticked(fake, instance, slack, cursor)
    assert {
        "platform_events/late": "hourglass job status",
        "platform_events/complete/2025-08-01T01": "look at the sensor of the stream in Dagster, then run the hour's "
        "partition of its job",
    } == {one.incident.key: one.incident.repair for one in slack.sent}
    assert 2 == len(slack.sent)
    assert {Occasion.OPENED} == {one.occasion for one in slack.sent}
    fake.job.land(0, 3, 3, fake.clock.utc_now())
    ticked(fake, instance, slack, cursor)
    assert [("platform_events/late", Occasion.RESOLVED)] == [
        (one.incident.key, one.occasion) for one in slack.sent if one.occasion is Occasion.RESOLVED
    ]


def test_a_dead_job_is_one_incident_however_many_hours_are_late(fake: FakeLanding) -> None:
    """The title counts them, the detail is of the first one."""
    fake.clock.time = H1.plus(30).start
    found = list(incidents("s", hour_rows(fake.stream, fake.table.client)))
    (late,) = [one for one in found if one.key == "s/late"]
    assert late.title == "2025-08-01T02 and 27 more hours of s should be published and are not"
    assert late.detail.startswith("it waits for offsets 3-3 of platform-events[0] to land")


def test_a_bucket_that_is_away_keeps_the_open_incidents(fake: FakeLanding, instance: dg.DagsterInstance) -> None:
    """What cannot be looked at is not over."""
    slack = KeptMessages()
    cursor = ticked(fake, instance, slack, None)
    fake.bucket.failures = [BucketUnavailableError("away")]
    assert ticked(fake, instance, slack, cursor) in {None, cursor}
    ticked(fake, instance, slack, cursor)
    assert 2 == len(slack.sent)


def test_without_a_webhook_the_sensor_is_stopped() -> None:
    """And says which variables it needs, if somebody starts it."""
    assert alert_sensor(DOCUMENT, is_wanted=False).default_status is dg.DefaultSensorStatus.STOPPED
    assert document(alert_seconds=60).late == timedelta(minutes=15)
