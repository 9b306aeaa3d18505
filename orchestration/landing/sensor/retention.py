"""Say when the broker begins to delete what an open hour is proven with, before it happens. Pure.

The first record of hour H can be deleted from its begin + the topic's retention on: the broker deletes a segment when
its newest record is older than the retention. With `CreateTime` a record that was written late can be deleted earlier.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import HOUR, Hour
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.reading import marks_of
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.proof.completeness import CompletenessPolicy

WARNING_MAX = timedelta(hours=24)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Countdown:
    """The oldest open hour, and when it becomes unprovable.

    Args:
        hour: that is not proven yet.
        topic: whose records are deleted first.
        retention: of the topic.
        lag: records of the topic that have not landed.
        asked_at: when the broker was asked.
    """

    hour: Hour
    topic: str
    retention: timedelta
    lag: int
    asked_at: datetime

    @property
    def unprovable_at(self) -> datetime:
        """From when on the broker may have deleted a record of the hour."""
        return unprovable_at(self.hour, self.retention)

    @property
    def left(self) -> timedelta:
        """Time until then; negative afterwards."""
        return self.unprovable_at - self.asked_at

    @property
    def is_due(self) -> bool:
        """Whether somebody must act: half of the time between the end of the hour and the deletion is over."""
        return self.left <= min(WARNING_MAX, (self.retention - HOUR) / 2)

    def sentence(self) -> str:
        """Return what happens, when, and why."""
        cause = f"topic {self.topic} keeps records for {_spoken(self.retention)}, {self.lag} of them have not landed"
        if self.left <= timedelta(0):
            return f"hour {self.hour} may be unprovable since {self.unprovable_at:%Y-%m-%d %H:%M}: {cause}"
        return f"hour {self.hour} becomes unprovable in {_spoken(self.left)}: {cause}"


def unprovable_at(hour: Hour, retention: timedelta) -> datetime:
    """Return from when on the broker may have deleted a record of an hour."""
    return hour.start + retention


def countdown(
    open_hours: Collection[Hour], totals: LedgerTotals, topics: Iterable[TopicOffsets], asked_at: datetime
) -> Countdown | None:
    """Return the countdown of the oldest open hour; None without one, and where topics keep records for ever."""
    kept = [(topic.retention, topic) for topic in topics if topic.retention is not None]
    if not open_hours or not kept:
        return None
    retention, topic = min(kept, key=lambda one: one[0])
    return Countdown(min(open_hours), topic.topic, retention, lag(totals, topic), asked_at)


def lag(totals: LedgerTotals, topic: TopicOffsets) -> int:
    """Return how many offsets of a topic are behind the last landed one of their partition."""
    left = 0
    for key, marks in marks_of([topic]).items():
        last = totals.covered(key).last
        left += max(0, marks.end - (marks.low if last is None else max(marks.low, last + 1)))
    return left


def deleted(totals: LedgerTotals, topic: TopicOffsets) -> dict[ChainKey, range]:
    """Return the offsets of each partition that the broker deleted before they landed, behind the last landed one."""
    found = {}
    for key, marks in marks_of([topic]).items():
        last = totals.covered(key).last
        if last is not None and last + 1 < marks.low:
            found[key] = range(last + 1, marks.low)
    return found


def retention_findings(
    found: Countdown | None, totals: LedgerTotals, topics: Iterable[TopicOffsets], policy: CompletenessPolicy
) -> list[str]:
    """List what retention endangers, and what it has deleted before it landed."""
    findings = [found.sentence()] if found is not None and found.is_due else []
    needed = HOUR + policy.disorder + policy.grace
    for topic in topics:
        if topic.retention is not None and topic.retention <= needed:
            findings.append(
                f"topic {topic.topic} keeps records for {_spoken(topic.retention)}: an hour is proven "
                f"{_spoken(needed)} after its begin at the earliest; raise retention.ms"
            )
        for key, offsets in deleted(totals, topic).items():
            findings.append(f"{key.name}: the broker deleted offsets {offsets[0]}-{offsets[-1]} before they landed")
    return findings


def _spoken(time: timedelta) -> str:
    """Format a time as `7 d`, `3 h 10 min` or `45 s`."""
    if time < _MINUTE:
        return f"{int(time.total_seconds())} s"
    minutes = time // _MINUTE
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
