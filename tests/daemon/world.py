"""The clock and the Kafka topic of these tests: one file, which the test writes and the code location reads."""

from __future__ import annotations

import json
import multiprocessing
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestration.landing.clients.kafka import RecordTime
from tests.daemon.points import reach
from tests.fakes.broker import FakeBroker

CLUSTER_ID = "cluster-1"
TOPIC_ID = "topic-1"
VARIABLE = "HOURGLASS_TEST_WORLD"
"""The path of the file, in the environment of the code location."""


@dataclass(frozen=True)
class World:
    """What the code location sees beside bucket and Snowflake.

    Args:
        now: the time of its clock.
        records: partition -> times of its records, in the order of offsets.
    """

    now: datetime
    records: dict[int, list[datetime]]

    def write(self, path: Path) -> None:
        """Replace the file at once: a tick reads the old one or the new one."""
        records = {number: [time.isoformat() for time in times] for number, times in self.records.items()}
        written = path.with_suffix(".new")
        written.write_text(json.dumps({"now": self.now.isoformat(), "records": records}))
        written.replace(path)

    @classmethod
    def read(cls) -> World:
        """Read the file that the environment names."""
        found = json.loads(Path(os.environ[VARIABLE]).read_text())
        times = {int(number): list(map(datetime.fromisoformat, its)) for number, its in found["records"].items()}
        return cls(datetime.fromisoformat(found["now"]), times)


class WorldClock:
    """Returns the time that the test has written."""

    def utc_now(self) -> datetime:
        """Read the time."""
        return World.read().now

    def monotonic(self) -> float:
        """Return the same time in seconds."""
        return self.utc_now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Refuse: nothing in a tick or in a run of these tests waits by this clock."""
        raise AssertionError(f"the code location sleeps {seconds} s")


@dataclass
class WorldBroker(FakeBroker):
    """Holds the records that the test has written; the first query of a tick or of a run is a point."""

    records: dict[int, list[datetime]] = field(default_factory=dict)
    record_time: RecordTime = RecordTime.CREATE
    cluster_id: str | None = CLUSTER_ID
    topic_id: str | None = TOPIC_ID

    def _note(self, effect: str) -> None:
        if effect == "ends":
            reach("EVALUATING" if multiprocessing.parent_process() is None else "PROVING")
        self.records = World.read().records
