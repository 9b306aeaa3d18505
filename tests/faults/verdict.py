"""The verdict after a fault: two readers that share no code, and the findings of the live watch."""

from __future__ import annotations

from collections.abc import Iterable

from flink_jobs.audit.audit import Hours, audit, compare_with_broker
from flink_jobs.audit.broker import KafkaReader
from flink_jobs.audit.findings import Finding
from flink_jobs.s3.bucket import Bucket
from tests.faults.landing_stack import LandingStack
from tests.faults.live_watch import LiveWatch
from tests.integration.truth import Position, read_landed, topic_positions

HEAL_SECONDS_MAX = 60.0
"""Everything must be visible this long after the last fault has healed."""


def reader_of(stack: LandingStack) -> KafkaReader:
    """Return a reader of the stack's broker, independent of the job."""
    return KafkaReader(stack.landing.librdkafka())


def findings(stack: LandingStack) -> list[Finding]:
    """Run the whole audit on a stream, broker included."""
    everything = Hours()
    seen = audit(Bucket.of(stack.landing), stack.landing.layout, hours=everything, read=True, report=print)
    compare_with_broker(seen, reader_of(stack), stack.landing.topics, everything, print)
    return seen.findings.kept


def assert_exactly_once(stack: LandingStack, sent: Iterable[Position], live: LiveWatch) -> None:
    """Wait until everything has landed, then assert equal sets of positions and no finding of the checker."""
    stack.wait_until_landed(sent, HEAL_SECONDS_MAX)
    landed = read_landed(stack.settings)

    assert set() == landed.doubled
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert set() == set(sent) - set(landed.accepted) - set(landed.rejected)
    assert [] == findings(stack)
    assert [] == live.told()
    assert live.polls, "nobody looked while it happened"
