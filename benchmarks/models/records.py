"""The records of a simulated month: most land in their hour, some 2, 30 and 700 hours later, some are sent again.

The tail is planted, because a share of 1e-6 of so few records would be none: each day has late records of each delay as
soon as there are hours that are old enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from flink_jobs.contracts.layout import Hour

START = datetime(2025, 8, 1, tzinfo=UTC)
HOURS_PER_DAY = 24
LATE_HOURS = (2, 30, 700)
_LATE_PER_DAY = 2
"""Late records of each delay and day."""
_REPEATED_SHARE = 0.02
_ORGANIZATIONS = 8


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a stream with the producer's times.

    Args:
        hour: of its record time, in which it lands.
        second: of the hour.
        offset: unique, in the order of arrival.
        event_id: two records of one event have the same.
        organization: of the event.
        credits: of the event.
    """

    hour: Hour
    second: int
    offset: int
    event_id: str
    organization: str
    credits: int

    @property
    def order(self) -> tuple[Hour, int, int]:
        """The order in which the first record of an event is chosen."""
        return self.hour, self.second, self.offset


def days(count: int, records_per_hour: int, seed: int) -> Iterator[list[Record]]:
    """Yield the records that arrive on each day, in the order of arrival."""
    random = Random(seed)  # noqa: S311 (records, not secrets)
    first = Hour.containing(START)
    sent: list[Record] = []
    for day in range(count):
        arrived: list[Record] = []
        for number in range(HOURS_PER_DAY):
            hour = first.plus(day * HOURS_PER_DAY + number)
            arrived += [_record(hour, random, len(sent) + n + len(arrived)) for n in range(records_per_hour)]
        arrived += _repeated(random, arrived, len(sent) + len(arrived))
        arrived += _late(random, sent, first, day, len(sent) + len(arrived))
        sent += arrived
        yield arrived


def _record(hour: Hour, random: Random, offset: int) -> Record:
    organization = f"org-{random.randrange(_ORGANIZATIONS)}"
    return Record(hour, random.randrange(3600), offset, f"event-{offset}", organization, random.randrange(1, 10))


def _repeated(random: Random, arrived: list[Record], offset: int) -> list[Record]:
    """Send some events again an hour later, within the day."""
    chosen = [one for one in arrived if random.random() < _REPEATED_SHARE]
    found: list[Record] = []
    for one in chosen:
        later = one.hour.plus(1)
        if later.start.date() == one.hour.start.date():
            copied = Record(later, one.second, offset + len(found), one.event_id, one.organization, one.credits)
            found.append(copied)
    return found


def _late(random: Random, sent: list[Record], first: Hour, day: int, offset: int) -> list[Record]:
    """Records that arrive on this day for an older hour: new events, and earlier records of events that are known."""
    found: list[Record] = []
    for delay in LATE_HOURS:
        for number in range(_LATE_PER_DAY):
            arrival = first.plus(day * HOURS_PER_DAY + random.randrange(HOURS_PER_DAY))
            hour = Hour.containing(arrival.start - timedelta(hours=delay))
            if hour < first:
                continue
            record = _record(hour, random, offset + len(found))
            known = [one for one in sent[-2000:] if one.hour > hour]
            if number and known:
                event = random.choice(known)
                record = Record(hour, record.second, record.offset, event.event_id, event.organization, event.credits)
            found.append(record)
    return found
