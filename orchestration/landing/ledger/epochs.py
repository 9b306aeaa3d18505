"""Sets of epochs as short text: ranges of sequence numbers for each operator instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, RootModel

from flink_jobs.contracts.layout import Hour, split_epoch
from flink_jobs.contracts.ranges import Ranges, RangesText

HourLabel = Annotated[
    Hour,
    BeforeValidator(lambda value: value if isinstance(value, Hour) else Hour.from_label(value)),
    PlainSerializer(lambda hour: hour.label, return_type=str, when_used="json"),
]
"""An hour as a field: `2025-08-01T03` in JSON."""

HourPath = Annotated[
    Hour,
    BeforeValidator(lambda value: value if isinstance(value, Hour) else Hour.from_path(value)),
    PlainSerializer(lambda hour: hour.path.rstrip("/"), return_type=str, when_used="json"),
]
"""An hour as a field: `2025/08/01/03` in JSON, as in the keys of the bucket."""


class Epochs(RootModel[dict[str, RangesText]]):
    """Epochs as instance -> sequence numbers; in JSON `{"e85ca4bd91f2": "1-57"}`."""

    model_config = ConfigDict(frozen=True)

    root: dict[str, RangesText] = {}

    def __contains__(self, epoch: str) -> bool:
        instance, sequence = split_epoch(epoch)
        return sequence in self.root.get(instance, Ranges())

    def epochs(self) -> Iterator[str]:
        """Iterate over the epochs, each in the form of the keys."""
        for instance, sequences in self.root.items():
            for sequence in sequences:
                yield f"{instance}.{sequence}"

    def plus(self, other: Epochs) -> Epochs:
        """Return the epochs of both."""
        root = dict(self.root)
        for instance, sequences in other.root.items():
            ranges = root.get(instance, Ranges())
            for first, last in sequences.spans:
                ranges = ranges.add(first, last)
            root[instance] = ranges
        return Epochs(root)

    def add(self, epoch: str) -> Epochs:
        """Return the set with one more epoch."""
        instance, sequence = split_epoch(epoch)
        ranges = self.root.get(instance, Ranges()).add(sequence, sequence)
        return Epochs({**self.root, instance: ranges})
