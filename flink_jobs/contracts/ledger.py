"""The ledger: the landing job's account of its work, per checkpoint, subtask and source partition.

The operator writes one line per entry, and readers parse it with this model. Entries of one
partition chain (`first_offset` = previous `last_offset` + 1), the hours of an entry add up to `records`, and each
`epoch` that an entry promises for an hour is listed under that hour's prefix once the entry is visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flink_jobs.contracts.layout import Hour, Kind

TopicPartition = tuple[str, int]
"""A source partition: its topic and its number."""


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """What distinguishes topics of one name; offsets count only within one. Kafka's tools print both ids as here."""

    cluster_id: str
    topic_id: str

    def __str__(self) -> str:
        return f"{self.topic_id} in the cluster {self.cluster_id}"


def partition_name(partition: TopicPartition) -> str:
    """Format a partition as `topic[3]`."""
    return f"{partition[0]}[{partition[1]}]"


class Cell(BaseModel):
    """Records of one entry in one hour and of one kind. Offsets are inclusive; bytes are those of the values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: int = Field(ge=1)
    min_offset: int
    max_offset: int
    offset_sum: int
    min_timestamp: datetime
    max_timestamp: datetime
    bytes: int = Field(ge=0)


class HourCells(BaseModel):
    """The two kinds of one hour; a kind without records is absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: Cell | None = None
    rejected: Cell | None = None


HOLE_RANGES_MAX = 1_000
"""Ranges of holes that one entry lists; further ones are counted only."""


class LedgerEntry(BaseModel):
    """What one subtask did with one source partition between two barriers.

    `cluster_id` and `topic_id` distinguish topics of one name: offsets of a recreated topic count other records.
    Entries chain within one topic id. Earlier releases wrote none; such entries belong to the topic id that chains to
    them.

    `holes` counts offsets between `first_offset` and `last_offset` that the broker did not give to the job
    (transaction markers, aborted or compacted records). `hole_ranges` lists them, first and last of each range, so that
    another consumer can check whether anything readable lies there. The first `HOLE_RANGES_MAX` are listed; older
    entries list none.

    `repeated` is only in entries of earlier releases: the job met offsets once more that an earlier entry has counted,
    because the topic was recreated or its log was cut. Now it ends there instead.

    `reasons` and `types` count rejected and accepted records. `flags` counts accepted records that are odd:
    `clock_skew`, `unknown_type`, `schema_version`, `mistyped_payload`; one record may have several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: str
    job_id: str
    checkpoint: int
    subtask: int
    epoch: str
    cluster_id: str | None = None
    topic_id: str | None = None
    topic: str
    partition: int
    first_offset: int
    last_offset: int
    records: int = Field(ge=1)
    offset_sum: int
    holes: int = Field(ge=0)
    hole_ranges: tuple[tuple[int, int], ...] = Field((), max_length=HOLE_RANGES_MAX)
    repeated: int = Field(0, ge=0)
    hours: dict[str, HourCells]
    reasons: dict[str, int] = {}
    types: dict[str, int] = {}
    flags: dict[str, int] = {}

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        cells = [cell for hour in self.hours.values() for cell in (hour.accepted, hour.rejected) if cell]
        if sum(cell.records for cell in cells) != self.records:
            raise ValueError(f"the hours of entry {self.epoch} do not add up to its {self.records} records")
        if sum(cell.offset_sum for cell in cells) != self.offset_sum:
            raise ValueError(f"the hours of entry {self.epoch} do not add up to its offset sum")
        if self.records + self.holes != self.last_offset - self.first_offset + 1:
            raise ValueError(f"entry {self.epoch} covers other offsets than it counts")
        return self

    @model_validator(mode="after")
    def _holes_lie_inside(self) -> Self:
        before = self.first_offset - 2  # an entry may begin with a hole, and two ranges never touch
        for first, last in self.hole_ranges:
            if not before + 1 < first <= last < self.last_offset:
                raise ValueError(f"entry {self.epoch} lists the holes {first}-{last} out of place")
            before = last
        listed = sum(last - first + 1 for first, last in self.hole_ranges)
        all_listed = 0 < len(self.hole_ranges) < HOLE_RANGES_MAX
        if listed > self.holes or (all_listed and listed < self.holes):
            raise ValueError(f"entry {self.epoch} lists {listed} of its {self.holes} holes")
        return self

    @property
    def identity(self) -> TopicIdentity | None:
        """The topic's identity; None in an entry of an earlier release."""
        known = self.cluster_id and self.topic_id
        return TopicIdentity(self.cluster_id, self.topic_id) if known else None  # type: ignore[arg-type]  # both known

    def promises(self) -> list[tuple[Hour, Kind]]:
        """List the (hour, kind) under which an object of this epoch must be visible."""
        promised = []
        for label, cells in self.hours.items():
            hour = Hour.from_label(label)
            if cells.accepted:
                promised.append((hour, Kind.LANDING))
            if cells.rejected:
                promised.append((hour, Kind.REJECTED))
        return promised
