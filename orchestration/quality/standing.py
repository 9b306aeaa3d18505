"""Where a stream stands: is the expected hour published, which hours are not, is the ledger sound, is time running out.

`read_standing` asks the bucket and the broker once; the comparisons are pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import Hour, PublicationKey, SealKey
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import CompletenessPolicy
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import newest_seal_keys
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.produced import NotLanded, broker_dates, not_landed
from orchestration.landing.report.state import REPAIRS, HourState
from orchestration.landing.sensor.retention import countdown, retention_findings, unprovable_at
from orchestration.quality.shares import Numbers

_NAMED_MAX = 10
"""Hours or findings that a result names; its counts cover all of them."""
_RESTORE = "restore the former version of the object"


@dataclass(frozen=True, slots=True)
class Standing:
    """What bucket and broker have of a stream.

    Args:
        now: when they were asked.
        first_hour: of the stream.
        policy: when an hour is complete.
        expected: the newest hour that must be published by now; None while there is none.
        sealed: the newest seal of every hour.
        published: the newest publication of every hour.
        totals: of the ledger.
        topics: None while the broker is away.
        not_landed: what the broker holds and the ledger does not have; None while the broker is away.
    """

    now: datetime
    first_hour: Hour
    policy: CompletenessPolicy
    expected: Hour | None
    sealed: dict[Hour, SealKey]
    published: dict[Hour, PublicationKey]
    totals: LedgerTotals
    topics: tuple[TopicOffsets, ...] | None
    not_landed: NotLanded | None

    def begun(self) -> Hour | None:
        """Return the first hour with records or with a seal, from the first hour of the stream on."""
        return min(self._known(), default=None)

    def due(self) -> Hour | None:
        """Return the newest hour that must be published by now.

        With `CreateTime` an hour after the newest known one may be silent because a replay is over.
        """
        if self.expected is None or (self.topics is not None and broker_dates(self.topics)):
            return self.expected
        return min(self.expected, max(self._known(), default=self.expected))

    def behind(self) -> list[Hour]:
        """List the hours up to the newest due one whose newest seal is not published, sealed or not."""
        begun, due = self.begun(), self.due()
        if begun is None or due is None:
            return []
        return [hour for hour in begun.until(due) if not self.is_published(hour)]

    def _known(self) -> set[Hour]:
        now = Hour.containing(self.now)
        missing = self.not_landed.hours if self.not_landed else ()
        return {hour for hour in (*self.sealed, *self.totals.hours, *missing) if self.first_hour <= hour <= now}

    def is_published(self, hour: Hour) -> bool:
        """Return whether the newest seal of an hour is published."""
        key = self.published.get(hour)
        return key is not None and (hour not in self.sealed or self.sealed[hour].revision == key.revision)


def read_standing(stream: Stream, expected: Hour | None) -> Standing:
    """Ask the broker, then the bucket: what lands meanwhile cannot make an hour look endangered.

    Raises:
        UnavailableError: the bucket is away.
        BucketRefusedError: it refuses.
    """
    now, topics = stream.clock.utc_now(), _topics(stream)
    totals, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topics)
    return Standing(
        now=now,
        first_hour=stream.first_hour,
        policy=stream.policy,
        expected=expected,
        sealed=newest_seal_keys(stream.bucket, stream.layout),
        published=published_revisions(stream.bucket, stream.layout),
        totals=totals,
        topics=topics,
        not_landed=None if topics is None else not_landed(stream.broker, totals, topics),
    )


def expected_hour(its: Standing) -> Comparison:
    """Compare the newest published hour with the newest one that must be published by now."""
    newest = max(its.published, default=None)
    due, begun = its.due(), its.begun()
    numbers: Numbers = {"expected": str(due or ""), "newest_published": str(newest or "")}
    if due is None or begun is None or due < begun:
        return Comparison(True, "no hour is expected yet", numbers)
    if due in its.published:
        return Comparison(True, f"{due} is published", numbers)
    numbers["repair"] = REPAIRS[HourState.SEALED if due in its.sealed else HourState.OPEN]
    behind = f"{newest} is the newest published hour" if newest else "no hour is published"
    return Comparison(False, f"{due} should be published by now; {behind}", numbers)


def unpublished_hours(its: Standing, in_progress: Collection[Hour] = ()) -> Comparison:
    """Find the hours up to the expected one whose newest seal is not published, and that no run works on."""
    begun, due = its.begun(), its.due()
    if begun is None or due is None:
        return Comparison(True, "no hour is expected yet")
    hours = [hour for hour in its.behind() if hour not in in_progress]
    sealed = [hour for hour in hours if hour in its.sealed]
    numbers: Numbers = {
        "unpublished": len(hours),
        "sealed": len(sealed),
        "not_sealed": len(hours) - len(sealed),
        "hours": [f"{hour} is {'sealed' if hour in its.sealed else 'not sealed'}" for hour in hours[:_NAMED_MAX]],
    }
    if not hours:
        return Comparison(True, f"every hour from {begun} to {due} is published", numbers)
    numbers["repair"] = REPAIRS[HourState.SEALED if hours[0] in its.sealed else HourState.OPEN]
    return Comparison(
        False,
        f"{len(hours)} hours are not published, {len(sealed)} of them are sealed; the first is {hours[0]}",
        numbers,
    )


def ledger_readable(its: Standing) -> Comparison:
    """Find objects of the ledger that cannot be read, gaps and overlaps."""
    findings = its.totals.findings()
    numbers: Numbers = {"findings": len(findings), "named": findings[:_NAMED_MAX], "hours": len(its.totals.hours)}
    if findings:
        numbers["repair"] = _RESTORE if its.totals.damaged else "hourglass ledger check --broker"
        return Comparison(False, f"{len(findings)} findings, the first: {findings[0]}", numbers)
    return Comparison(True, "every entry can be read, and no offset is missing or counted twice", numbers)


def retention(its: Standing) -> Comparison | None:
    """Return how long the oldest open hour can still be proven; None while broker or ledger cannot be read."""
    begun = its.begun()
    if its.topics is None or its.totals.damaged:
        return None
    open_hours = _open(its, begun) if begun else []
    lost = [hour for hour in open_hours if _is_lost(hour, its.topics, its.now)]
    found = countdown([hour for hour in open_hours if hour not in lost], its.totals, its.topics, its.now)
    lost = [hour for hour in lost if hour in its.totals.hours]
    findings = retention_findings(found, its.totals, its.topics, its.policy)
    if lost:
        findings.insert(0, f"{len(lost)} hours with records may be unprovable by now, the first is {lost[0]}")
    numbers: Numbers = {"open_hours": len(open_hours), "findings": findings[:_NAMED_MAX]}
    if found is not None:
        numbers |= {
            "hour": str(found.hour),
            "unprovable_at": found.unprovable_at.isoformat(),
            "hours_left": round(found.left / timedelta(hours=1), 2),
            "lag": found.lag,
        }
    if findings:
        numbers["repair"] = "let the landing job catch up (hourglass job status), or raise retention.ms of the topic"
        return Comparison(False, findings[0], numbers)
    return Comparison(True, found.sentence() if found else "no hour is open, or the topics keep every record", numbers)


def _open(its: Standing, begun: Hour) -> list[Hour]:
    """List the hours that are over and have no seal."""
    last = Hour.containing(its.now).plus(-1)
    return [hour for hour in begun.until(last) if hour not in its.sealed and its.policy.beyond(hour) <= its.now]


def _is_lost(hour: Hour, topics: Sequence[TopicOffsets], now: datetime) -> bool:
    kept = [topic.retention for topic in topics if topic.retention is not None]
    return bool(kept) and unprovable_at(hour, min(kept)) <= now


def _topics(stream: Stream) -> tuple[TopicOffsets, ...] | None:
    try:
        return tuple(stream.broker.offsets(topic) for topic in stream.topics)
    except (BrokerUnavailableError, BrokerRefusedError):
        return None
