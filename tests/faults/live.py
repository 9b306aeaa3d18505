"""Poll the bucket during faults: every object that the ledger promises must be listed at every moment."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey, StreamLayout
from infra.local.settings import LocalSettings
from tests.faults.background import Background
from tests.faults.landing_stack import entries_of
from tests.integration.truth import keys, read_object

Promise = tuple[Hour, Kind, str]
"""Hour, kind and epoch of an object."""


class Watch(Background):
    """Polls a stream's bucket in a thread: LIST the ledger, GET its new objects, then LIST the data.

    `broken` collects every promise that was not kept at the moment of a poll. `polls` counts the polls that the bucket
    answered, so that a test can assert that there were some. An unavailable bucket ends the poll, not the watch.
    """

    def __init__(self, settings: LocalSettings) -> None:
        super().__init__()
        self.broken: set[Promise] = set()
        self.polls = 0
        self._settings = settings
        self._layout = StreamLayout(settings.stream)
        self._read: set[str] = set()
        self._promised: set[Promise] = set()

    def unpromised(self) -> set[Promise]:
        """Return the listed objects that the ledger does not promise yet. Do not call it while the watch runs."""
        self._read_ledger()
        return self._listed() - self._promised

    def step(self) -> None:
        """Poll once."""
        try:
            self._read_ledger()
            missing = self._promised - self._listed()
        except (BotoCoreError, ClientError):
            return
        self.broken |= missing
        self.polls += 1

    def _read_ledger(self) -> None:
        for key in self._keys(Kind.LEDGER):
            if key not in self._read:
                entries = entries_of(read_object(self._settings, key))
                self._promised |= {(hour, kind, entry.epoch) for entry in entries for hour, kind in entry.promises()}
                self._read.add(key)

    def _listed(self) -> set[Promise]:
        keys = [ObjectKey.parse(key) for kind in (Kind.LANDING, Kind.REJECTED) for key in self._keys(kind)]
        return {(key.hour, key.kind, key.epoch) for key in keys}

    def _keys(self, kind: Kind) -> Iterator[str]:
        return keys(self._settings, self._layout.prefix(kind))
