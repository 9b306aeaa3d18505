"""What an object must hold, by the ledger: the records of each partition, and the sum and ends of their offsets."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import Cell, LedgerEntry, TopicPartition


class SealedContent(BaseModel):
    """The records of one partition in one object. No offset is there twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    partition: int
    records: int
    offset_sum: int
    min_offset: int
    max_offset: int


def contents_per_object(
    hour: Hour, entries: Iterable[LedgerEntry]
) -> dict[tuple[Kind, str], tuple[SealedContent, ...]]:
    """Add up the cells of one hour by kind and epoch, which name an object, and by partition."""
    cells: dict[tuple[Kind, str], dict[TopicPartition, list[Cell]]] = {}
    for entry in entries:
        for kind, cell in cells_of(hour, entry):
            of_object = cells.setdefault((kind, entry.epoch), {})
            of_object.setdefault((entry.topic, entry.partition), []).append(cell)
    return {
        name: tuple(_content(partition, found) for partition, found in sorted(of_object.items()))
        for name, of_object in cells.items()
    }


def cells_of(hour: Hour, entry: LedgerEntry) -> list[tuple[Kind, Cell]]:
    """List the cells of an entry in one hour, with their kinds."""
    cells = entry.hours[hour.label]
    pairs = ((Kind.LANDING, cells.accepted), (Kind.REJECTED, cells.rejected))
    return [(kind, cell) for kind, cell in pairs if cell is not None]


def _content(partition: TopicPartition, cells: list[Cell]) -> SealedContent:
    return SealedContent(
        topic=partition[0],
        partition=partition[1],
        records=sum(cell.records for cell in cells),
        offset_sum=sum(cell.offset_sum for cell in cells),
        min_offset=min(cell.min_offset for cell in cells),
        max_offset=max(cell.max_offset for cell in cells),
    )
