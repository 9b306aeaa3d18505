"""Read the whole ledger: compacted days by their totals, and everything else object by object.

Compacted days are read from the first one on. Where the chain of days is broken, because a day is gone or damaged, the
objects of the ledger between its neighbours are read. Late objects are looked for in the newest `LISTED_DAYS` compacted
days by each reader, and in older ones by the compaction, which writes a further revision of their day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from flink_jobs.contracts.layout import Hour, StreamLayout
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.ledger.damage import Damage
from orchestration.landing.ledger.days import LedgerDay, newest_day_keys, read_day_entries, read_days
from orchestration.landing.ledger.epochs import Epochs
from orchestration.landing.ledger.reading import Reading, read_ledger
from orchestration.landing.ledger.totals import LedgerTotals

LISTED_DAYS = 2
_OBJECTS_AT_ONCE = 20_000
"""Objects whose entries are in memory at once."""

Entries = tuple[tuple[Hour, LedgerEntry], ...]
"""Entries with their emission hours."""


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of emission that are read object by object; None is the begin or the end of the ledger."""

    begin: Hour | None
    end: Hour | None
    seen: dict[Hour, Epochs] = field(default_factory=dict)


def read_whole_ledger(
    bucket: Bucket,
    layout: StreamLayout,
    topics: tuple[str, ...],
    *,
    since: Hour | None = None,
    hours: Collection[Hour] = (),
) -> tuple[LedgerTotals, Entries]:
    """Add up every entry that was emitted in or after `since`, and return the entries of some hours.

    Of a compacted day that begins before `since` the earlier entries are added, too; None adds up all.
    """
    keys = newest_day_keys(bucket, layout)
    days = read_days(bucket, [key for day, key in keys.items() if since is None or day >= since.start.date()])
    found = _Sum(bucket, layout, LedgerTotals(topics=topics), frozenset(hours))
    for part in plan(days, since):
        found.add(part)
    return found.totals, tuple(found.entries)


def read_compacted(
    bucket: Bucket, layout: StreamLayout, topics: tuple[str, ...]
) -> tuple[LedgerTotals, Reading] | None:
    """Add up the compacted days from the begin of the ledger on, as far as their chain is unbroken.

    Return the totals and where to read on; None without such days.
    """
    days = read_days(bucket, newest_day_keys(bucket, layout).values())
    unbroken: list[LedgerDay] = []
    for day in days:
        if not _follows(day, unbroken[-1] if unbroken else None, None):
            break
        unbroken.append(day)
    if not unbroken:
        return None
    found = _Sum(bucket, layout, LedgerTotals(topics=topics), frozenset())
    for day in unbroken:
        found.add(day)
    last = _beside(unbroken)
    return found.totals, Reading(start=last.begin, seen=last.seen)


def plan(days: list[LedgerDay], since: Hour | None) -> Iterator[LedgerDay | Span]:
    """Return what is read, in the order of emission: days, and spans where there is no day."""
    before: LedgerDay | None = None
    begin = since
    for day in days:
        if not _follows(day, before, since):
            yield Span(begin, day.begin)
        yield day
        before, begin = day, day.end
    yield _beside(days) if days else Span(begin, None)


def _follows(day: LedgerDay, before: LedgerDay | None, since: Hour | None) -> bool:
    """Return whether the ledger has no object between the day before and this one."""
    if before is None and since is not None:
        return day.previous is None or day.previous < since.start.date()
    if before is None:
        return day.previous is None
    return day.previous == before.day and before.until is None


def _beside(days: list[LedgerDay]) -> Span:
    """Return the hours after the last day, and the newest compacted ones again, for objects that came late."""
    last = days[-1]
    newest = [day for day in days if (last.day - day.day).days < LISTED_DAYS]
    seen = {hour: epochs for day in newest for hour, epochs in day.seen.items()}
    return Span(newest[0].begin, None, seen)


class _Sum:
    """Adds up days and spans."""

    def __init__(self, bucket: Bucket, layout: StreamLayout, totals: LedgerTotals, hours: frozenset[Hour]) -> None:
        self._bucket = bucket
        self._layout = layout
        self._hours = hours
        self.totals = totals
        self.entries: list[tuple[Hour, LedgerEntry]] = []

    def add(self, part: LedgerDay | Span) -> None:
        if isinstance(part, Span):
            self._add_span(part)
        elif not self._add_day(part):
            self._add_span(Span(part.begin, part.end))

    def _add_day(self, day: LedgerDay) -> bool:
        """Add a day by its totals, or by its entries where they are needed; return whether it could be read."""
        added = self.totals.plus(day.totals)
        wanted = self._hours & day.totals.hours.keys()
        entries = None
        if added is None or wanted:
            entries = read_day_entries(self._bucket, self._layout, day, None if added is None else wanted)
            if entries is None:
                return False
        self.totals = added if added is not None else self.totals.fold(entries or ())
        self._keep(entries or ())
        return True

    def _add_span(self, span: Span) -> None:
        reading = Reading(start=span.begin, seen=span.seen)
        damaged: dict[str, Damage] = {}
        while True:
            news = read_ledger(
                self._bucket,
                self._layout,
                reading,
                damaged=damaged.values(),
                objects_max=_OBJECTS_AT_ONCE,
                until=span.end,
            )
            self.totals = self.totals.fold(news.entries)
            self._keep(news.entries)
            damaged |= {one.key: one for one in news.damaged}
            if not news.more:
                break
            # Objects are read in the order of keys, so everything before the newest one was read.
            reading = news.reading.model_copy(update={"start": max(hour for hour, _ in news.entries)})
        self.totals = self.totals.with_damaged((*self.totals.damaged, *damaged.values()))

    def _keep(self, entries: Collection[tuple[Hour, LedgerEntry]]) -> None:
        wanted = {hour.label for hour in self._hours}
        self.entries += [(emitted, entry) for emitted, entry in entries if wanted & entry.hours.keys()]
