"""A topic is its id: records of another one never land unseen, and once it is accepted each of them lands once.

The tests share one stream, in the order of this file; each continues where the last one ended.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice

import pytest

from flink_jobs.audit.findings import Code
from flink_jobs.deploy.ending import ended_with
from flink_jobs.errors import TopicChangedError
from flink_jobs.restore.points import find_points
from flink_jobs.s3.bucket import Bucket
from flink_jobs.settings import StartingOffsets
from tests.faults.landing_stack import SECONDS_MAX, LandingStack, Raw, event
from tests.faults.verdict import findings, reader_of
from tests.integration.truth import Position, objects, plain, wait_for
from tests.stacks.seam import Servers

TOPIC = "topic-identity"
PARTITIONS = 2
LEASE_SECONDS = 120.0
"""A job that is paused for longer ends before it reads on."""


@dataclass
class Run:
    """A stream, and the ids of the events that all its topics were sent."""

    stack: LandingStack
    sent: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=count)
    positions: set[Position] = field(default_factory=set)

    def send(self, records: int) -> None:
        """Send records to the topic as it is now."""
        numbers = list(islice(self.numbers, records))
        self.positions = self.stack.produce(Raw(event(number), partition=number % PARTITIONS) for number in numbers)
        self.sent.update(f"e-{number}" for number in numbers)

    def topic_id(self) -> str:
        """Return the id that the broker has for the topic."""
        return reader_of(self.stack).identities([TOPIC])[TOPIC].topic_id

    def landed(self) -> Counter[str]:
        """Read the event id of each accepted line."""
        bodies = objects(self.stack.settings, f"{self.stack.settings.stream}/landing/")
        return Counter(
            json.loads(line)["event"]["event_id"] for key, body in bodies for line in plain(key, body).splitlines()
        )

    def booked(self) -> dict[str, int]:
        """Add up the accepted records of the ledger, by topic id."""
        sums: Counter[str] = Counter()
        for entry in self.stack.ledger():
            cells = (hour.accepted for hour in entry.hours.values())
            sums[str(entry.topic_id)] += sum(cell.records for cell in cells if cell)
        return dict(sums)

    def wait_until_all_landed(self) -> None:
        """Wait until the present topic has landed to its end."""
        present = self.topic_id()
        last = {(topic, partition): offset for topic, partition, offset in sorted(self.positions)}

        def landed() -> bool:
            entries = [entry for entry in self.stack.ledger() if entry.topic_id == present]
            return {*last.items()} <= {((entry.topic, entry.partition), entry.last_offset) for entry in entries}

        wait_for(landed, seconds_max=SECONDS_MAX, what=f"{present} to land")


@pytest.fixture(scope="module")
def run(all_servers: Servers) -> Iterator[Run]:
    with LandingStack(all_servers, TOPIC, partitions=PARTITIONS, lease_seconds=LEASE_SECONDS) as stack:
        yield Run(stack)


def test_a_topic_that_is_created_again_under_the_job_ends_it_and_none_of_its_records_land(run: Run) -> None:
    """The job is paused until the new topic is longer than its position, and reads on without any error of Kafka."""
    run.stack.start_job()
    run.send(40)
    run.wait_until_all_landed()
    former = run.topic_id()
    before = Counter(run.sent)
    run.stack.pause_job()
    run.stack.recreate_topic()
    run.send(400)
    run.stack.resume_job()
    run.stack.wait_until_job_ends()
    ending = ended_with(run.stack.landing)
    assert ending
    reason = ending.error
    assert isinstance(reason, TopicChangedError)
    assert f"it had the id {former} in the cluster " in str(reason)
    assert f"the broker has {run.topic_id()}" in str(reason)
    assert before == run.landed()
    assert {former: 40} == run.booked()
    assert [Code.OTHER_TOPIC] == [finding.code for finding in findings(run.stack)]


def test_without_acceptance_no_start_reads_it(run: Run) -> None:
    for offsets in (StartingOffsets.EARLIEST, StartingOffsets.LEDGER, StartingOffsets.GROUP):
        with pytest.raises(TopicChangedError, match=rf"{run.topic_id()} .* `hourglass job start --new-topic`"):
            run.stack.start_job(offsets=offsets)
    assert not run.stack.job_lives()


def test_once_it_is_accepted_each_record_of_both_topics_has_landed_once(run: Run) -> None:
    run.stack.start_job(offsets=StartingOffsets.NEW_TOPIC)
    run.wait_until_all_landed()
    assert run.sent == run.landed()
    assert [40, 400] == sorted(run.booked().values())
    assert [Code.FORMER_TOPIC] == [finding.code for finding in findings(run.stack)]


def test_a_topic_that_is_created_again_while_the_job_is_stopped_is_refused_and_continues_once_accepted(
    run: Run,
) -> None:
    """It is shorter than the former one, and the next start needs no option again."""
    savepoint = run.stack.stop_job()
    point = find_points(run.stack.landing, Bucket.of(run.stack.landing))[-1]
    assert (savepoint, run.topic_id()) == (run.stack.landing.url(point.key), point.identities[TOPIC].topic_id)
    run.stack.recreate_topic()
    run.send(30)
    with pytest.raises(TopicChangedError, match=run.topic_id()):
        run.stack.start_job()
    run.stack.start_job(offsets=StartingOffsets.NEW_TOPIC)
    run.wait_until_all_landed()
    run.stack.kill_job()
    run.send(20)
    run.stack.start_job()
    run.wait_until_all_landed()
    assert run.sent == run.landed()
    assert [40, 50, 400] == sorted(run.booked().values())
    assert {Code.FORMER_TOPIC} == {finding.code for finding in findings(run.stack)}
