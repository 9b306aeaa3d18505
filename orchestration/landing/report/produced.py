"""Find the hours of which the broker holds records that the ledger does not have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import Broker, RecordTime, TopicOffsets
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


def not_landed(broker: Broker, totals: LedgerTotals, topics: Iterable[TopicOffsets]) -> set[Hour]:
    """Return `hours_that_have_not_landed`; none while the broker cannot be asked."""
    try:
        return hours_that_have_not_landed(broker, totals, topics)
    except (BrokerUnavailableError, BrokerRefusedError):
        return set()


def hours_that_have_not_landed(broker: Broker, totals: LedgerTotals, topics: Iterable[TopicOffsets]) -> set[Hour]:
    """Return hours with records that no ledger entry covers.

    In each partition the first record that has not landed is read, then the first one of a later hour, and so on.
    Where record times run backwards, an hour between them can be left out.

    Raises:
        BrokerUnavailableError: the broker is away.
        BrokerRefusedError: the broker refuses.
    """
    hours: set[Hour] = set()
    for key, marks in marks_of(topics).items():
        hours |= _of_partition(broker, totals, key, range(marks.low, marks.end))
    return hours


def _of_partition(broker: Broker, totals: LedgerTotals, key: ChainKey, offsets: range) -> set[Hour]:
    hours: set[Hour] = set()
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
        hour = Hour.containing(record.timestamp)
        hours.add(hour)
        later = broker.offsets_at(key.topic, [key.partition], hour.end)[key.partition]
        if later is None or later.offset <= record.offset:
            break
        first = later.offset
    return hours
