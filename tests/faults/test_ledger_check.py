"""Test the checker: a bucket of a real job, with every defect that the checker must distinguish."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain

import pytest
import zstandard

from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.layout import ObjectKey
from flink_jobs.contracts.ranges import Ranges
from infra.local.servers import object_store
from producers.kafka import OffsetRange
from tests.faults.conftest import NewStack
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.faults.verdict import findings, reader_of
from tests.integration.truth import objects, plain
from tests.stacks.seam import Server, Servers


def records(first: int, count: int) -> Iterator[Raw]:
    """Make records of three hours and four partitions; every twentieth is rejected."""
    for number in range(first, first + count):
        value = b"no json" if number % 20 == 0 else event(number)
        yield Raw(value, partition=number % 4, timestamp=BEGIN + timedelta(hours=number // 4 % 3))


@dataclass
class Landed:
    """A landed stream whose objects can be changed and restored."""

    stack: LandingStack
    bodies: dict[str, bytes] = field(default_factory=dict)

    def keys(self, kind: str) -> list[str]:
        """Return the objects of a kind that hold more than one line."""
        return [key for key, body in self.bodies.items() if f"/{kind}/" in key and plain(key, body).count(b"\n") > 1]

    def lines(self, key: str) -> list[bytes]:
        """Read the lines of an object."""
        return plain(key, self.bodies[key]).splitlines(keepends=True)

    def put_lines(self, key: str, lines: list[bytes]) -> None:
        """Write an object of these lines."""
        self.put(key, zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(lines)))

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        object_store.client(self.stack.settings).put_object(Bucket=self.stack.settings.bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object."""
        object_store.client(self.stack.settings).delete_object(Bucket=self.stack.settings.bucket, Key=key)

    def restore(self) -> None:
        """Restore every object as it landed."""
        present = dict(objects(self.stack.settings, f"{self.stack.settings.stream}/"))
        for key in present.keys() - self.bodies.keys():
            self.delete(key)
        for key, body in self.bodies.items():
            if present.get(key) != body:
                self.put(key, body)

    def findings(self) -> list[Finding]:
        """Run the whole audit, broker included."""
        return findings(self.stack)


@pytest.fixture(scope="module")
def landed_once(all_servers: Servers) -> Iterator[Landed]:
    """Land four partitions over three hours, in several epochs of two subtasks."""
    all_servers.start(*Server)
    with LandingStack(all_servers, "audited", parallelism=2) as stack:
        stack.start_job()
        for first in range(0, 6000, 2000):
            stack.wait_until_landed(stack.produce(records(first, 2000)))
        stack.stop_job()
        yield Landed(stack, dict(objects(stack.settings, "audited/")))


@pytest.fixture
def landed(landed_once: Landed) -> Iterator[Landed]:
    yield landed_once
    landed_once.restore()


def drop_a_line(landed: Landed) -> set[tuple[Code, str]]:
    key = landed.keys("landing")[0]
    landed.put_lines(key, landed.lines(key)[:-1])
    gone = json.loads(landed.lines(key)[-1])
    partition = f"audited[{gone['partition']}]"
    return {(Code.CELL_DIFFERS, key), (Code.HOLE_READABLE, partition)}


def double_a_line(landed: Landed) -> set[tuple[Code, str]]:
    """Copy a line into another object of the same hour."""
    one = landed.keys("landing")[0]
    other = next(key for key in landed.keys("landing") if key != one and key.rsplit("/", 1)[0] == one.rsplit("/", 1)[0])
    line = landed.lines(one)[0]
    landed.put_lines(other, [*landed.lines(other), line])
    return {(Code.CELL_DIFFERS, other), (Code.DOUBLED, f"audited[{json.loads(line)['partition']}]")}


def move_a_line(landed: Landed) -> set[tuple[Code, str]]:
    """Move a line of an epoch from its hour to the next."""
    one = next(key for key in landed.keys("landing") if "/2025/08/01/03/" in key)
    epoch = ObjectKey.parse(one).epoch
    other = next(key for key in landed.keys("landing") if f"/2025/08/01/04/part-{epoch}-" in key)
    line, *rest = landed.lines(one)
    landed.put_lines(one, rest)
    landed.put_lines(other, [*landed.lines(other), line])
    return {
        (Code.CELL_DIFFERS, one),
        (Code.CELL_DIFFERS, other),
        (Code.WRONG_HOUR, f"{other}:{len(landed.lines(other)) + 1}"),
    }


def delete_an_object(landed: Landed) -> set[tuple[Code, str]]:
    key = landed.keys("rejected")[0]
    landed.delete(key)
    hour = "-".join(key.split("/")[2:5]) + "T" + key.split("/")[5]
    partitions = {f"audited[{json.loads(line)['partition']}]" for line in landed.lines(key)}
    return {(Code.OBJECT_MISSING, f"{hour} rejected"), *((Code.HOLE_READABLE, partition) for partition in partitions)}


def delete_a_ledger_object(landed: Landed) -> set[tuple[Code, str]]:
    """Delete an object whose entries all have entries before and after them."""
    entries = {key: [json.loads(line) for line in landed.lines(key)] for key in landed.bodies if "/ledger/" in key}
    ends = Counter(dict.fromkeys(range(4), 0))
    for entry in chain.from_iterable(entries.values()):
        ends[entry["partition"]] = max(ends[entry["partition"]], entry["last_offset"])
    key = next(
        key
        for key, found in entries.items()
        if all(0 < entry["first_offset"] and entry["last_offset"] < ends[entry["partition"]] for entry in found)
    )
    landed.delete(key)
    epoch = ObjectKey.parse(key).epoch
    orphans = {other for other in landed.bodies if f"/part-{epoch}-" in other and other != key}
    gaps = {(Code.GAP, f"audited[{entry['partition']}]") for entry in entries[key]}
    return gaps | {(Code.OBJECT_UNPROMISED, other) for other in orphans}


def restore_twice(landed: Landed) -> set[tuple[Code, str]]:
    """Write an epoch once more under another name, as a start from an old checkpoint does."""
    ledger = landed.keys("ledger")[0]
    epoch = ObjectKey.parse(ledger).epoch
    for key, body in landed.bodies.items():
        if f"/part-{epoch}-" in key:
            again = body.replace(epoch.encode(), b"cccccccccccc.1") if key == ledger else body
            landed.put(key.replace(epoch, "cccccccccccc.1"), again)
    partitions = [f"audited[{json.loads(line)['partition']}]" for line in landed.lines(ledger)]
    return {(code, partition) for partition in partitions for code in (Code.OVERLAP, Code.DOUBLED)}


def truncate_an_object(landed: Landed) -> set[tuple[Code, str]]:
    key = landed.keys("landing")[0]
    landed.put(key, landed.bodies[key][:-5])
    return {(Code.OBJECT_UNREADABLE, key)}


def change_a_byte(landed: Landed) -> set[tuple[Code, str]]:
    """Flip one bit in the middle; the checksum at the end of each object detects it."""
    key = landed.keys("landing")[0]
    body = bytearray(landed.bodies[key])
    body[len(body) // 2] ^= 4
    landed.put(key, bytes(body))
    return {(Code.OBJECT_UNREADABLE, key)}


MUTATIONS = (
    drop_a_line,
    double_a_line,
    move_a_line,
    delete_an_object,
    delete_a_ledger_object,
    restore_twice,
    truncate_an_object,
    change_a_byte,
)


def test_what_the_job_landed_is_sound(landed: Landed) -> None:
    """An unchanged bucket has no finding, so every finding below is the effect of a mutation."""
    assert [] == landed.findings()


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: str(mutate.__name__))
def test_every_mutation_of_a_landed_bucket_is_told(
    landed: Landed, mutate: Callable[[Landed], set[tuple[Code, str]]]
) -> None:
    """Each mutation is reported with its code and its place, and nothing else is reported."""
    expected = mutate(landed)
    found = {(finding.code, finding.where) for finding in landed.findings()}
    # The broker still has the records of an object that cannot be read.
    allowed = {Code.HOLE_READABLE} if mutate in {truncate_an_object, change_a_byte} else set()

    assert expected <= found
    assert set() == {(code, where) for code, where in found - expected if code not in allowed}


def test_an_independent_consumer_reads_committed_records_only(new_stack: NewStack) -> None:
    """Aborted records and transaction markers take offsets, and cannot be read."""
    stack = new_stack(partitions=1)
    before = stack.produce([Raw(event(0)), Raw(event(1))])
    aborted = stack.produce_in_transaction([Raw(event(2)), Raw(event(3))], commit=False)
    committed = stack.produce_in_transaction([Raw(event(4))])
    reader, partition = reader_of(stack), (stack.settings.topic, 0)

    assert {partition: OffsetRange(0, 7)} == reader.offset_ranges(stack.settings.topic)
    assert {offset for *_, offset in before | committed} == set(reader.readable(partition, Ranges(((0, 6),))))
    assert [] == list(reader.readable(partition, Ranges(((2, 4), (6, 6)))))
    assert {2, 3} == {offset for *_, offset in aborted}
