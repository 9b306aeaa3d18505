"""What is listed beside what the ledger promises, for all hours of an audit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from flink_jobs.audit.entries import Entry
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.layout import Hour, Kind, LayoutError, ObjectKey, StreamLayout
from flink_jobs.contracts.promises import Promise, compare
from flink_jobs.s3.objects import StoredObject

PENDING_MAX = timedelta(minutes=10)
"""How much newer the newest ledger object may be than an object that no entry promises yet. The commits of one
checkpoint lie less than a second apart; between them lies, at worst, the restart of a killed job."""

DATA_KINDS = (Kind.LANDING, Kind.REJECTED)


def promises_of(entries: Iterable[Entry]) -> Mapping[Hour, frozenset[Promise]]:
    """Collect what the ledger promises for each hour."""
    promised: dict[Hour, set[Promise]] = defaultdict(set)
    for entry in entries:
        for hour, kind, _ in entry.cells:
            promised[hour].add((kind, entry.epoch))
    return {hour: frozenset(found) for hour, found in promised.items()}


def by_hour(layout: StreamLayout, listed: Iterable[StoredObject]) -> tuple[dict[Hour, list[StoredObject]], list[str]]:
    """Sort a listing into hours; keys in no hour's directory are foreign. Directory markers are no objects."""
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


class Judge:
    """Judges listed objects.

    Args:
        newest: sequence number of the newest booked epoch of each operator instance.
        newest_at: when the newest ledger object was written.
    """

    def __init__(self, entries: Iterable[Entry], newest_at: datetime | None) -> None:
        self.newest: dict[str, int] = {}
        self.newest_at = newest_at
        for entry in entries:
            instance, sequence = _split(entry.epoch)
            self.newest[instance] = max(sequence, self.newest.get(instance, sequence))

    def hour(self, hour: Hour, promised: frozenset[Promise], listed: Iterable[StoredObject]) -> Iterator[Finding]:
        """Compare one hour; `listed` must have been read after the ledger."""
        kept = compare(promised, listed)
        for kind, epoch in kept.missing:
            yield Finding(Code.OBJECT_MISSING, f"{hour} {kind}", f"the ledger promises epoch {epoch}, nobody lists it")
        for found in kept.doubled:
            yield Finding(Code.OBJECT_TWICE, found.key, "its epoch has another object in this hour")
        for found in kept.foreign:
            yield foreign(found.key)
        for found in kept.unpromised:
            yield self._unpromised(found)
        for found in (*kept.objects, *kept.doubled):
            if not found.bytes:
                yield Finding(Code.OBJECT_EMPTY, found.key, "no bytes")

    def _unpromised(self, found: StoredObject) -> Finding:
        instance, sequence = _split(ObjectKey.parse(found.key).epoch)
        booked = self.newest.get(instance)
        if booked is not None and booked > sequence:
            what = f"no ledger entry promises it, though its writer has booked epoch {instance}.{booked} since"
            return Finding(Code.OBJECT_UNPROMISED, found.key, what)
        if self.newest_at is not None and self.newest_at - found.modified > PENDING_MAX:
            what = f"no ledger entry promises it; written {found.modified:%Y-%m-%dT%H:%M:%SZ}, entries came since"
            return Finding(Code.OBJECT_UNPROMISED, found.key, what)
        return Finding(Code.OBJECT_PENDING, found.key, "no ledger entry promises it yet")


def is_ours(key: str) -> bool:
    """Tell whether the landing job writes such keys."""
    try:
        ObjectKey.parse(key)
    except LayoutError:
        return False
    return True


def foreign(key: str) -> Finding:
    """Tell of a key that the job does not write."""
    return Finding(Code.FOREIGN_KEY, key, "the landing job does not write such keys")


def _split(epoch: str) -> tuple[str, int]:
    instance, _, sequence = epoch.rpartition(".")
    return instance, int(sequence)
