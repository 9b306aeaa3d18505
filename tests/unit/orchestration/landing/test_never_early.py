"""Random interleavings of producing, landing, committing and ticking: the model is the full truth of the topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal, fingerprint
from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding

PARTITIONS = (0, 1, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("produce"), st.sampled_from(PARTITIONS)),
        st.tuples(st.just("produce_late"), st.sampled_from(PARTITIONS)),
        st.tuples(st.just("mark"), st.sampled_from(PARTITIONS)),
        st.tuples(st.just("checkpoint"), st.sampled_from(PARTITIONS)),
        st.tuples(st.just("commit"), st.sampled_from(PARTITIONS)),
        st.tuples(st.just("wait"), st.sampled_from((1, 9, 31, 47))),
        st.tuples(st.just("tick"), st.just(0)),
        st.tuples(st.just("forget_cursor"), st.just(0)),
    ),
    min_size=10,
    max_size=80,
)


class Machine:
    """A fake in which landing takes two steps, and each object of a checkpoint becomes visible on its own."""

    def __init__(self, record_time: RecordTime) -> None:
        broker = FakeBroker({partition: [] for partition in PARTITIONS}, record_time)
        self.fake = FakeLanding(broker, clock_at=H1.start + timedelta(minutes=1))
        self.read = dict.fromkeys(PARTITIONS, 0)
        self.uncommitted: dict[int, list[tuple[str, bytes]]] = {partition: [] for partition in PARTITIONS}
        self.cursor: str | None = None
        self.sealed: dict[str, int] = {}
        self.requested: set[tuple[str, str]] = set()

    def produce(self, partition: int) -> None:
        """Append a record with the present time."""
        self.fake.broker.records[partition].append(self.fake.clock.utc_now())

    def produce_late(self, partition: int) -> None:
        """Append a record with an older timestamp if the topic has CreateTime."""
        late = timedelta(minutes=70) if self.fake.broker.record_time is RecordTime.CREATE else timedelta(0)
        self.fake.broker.records[partition].append(self.fake.clock.utc_now() - late)

    def mark(self, partition: int) -> None:
        """End a transaction: its marker takes an offset and the present time, and cannot be read."""
        self.fake.broker.markers.add((partition, len(self.fake.broker.records[partition])))
        self.produce(partition)

    def checkpoint(self, partition: int) -> None:
        """Put all unread records into one epoch; its objects wait for their commits, in order."""
        first, end = self.read[partition], len(self.fake.broker.records[partition])
        while (partition, end - 1) in self.fake.broker.markers:
            end -= 1
        if first < end:
            self.uncommitted[partition] += self.fake.job.prepare(partition, first, end - 1, self.fake.clock.utc_now())
            self.read[partition] = end

    def commit(self, partition: int) -> None:
        """Make one more object visible; a kill in between can delay the others for any time."""
        if self.uncommitted[partition]:
            self.fake.bucket.objects.update([self.uncommitted[partition].pop(0)])

    def wait(self, minutes: int) -> None:
        """Move the clock."""
        self.fake.clock.time += timedelta(minutes=minutes)

    def forget_cursor(self, _: int) -> None:
        """Lose the sensor's cursor: the ledger is read again from its beginning."""
        self.cursor = None

    def tick(self, _: int) -> None:
        """Run a tick of the sensor; each requested run proves and seals at once."""
        tick = run_tick(self.fake.stream, read_cursor(self.cursor, (TOPIC,)), Limits())
        self.cursor = tick.cursor.to_text()
        for request in tick.requests:
            self._run(request)

    def _run(self, request: Request) -> None:
        complete, evidence = prove(self.fake.stream, request)
        assert fingerprint(complete.objects) == request.fingerprint
        seal = draft_seal("platform-events", complete, evidence.entries, self.fake.clock.utc_now())
        assert seal.accepted + seal.rejected == sum(p.accepted + p.rejected for p in seal.partitions)
        self.sealed[request.hour.label] = seal.accepted + seal.rejected
        self.requested.add((request.hour.label, seal.fingerprint))

    def settle(self) -> None:
        """Land everything, move the clock, and run ticks: idleness needs two, and each one requests 24 runs at most."""
        for partition in PARTITIONS:
            self.checkpoint(partition)
            while self.uncommitted[partition]:
                self.commit(partition)
        self.wait(61)
        for _ in range(4):
            self.wait(1)
            self.tick(0)

    def full_hours(self, minutes: int) -> set[str]:
        """Return the hours that have been over for so long, from the first one with a record on."""
        truth = self.truth()
        if not truth:
            return set()
        first, now = (
            Hour.from_label(min(truth)),
            Hour.containing(self.fake.clock.utc_now() - timedelta(minutes=minutes)),
        )
        return {hour.label for hour in first.until(now.plus(-1))}

    def truth(self) -> Counter[str]:
        """Count the records of the topic per hour."""
        broker = self.fake.broker
        times = [
            time
            for partition, records in broker.records.items()
            for offset, time in enumerate(records)
            if (partition, offset) not in broker.markers
        ]
        return Counter(Hour.containing(time).label for time in times)


def play(machine: Machine, steps: list[tuple[str, int]], after_tick: Callable[[Machine], None]) -> None:
    for action, argument in steps:
        getattr(machine, action)(argument)
        if action == "tick":
            after_tick(machine)


@settings(max_examples=150)
@given(STEPS)
def test_with_log_append_time_no_hour_is_ever_sealed_early(steps: list[tuple[str, int]]) -> None:
    """A sealed hour holds every record of it in the topic, at every later time; in the end every hour is sealed.

    So are the hours without a record, from the first one with records on.
    """
    machine = Machine(RecordTime.LOG_APPEND)

    def nothing_is_missing(now: Machine) -> None:
        assert {hour: now.truth()[hour] for hour in now.sealed} == now.sealed

    play(machine, steps, nothing_is_missing)
    machine.settle()
    assert dict(machine.truth()) == {hour: records for hour, records in machine.sealed.items() if records}
    assert machine.full_hours(3) <= machine.sealed.keys() <= machine.full_hours(0)


@settings(max_examples=150)
@given(STEPS)
def test_with_create_time_late_records_amend_until_all_of_them_are_sealed(steps: list[tuple[str, int]]) -> None:
    """A seal never holds more than was produced, and late records are in a later revision."""
    machine = Machine(RecordTime.CREATE)

    def nothing_is_invented(now: Machine) -> None:
        assert all(records <= now.truth()[hour] for hour, records in now.sealed.items())

    play(machine, steps, nothing_is_invented)
    machine.settle()
    assert dict(machine.truth()) == {hour: records for hour, records in machine.sealed.items() if records}
    assert machine.full_hours(3) <= machine.sealed.keys() <= machine.full_hours(0)
