"""Find what the broker holds and the ledger does not have: the hours of these records, and the oldest of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import Broker, RecordTime, TopicOffsets
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.reading import marks_of
from orchestration.landing.ledger.totals import LedgerTotals

_STEPS_MAX = 50
"""Records that are read of one partition at most; one of its hours is enough to show that something is missing."""
_BEGINNING = datetime.fromtimestamp(0, UTC)


def broker_dates(topics: Iterable[TopicOffsets]) -> bool:
    """Return whether the brokers set the time of every record, so that time goes on without records, too."""
    return all(topic.record_time is RecordTime.LOG_APPEND for topic in topics)


@dataclass(frozen=True, slots=True)
class NotLanded:
    """Records that no ledger entry covers.

    Args:
        hours: with such records.
        oldest: by topic, the earliest time of those that were read; without the topics that have landed in full.
    """

    hours: frozenset[Hour]
    oldest: Mapping[str, datetime]


def not_landed(broker: Broker, totals: LedgerTotals, topics: Iterable[TopicOffsets]) -> NotLanded | None:
    """Return `read_not_landed`; None while the broker cannot be asked."""
    try:
        return read_not_landed(broker, totals, topics)
    except (BrokerUnavailableError, BrokerRefusedError):
        return None


def read_not_landed(broker: Broker, totals: LedgerTotals, topics: Iterable[TopicOffsets]) -> NotLanded:
    """Look for records that no ledger entry covers.

    In each partition the first record that has not landed is read, then the first one of a later hour, and so on.
    Where record times run backwards, an hour between them can be left out, and an older record can be.

    Raises:
        BrokerUnavailableError: the broker is away.
        BrokerRefusedError: the broker refuses.
    """
    found = [
        (key.topic, record.timestamp)
        for key, marks in marks_of(topics).items()
        for record in _of_partition(broker, totals, key, range(marks.low, marks.end))
    ]
    oldest: dict[str, datetime] = {}
    for topic, time in found:
        oldest[topic] = min(time, oldest.get(topic, time))
    return NotLanded(frozenset(Hour.containing(time) for _, time in found), oldest)


def _of_partition(broker: Broker, totals: LedgerTotals, key: ChainKey, offsets: range) -> Iterator[TimestampedOffset]:
    """Yield the first record of each hour that has not landed."""
    landed, first = totals.covered(key), offsets.start
    for _ in range(_STEPS_MAX):
        span = landed.missing(first, offsets.stop - 1)
        if span is None:
            break
        record = broker.first_record(key.topic, key.partition, span[0], _BEGINNING)
        if record is None:
            break
        if record.offset > span[1]:
            first = record.offset
            continue
        yield record
        end = Hour.containing(record.timestamp).end
        later = broker.offsets_at(key.topic, [key.partition], end)[key.partition]
        if later is None or later.offset <= record.offset:
            break
        first = later.offset
