"""Divide what is there now into what a seal covers and what landed after it. Pure.

A record can land between the seal of an hour and its checks. It belongs to the next revision, and the checks of this
one compare what was there when it was sealed. An entry that the seal should cover is not taken for later: the entries
of a chain become visible in the order of their offsets, and each offset below the boundary had landed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.proof.completeness import BrokerView
from orchestration.landing.proof.contents import cells_of
from orchestration.landing.proof.seal import Seal
from orchestration.landing.proof.witness import PartitionWitness
from producers.kafka import OffsetRange


@dataclass(frozen=True, slots=True)
class Divided:
    """The entries of an hour that its seal covers or should cover, and those of the next revision."""

    own: tuple[LedgerEntry, ...]
    later: tuple[LedgerEntry, ...]

    def later_epochs(self, hour: Hour) -> set[tuple[Kind, str]]:
        """Return the objects of the next revision by kind and epoch."""
        return {(kind, entry.epoch) for entry in self.later for kind, _ in cells_of(hour, entry)}


def divide(seal: Seal, entries: Iterable[tuple[Hour, LedgerEntry]]) -> Divided:
    """Divide the ledger entries of the hour of a seal; entries of other hours are ignored.

    An entry is later when none of its objects is sealed, its offsets follow those of every sealed entry of its chain,
    and its records of the hour lie beyond the boundary, before which everything had landed.
    """
    hour = seal.hour
    touching = [entry for _, entry in entries if hour.label in entry.hours]
    sealed_objects = {(item.kind, item.epoch) for item in seal.objects}
    sealed = [entry for entry in touching if any((k, entry.epoch) in sealed_objects for k, _ in cells_of(hour, entry))]
    ends: dict[ChainKey, int] = {}
    for entry in sealed:
        key = ChainKey.of(entry)
        ends[key] = max(ends.get(key, -1), entry.last_offset)
    boundaries = {one.partition: _boundary(one) for one in seal.witness.partitions} if seal.witness else {}

    def is_later(entry: LedgerEntry) -> bool:
        key = ChainKey.of(entry)
        first_of_hour = min(cell.min_offset for _, cell in cells_of(hour, entry))
        return entry.first_offset > ends.get(key, -1) and first_of_hour >= boundaries.get(key, 0)

    known = {id(entry) for entry in sealed}
    later = [entry for entry in touching if id(entry) not in known and is_later(entry)]
    left_out = {id(entry) for entry in later}
    return Divided(tuple(entry for entry in touching if id(entry) not in left_out), tuple(later))


def view_as_of(seal: Seal, view: BrokerView) -> BrokerView:
    """Return the broker's answers without the records that came after the seal.

    Where no record had followed the hour, its end was the end of the partition at that time. Seals of earlier releases
    have no witness, and the answers are compared as they are.
    """
    if seal.witness is None:
        return view
    ended = {one.partition: one for one in seal.witness.partitions if one.later is None and one.partition in view.marks}
    marks = {
        key: OffsetRange(range_.low, ended[key].end) if key in ended else range_ for key, range_ in view.marks.items()
    }
    later = {key: None if key in ended else found for key, found in view.later.items()}
    return replace(view, marks=marks, later=later, is_empty=seal.witness.is_empty)


def later_objects(
    seal: Seal, keys: Iterable[str], listed: Mapping[str, ListedObject], promised: Iterable[tuple[Kind, str]]
) -> set[str]:
    """Return those keys that are objects of the next revision: the ledger promises them, or they are newer.

    Args:
        seal: of the hour.
        keys: of files that are not sealed.
        listed: the objects of the hour by key.
        promised: kinds and epochs of the later entries of the ledger.
    """
    epochs, sealed = set(promised), {(item.kind, item.epoch) for item in seal.objects}
    found = set()
    for key in keys:
        parsed, item = ObjectKey.try_parse(key), listed.get(key)
        if parsed is None or item is None or parsed.hour != seal.hour or (parsed.kind, parsed.epoch) in sealed:
            continue
        # an object is visible before its entry
        is_newer = item.modified is not None and item.modified > seal.sealed_at
        if is_newer or (parsed.kind, parsed.epoch) in epochs:
            found.add(key)
    return found


def _boundary(witness: PartitionWitness) -> int:
    return witness.later.offset if witness.later else witness.end
