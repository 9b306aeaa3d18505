"""The hours that the records of a day change, computed record by record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.models.records import Record
from flink_jobs.contracts.layout import Hour


@dataclass
class FirstRecords:
    """The first record of each event so far."""

    known: dict[str, Record] = field(default_factory=dict)

    def add(self, records: Iterable[Record]) -> set[Hour]:
        """Add records; return the hours that lost an event to an earlier one."""
        before: dict[str, Record] = {}
        for record in records:
            first = self.known.get(record.event_id)
            if first is not None:
                before.setdefault(record.event_id, first)
            if first is None or record.order < first.order:
                self.known[record.event_id] = record
        return {one.hour for event, one in before.items() if self.known[event].hour != one.hour}
