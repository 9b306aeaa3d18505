"""Make the ledger entries of objects that are visible and that no entry books, from what the objects hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from flink_jobs.audit.broker import BrokerReader
from flink_jobs.audit.objects.tally import ObjectTally, Part
from flink_jobs.contracts.layout import Kind, ObjectKey
from flink_jobs.contracts.ledger import (
    HOLE_RANGES_MAX,
    Cell,
    HourCells,
    LedgerEntry,
    TopicIdentity,
    TopicPartition,
    partition_name,
)
from flink_jobs.contracts.ranges import Ranges
from flink_jobs.errors import RestoreRefusedError
from producers.kafka import OffsetRange

RECOVERED = "recovered"
"""In the place of a job id: a start of the job wrote the entry."""


@dataclass(frozen=True, slots=True)
class BrokerView:
    """What the broker has of the topics that have landed.

    Attributes:
        broker: is asked whether a record can be read.
        ranges: first and next offset of each partition; none of a topic that was created again since.
        identities: of the topics that have landed.
    """

    broker: BrokerReader
    ranges: Mapping[TopicPartition, OffsetRange]
    identities: Mapping[str, TopicIdentity]


def missing_entries(
    job_name: str, tallies: Iterable[ObjectTally], next_offsets: Mapping[TopicPartition, int], view: BrokerView
) -> Iterator[list[LedgerEntry]]:
    """Yield the entries of one epoch after the other, in the order of offsets; each chains to the one before.

    Args:
        job_name: of the entries.
        tallies: the objects, read to their end.
        next_offsets: where the ledger ends, by partition.
        view: distinguishes a hole from a record that has not landed.

    Raises:
        RestoreRefusedError: a record before or between those of the objects has not landed.
    """
    ends = dict(next_offsets)
    epochs: dict[str, list[ObjectTally]] = defaultdict(list)
    for tally in tallies:
        epochs[tally.key.epoch].append(tally)
    for epoch, of_epoch in sorted(epochs.items(), key=lambda item: _first_offset(item[1])):
        entries = []
        for at in sorted({at for tally in of_epoch for at in tally.parts}):
            parts = [(tally.key, tally.parts[at]) for tally in of_epoch if at in tally.parts]
            landed = _Landed(at, parts, ends.get(at, _first_readable(parts, view.ranges.get(at))))
            if landed.last < landed.first:
                continue  # booked by others: `ledger check` lists an object that nobody promises
            _require_nothing_booked(landed)
            _require_no_gap(landed, view)
            entries.append(landed.entry(job_name, epoch, view.identities.get(at[0])))
            ends[at] = landed.last + 1
        if entries:
            yield entries


@dataclass(frozen=True, slots=True)
class _Landed:
    """The lines of one partition in the objects of one epoch; its entry begins at `first`."""

    at: TopicPartition
    parts: Sequence[tuple[ObjectKey, Part]]
    first: int

    @property
    def present(self) -> Ranges:
        found = Ranges()
        for _, part in self.parts:
            for first, last in zip(part.spans[::2], part.spans[1::2], strict=True):
                found = found.add(first, last)
        return found

    @property
    def last(self) -> int:
        return max(part.sums.max_offset for _, part in self.parts)

    @property
    def absent(self) -> Ranges:
        """Offsets of the entry that lie in no object."""
        absent, first, present = Ranges(), self.first, self.present
        while (gap := present.missing(first, self.last)) is not None:
            absent, first = absent.add(*gap), gap[1] + 1
        return absent

    def entry(self, job_name: str, epoch: str, identity: TopicIdentity | None) -> LedgerEntry:
        hours: dict[str, dict[str, Cell]] = defaultdict(dict)
        reasons: dict[str, int] = defaultdict(int)
        for key, part in self.parts:
            kind = "accepted" if key.kind is Kind.LANDING else "rejected"
            hours[key.hour.label][kind] = Cell.model_validate(asdict(part.sums))
            for reason, count in part.reasons.items():
                reasons[reason] += count
        return LedgerEntry(
            job=job_name,
            job_id=RECOVERED,
            checkpoint=0,
            subtask=0,
            epoch=epoch,
            cluster_id=identity.cluster_id if identity else None,
            topic_id=identity.topic_id if identity else None,
            topic=self.at[0],
            partition=self.at[1],
            first_offset=self.first,
            last_offset=self.last,
            records=sum(part.sums.records for _, part in self.parts),
            offset_sum=sum(part.sums.offset_sum for _, part in self.parts),
            holes=len(self.absent),
            hole_ranges=self.absent.spans[:HOLE_RANGES_MAX],
            hours={label: HourCells(**cells) for label, cells in sorted(hours.items())},
            reasons=dict(reasons),
        )


def _require_nothing_booked(landed: _Landed) -> None:
    """Refuse objects that hold booked offsets beside unbooked ones: no job of ours writes them."""
    booked = landed.present.within(0, landed.first - 1)
    if booked.spans:
        keys = ", ".join(key.key for key, _ in landed.parts)
        raise RestoreRefusedError(
            f"{partition_name(landed.at)}: offsets {booked} are booked, and lie once more in objects that no "
            f"ledger entry books ({keys}). Move these objects out of the stream and start again; `hourglass ledger "
            "check --read` compares the rest"
        )


def _require_no_gap(landed: _Landed, view: BrokerView) -> None:
    """Refuse where an absent offset is a record, or may have been one that the broker has deleted."""
    absent = landed.absent
    if not absent.spans:
        return
    low = view.ranges[landed.at].low if landed.at in view.ranges else landed.last + 1
    if absent.spans[0][0] < low or next(view.broker.readable(landed.at, absent), None) is not None:
        keys = ", ".join(key.key for key, _ in landed.parts)
        raise RestoreRefusedError(
            f"{partition_name(landed.at)}: offsets {landed.present} lie in objects that no ledger entry books "
            f"({keys}), but offsets {absent} before or between them have not landed, and the uploads that would "
            "complete them are gone. Move these objects out of the stream (no seal holds them), then `hourglass job "
            "start --from-ledger` lands all of these offsets again"
        )


def _first_offset(tallies: Iterable[ObjectTally]) -> int:
    return min((part.sums.min_offset for tally in tallies for part in tally.parts.values()), default=0)


def _first_readable(parts: Iterable[tuple[ObjectKey, Part]], ranges: OffsetRange | None) -> int:
    """Return where the chain of a partition without entries begins: at its first record, as far as anybody knows."""
    return min([part.sums.min_offset for _, part in parts] + ([ranges.low] if ranges else []))
