"""Compare the listed objects of an hour with those that the ledger promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from flink_jobs.audit.entries import Entry
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.layout import DATA_KINDS, Hour, LayoutError, ObjectKey, StreamLayout, split_epoch
from flink_jobs.contracts.promises import Promise, compare
from flink_jobs.s3.objects import StoredObject

PENDING_MAX = timedelta(minutes=10)
"""How much newer the newest ledger object may be than an object that no entry promises yet. The commits of one
checkpoint are less than a second apart, or the restart of a killed job lies between them."""


def promises_of(entries: Iterable[Entry]) -> Mapping[Hour, frozenset[Promise]]:
    """Collect what the ledger promises for each hour."""
    promised: dict[Hour, set[Promise]] = defaultdict(set)
    for entry in entries:
        for hour, kind, _ in entry.cells:
            promised[hour].add((kind, entry.epoch))
    return {hour: frozenset(found) for hour, found in promised.items()}


def by_hour(layout: StreamLayout, listed: Iterable[StoredObject]) -> tuple[dict[Hour, list[StoredObject]], list[str]]:
    """Group a listing by hour; keys outside of the hours' directories are foreign, directory markers are skipped."""
    hours: dict[Hour, list[StoredObject]] = defaultdict(list)
    foreign = []
    prefixes = tuple(layout.prefix(kind) for kind in DATA_KINDS)
    for found in listed:
        if found.key.endswith("/") and not found.bytes:
            continue
        prefix = next(prefix for prefix in prefixes if found.key.startswith(prefix))
        try:
            hour = Hour.from_path(found.key[len(prefix) :].rpartition("/")[0])
        except LayoutError:
            foreign.append(found.key)
        else:
            hours[hour].append(found)
    return hours, foreign


class ObjectAudit:
    """Compare listed objects with promises, hour by hour.

    Attributes:
        newest: sequence number of the newest booked epoch of each operator instance.
        newest_at: when the newest ledger object was written.
    """

    def __init__(self, entries: Iterable[Entry], newest_at: datetime | None) -> None:
        self.newest: dict[str, int] = {}
        self.newest_at = newest_at
        for entry in entries:
            instance, sequence = split_epoch(entry.epoch)
            self.newest[instance] = max(sequence, self.newest.get(instance, sequence))

    def hour(self, hour: Hour, promised: frozenset[Promise], listed: Iterable[StoredObject]) -> Iterator[Finding]:
        """Find what differs in one hour; `listed` must have been read after the ledger."""
        matched = compare(promised, listed)
        for kind, epoch in matched.missing:
            yield Finding(
                Code.OBJECT_MISSING, f"{hour} {kind}", f"the ledger promises epoch {epoch}, no listing has it"
            )
        for found in matched.doubled:
            yield Finding(Code.OBJECT_TWICE, found.key, "its epoch has another object in this hour")
        for found in matched.foreign:
            yield foreign(found.key)
        for found in matched.unpromised:
            yield self._unpromised(found)
        for found in (*matched.objects, *matched.doubled):
            if not found.bytes:
                yield Finding(Code.OBJECT_EMPTY, found.key, "no bytes")

    def _unpromised(self, found: StoredObject) -> Finding:
        instance, sequence = split_epoch(ObjectKey.parse(found.key).epoch)
        booked = self.newest.get(instance)
        if booked is not None and booked > sequence:
            what = f"no ledger entry promises it, though its writer has booked epoch {instance}.{booked} since"
            return Finding(Code.OBJECT_UNPROMISED, found.key, what)
        if self.newest_at is not None and self.newest_at - found.modified > PENDING_MAX:
            what = f"no ledger entry promises it; written {found.modified:%Y-%m-%dT%H:%M:%SZ}, entries came since"
            return Finding(Code.OBJECT_UNPROMISED, found.key, what)
        return Finding(Code.OBJECT_PENDING, found.key, "no ledger entry promises it yet")


def foreign(key: str) -> Finding:
    """Make the finding of a key that the job does not write."""
    return Finding(Code.FOREIGN_KEY, key, "the landing job does not write such keys")
