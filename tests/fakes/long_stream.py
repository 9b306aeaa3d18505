"""A stream that has run for any number of hours: keys only, bodies are made when they are fetched."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey, SealKey, StreamLayout
from flink_jobs.contracts.ledger import Cell, HourCells, LedgerEntry
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.proof.completeness import Complete, CompletenessPolicy, Proof
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import draft_seal
from tests.fakes.broker import FakeBroker
from tests.fakes.clock import FakeClock
from tests.fakes.counting_bucket import CountingBucket

FIRST = Hour.from_label("2024-01-01T00")
TOPIC = "platform-events"
INSTANCE = "0123456789ab"
LAYOUT = StreamLayout()


class SortedBroker(FakeBroker):
    """Finds a time by bisection."""

    def _first(self, partition: int, moment: datetime) -> TimestampedOffset | None:
        times = self.records[partition]
        at = bisect_left(times, moment)
        return TimestampedOffset(at, times[at]) if at < len(times) else None


class LongTable:
    """The external table of a long stream: registered files, and one row for each of them.

    `failures` are raised by the next questions, in order.
    """

    def __init__(self, files: Mapping[str, int]) -> None:
        self.failures: list[Exception] = []
        self._files = dict(files)
        self._of_hours: dict[str, list[str]] = {}
        for key in files:
            self._of_hours.setdefault(key[: key.rindex("/") + 1], []).append(key)

    def registered(self) -> dict[str, int]:
        """Return the bytes of every file."""
        if self.failures:
            raise self.failures.pop(0)
        return dict(self._files)

    def queryable(self, hours: Collection[Hour]) -> dict[str, int]:
        """Return the rows of the files of some hours."""
        prefixes = [LAYOUT.hour_prefix(Kind.LANDING, hour) for hour in hours]
        return {key: 1 for prefix in prefixes for key in self._of_hours.get(prefix, ())}


@dataclass(frozen=True)
class LongStream:
    """One partition, one record for each checkpoint, one object below `landing/` and one below `ledger/` for each.

    Args:
        hours: that are over; all but the last `unsealed` are sealed and published.
        checkpoints: of each hour.
        unsealed: hours at the end without a seal.
    """

    hours: int
    checkpoints: int
    unsealed: int = 0

    @property
    def end(self) -> Hour:
        """The hour that is not over: it has the records of one checkpoint."""
        return FIRST.plus(self.hours)

    def moment(self, offset: int) -> datetime:
        """Return when a record was produced."""
        hour, within = divmod(offset, self.checkpoints)
        return FIRST.plus(hour).start + timedelta(hours=1) * within / self.checkpoints + timedelta(seconds=10)

    def made(self, landed_hours: int | None = None) -> Stream:
        """Make the stream; with `landed_hours` the bucket has no objects of later hours yet."""
        count = self.hours * self.checkpoints + 1
        broker = SortedBroker({0: [self.moment(offset) for offset in range(count)]})
        landed = count if landed_hours is None else landed_hours * self.checkpoints
        bucket = CountingBucket(sorted(self._keys(landed)), self.body)
        clock = FakeClock(self.end.start + timedelta(minutes=2))
        return Stream(LAYOUT, (TOPIC,), bucket, broker, clock, CompletenessPolicy(), FIRST)

    def keys_of(self, offset: int) -> list[str]:
        """Return the keys of the two objects of a checkpoint."""
        hour = Hour.containing(self.moment(offset))
        name = f"part-{INSTANCE}.{offset}-0-0.jsonl"
        return [f"{LAYOUT.hour_prefix(kind, hour)}{name}" for kind in (Kind.LANDING, Kind.LEDGER)]

    def body(self, key: str) -> bytes:
        """Make a ledger object or a seal."""
        found = ObjectKey.try_parse(key)
        if found is not None:
            return self._ledger_line(int(found.epoch.partition(".")[2]))
        return self._seal(SealKey.parse(key).hour)

    def entry(self, offset: int) -> LedgerEntry:
        """Make the ledger entry of a checkpoint."""
        moment = self.moment(offset)
        cell = Cell(
            records=1, min_offset=offset, max_offset=offset, offset_sum=offset, min_timestamp=moment,
            max_timestamp=moment, bytes=900,
        )  # fmt: skip
        return LedgerEntry(
            job="landing", job_id="j1", checkpoint=offset, subtask=0, epoch=f"{INSTANCE}.{offset}",
            cluster_id="cluster-1", topic_id="topic-1", topic=TOPIC, partition=0, first_offset=offset,
            last_offset=offset, records=1, offset_sum=offset, holes=0,
            hours={Hour.containing(moment).label: HourCells(accepted=cell)}, types={"SENSOR_TICK": 1},
        )  # fmt: skip

    def _ledger_line(self, offset: int) -> bytes:
        """Write the entry as text: hundreds of thousands of models would take minutes."""
        moment = self.moment(offset)
        at = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"
        cell = (
            f'{{"records":1,"min_offset":{offset},"max_offset":{offset},"offset_sum":{offset},'
            f'"min_timestamp":"{at}","max_timestamp":"{at}","bytes":900}}'
        )
        return (
            f'{{"job":"landing","job_id":"j1","checkpoint":{offset},"subtask":0,"epoch":"{INSTANCE}.{offset}",'
            f'"cluster_id":"cluster-1","topic_id":"topic-1","topic":"{TOPIC}","partition":0,'
            f'"first_offset":{offset},"last_offset":{offset},"records":1,"offset_sum":{offset},"holes":0,'
            f'"hours":{{"{Hour.containing(moment).label}":{{"accepted":{cell}}}}},"types":{{"SENSOR_TICK":1}}}}\n'
        ).encode()

    def registered(self) -> dict[str, int]:
        """Return bytes by key of every landed object, as Snowflake has registered them."""
        return {self.keys_of(offset)[0]: 100 for offset in range((self.hours - self.unsealed) * self.checkpoints)}

    def _keys(self, landed: int) -> list[str]:
        keys = [key for offset in range(landed) for key in self.keys_of(offset)]
        for number in range(self.hours - self.unsealed):
            hour = FIRST.plus(number)
            keys.append(LAYOUT.seal_key(hour, 1))
            keys.append(LAYOUT.publication_key(hour, 1, self.checkpoints))
        return keys

    def _seal(self, hour: Hour) -> bytes:
        number = (hour.start - FIRST.start) // timedelta(hours=1)
        offsets = range(number * self.checkpoints, (number + 1) * self.checkpoints)
        objects = tuple(ListedObject(self.keys_of(offset)[0], 100, "e") for offset in offsets)
        complete = Complete(hour, Proof.OFFSETS, objects)
        entries = [(hour, self.entry(offset)) for offset in offsets]
        return draft_seal(LAYOUT.stream, complete, entries, hour.end).body()
