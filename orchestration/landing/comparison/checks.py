"""The comparisons behind the blocking checks of an hour, except `rows.py`. Pure; each result names what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.comparison.as_of_seal import divide
from orchestration.landing.proof.seal import Seal, SealedPartition, sealed_partitions

_NAMED_MAX = 10
"""Keys that a result names; its counts cover all of them."""
_FILES_MAX, _FILE_BYTES_MIN = 50, 16_000_000
"""Above so many objects of an hour, and below so many bytes in their mean, the objects are too small."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a check: whether it passed, one sentence, and the numbers."""

    passed: bool
    sentence: str
    numbers: Mapping[str, int | float | str | list[str]] = field(default_factory=dict)


def compare_offsets(
    seal: Seal, entries: Iterable[tuple[Hour, LedgerEntry]], missing: Sequence[str], faults: Sequence[str]
) -> Comparison:
    """Compare the seal with the ledger: every offset is counted once, per partition, object and kind.

    Entries that landed after the seal are of the next revision (`as_of_seal`), and are only counted.

    Args:
        seal: the newest seal.
        entries: of the ledger, read again.
        missing: offsets up to the boundary of the hour that the ledger does not cover.
        faults: of ledger entries with records of the hour.
    """
    divided = divide(seal, entries)
    own = divided.own
    wrong = [
        *faults,
        *(f"{offsets} have not landed" for offsets in missing),
        *_differing_partitions(seal.partitions, sealed_partitions(seal.hour, own)),
        *_sums_that_differ(seal),
    ]
    numbers: dict[str, int | str | list[str]] = {
        "revision": seal.revision,
        "accepted": seal.accepted,
        "rejected": seal.rejected,
        "ledger_entries": len(own),
        "landed_after_the_seal": len(divided.later),
        "partitions": [f"{p.key} {p.first_offset}-{p.last_offset}" for p in seal.partitions],
        "wrong": wrong[:_NAMED_MAX],
    }
    if wrong:
        return Comparison(False, f"{seal.hour}: {wrong[0]}", numbers)
    return Comparison(True, f"{seal.accepted + seal.rejected} records of {len(own)} entries add up", numbers)


def compare_objects(seal: Seal, listed: Iterable[ListedObject]) -> Comparison:
    """Compare the seal with a new listing: each sealed object is listed once, unchanged, and has bytes."""
    found = {item.key: item for item in listed}
    lost = [item.key for item in seal.objects if item.key not in found]
    changed = [
        item.key
        for item in seal.objects
        if item.key in found and (found[item.key].bytes, found[item.key].etag) != (item.bytes, item.etag)
    ]
    empty = [item.key for item in seal.objects if item.records and not item.bytes]
    sealed = {item.key for item in seal.objects}
    epochs = {(item.kind, item.epoch) for item in seal.objects}
    doubled = [key for key in sorted(found.keys() - sealed) if _identity(key) in epochs]
    numbers: dict[str, int | str | list[str]] = {
        "revision": seal.revision,
        "sealed": len(seal.objects),
        "listed": len(found),
        "bytes": seal.bytes,
        "lost": lost[:_NAMED_MAX],
        "changed": changed[:_NAMED_MAX],
        "doubled": doubled[:_NAMED_MAX],
        "corrupt_object": [f"{key}: it has no bytes" for key in empty[:_NAMED_MAX]],
        "not_sealed": sorted(found.keys() - sealed)[:_NAMED_MAX],
        "advice": advice_on_sizes([item.bytes for item in seal.objects if item.kind is Kind.LANDING]),
    }
    for name, keys in (("lost", lost), ("changed", changed), ("doubled", doubled), ("empty", empty)):
        if keys:
            return Comparison(False, f"{seal.hour}: {len(keys)} objects {name}, the first is {keys[0]}", numbers)
    return Comparison(True, f"{len(seal.objects)} sealed objects are present and unchanged", numbers)


def advice_on_sizes(sizes: Sequence[int]) -> list[str]:
    """Return an advice where an hour has many small objects, each of which a query opens.

    Args:
        sizes: bytes of each object of the hour.
    """
    if len(sizes) <= _FILES_MAX or sum(sizes) >= len(sizes) * _FILE_BYTES_MIN:
        return []
    mean = sum(sizes) / len(sizes) / 1_000_000
    said = f"{len(sizes)} objects of {mean:.1f} MB in the mean: write fewer and larger ones, by rarer checkpoints"
    return [f"{said} (Snowflake recommends 16 to 256 MB for external tables)"]


def compare_registered(seal: Seal, registered: Collection[str], later: Collection[str] = ()) -> Comparison:
    """Compare the seal with the files that the external table has registered for the hour.

    Objects that landed after the seal, `later`, are of the next revision.
    """
    sealed, known = set(seal.landing()), set(registered) - set(later)
    absent, extra = sorted(sealed - known), sorted(known - sealed)
    numbers: dict[str, int | str | list[str]] = {
        "revision": seal.revision,
        "sealed": len(sealed),
        "registered": len(known),
        "landed_after_the_seal": len(set(later)),
        "not_registered": absent[:_NAMED_MAX],
        "not_sealed": extra[:_NAMED_MAX],
    }
    if absent:
        return Comparison(
            False, f"{seal.hour}: {len(absent)} objects are not registered, the first is {absent[0]}", numbers
        )
    if extra:
        return Comparison(
            False, f"{seal.hour}: {len(extra)} files are registered but not sealed, the first is {extra[0]}", numbers
        )
    return Comparison(True, f"{len(sealed)} objects are registered", numbers)


def _differing_partitions(sealed: Iterable[SealedPartition], ledger: Iterable[SealedPartition]) -> Iterable[str]:
    before = {p.key: p for p in sealed}
    now = {p.key: p for p in ledger}
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if old != new:
            yield f"{key.name}: sealed {_counts(old)}, the ledger has {_counts(new)}"


def _sums_that_differ(seal: Seal) -> Iterable[str]:
    for name, kind, total in (
        ("accepted", Kind.LANDING, seal.accepted),
        ("rejected", Kind.REJECTED, seal.rejected),
    ):
        objects = sum(item.records for item in seal.objects if item.kind is kind)
        partitions = sum(getattr(partition, name) for partition in seal.partitions)
        if not objects == partitions == total:
            yield f"{name}: {total} sealed, {objects} in objects, {partitions} in partitions"


def _counts(partition: SealedPartition | None) -> str:
    if partition is None:
        return "nothing"
    return (
        f"{partition.accepted} accepted and {partition.rejected} rejected in offsets "
        f"{partition.first_offset}-{partition.last_offset}"
    )


def _identity(key: str) -> tuple[Kind, str] | None:
    parsed = ObjectKey.try_parse(key)
    return (parsed.kind, parsed.epoch) if parsed else None
