"""Hostile records through a real broker, the real job and a real bucket, all in one run."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest
from confluent_kafka import Producer

from flink_jobs.contracts.layout import AcceptedLine, RejectedLine
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.hostile.corpus import ACCEPTED, CANARY, Hostile, corpus
from tests.integration.truth import Position, objects, plain
from tests.stacks.seam import Servers

NOISE_RECORDS = 1_500
RECORD_BYTES_MAX = 20_000_000
PARTITIONS = 4
REASONS = re.compile(
    r"(empty|too_large|not_utf8|not_json|not_object|too_deep|duplicate_key|number_out_of_range|lone_surrogate"
    r"|schema_registry_framing|compressed_value|binary_format|bad_id|bad_time|(missing|type):[a-z_]+)"
)


def noise(random: Random) -> list[Hostile]:
    """Make records of any bytes, keys and headers; none of them is an event."""
    return [
        Hostile(
            f"noise {number}",
            _bytes_or_none(random, 200),
            "",
            key=_bytes_or_none(random, 20),
            headers=tuple((_name(random), _bytes_or_none(random, 20)) for _ in range(random.choice((0, 0, 1, 3)))),
        )
        for number in range(NOISE_RECORDS)
    ]


def _bytes_or_none(random: Random, length_max: int) -> bytes | None:
    length = random.randint(-1, length_max)
    ascii_only = random.random() < 0.3
    return None if length < 0 else bytes(random.randint(0, 127 if ascii_only else 255) for _ in range(length))


def _name(random: Random) -> str:
    # librdkafka's names end at a NUL; halves of pairs are no text
    return "".join(chr(random.choice((random.randint(1, 0xD7FF), random.randint(0xE000, 0x10FFFF)))) for _ in range(3))


@dataclass(frozen=True)
class Landed:
    """The lines of the bucket as bytes, by the position of their record."""

    accepted: dict[Position, bytes]
    rejected: dict[Position, bytes]


@dataclass(frozen=True)
class Run:
    """The sent records and the landed ones, of one run of one job."""

    stack: LandingStack
    sent: dict[Position, Hostile]
    good: set[Position]
    landed: Landed


def _produce(stack: LandingStack, records: Sequence[Hostile]) -> dict[Position, Hostile]:
    """Send records to the partitions in turn; in a new topic their offsets count from 0 in the order of sending."""
    config = {"bootstrap.servers": stack.bootstrap_servers, "enable.idempotence": True, "compression.type": "gzip"}
    producer = Producer({**config, "message.max.bytes": RECORD_BYTES_MAX})
    sent = {}
    for number, record in enumerate(records):
        partition, offset = number % PARTITIONS, number // PARTITIONS
        producer.produce(
            stack.settings.topic,
            record.value,
            record.key,
            partition=partition,
            timestamp=int(BEGIN.timestamp() * 1000),
            headers=list(record.headers),
            on_delivery=partial(_expect, (partition, offset)),
        )
        producer.poll(0)
        sent[stack.settings.topic, partition, offset] = record
    assert not producer.flush(60)
    return sent


def _expect(at: tuple[int, int], error: Any, message: Any) -> None:
    assert error is None, error
    assert at == (message.partition(), message.offset())


def _read(stack: LandingStack, kind: str) -> dict[Position, bytes]:
    """Read every line, split at byte 10 and nowhere else."""
    lines: dict[Position, bytes] = {}
    for key, body in objects(stack.settings, f"{stack.settings.stream}/{kind}/"):
        *whole, rest = plain(key, body).split(b"\n")
        assert b"" == rest, key
        for line in whole:
            record = json.loads(line)
            position = (record["topic"], record["partition"], record["offset"])
            assert position not in lines, f"{position} landed twice"
            lines[position] = line
    return lines


@pytest.fixture(scope="module")
def run(servers: Servers) -> Iterator[Run]:
    seed = int(os.environ.get("HOURGLASS_TEST_SEED", SystemRandom().randrange(2**32)))
    print(f"repeat with HOURGLASS_TEST_SEED={seed}")  # noqa: T201  pytest shows it if the run fails
    config = {"max.message.bytes": str(RECORD_BYTES_MAX)}
    with LandingStack(servers, "hostile", partitions=PARTITIONS, topic_config=config) as stack:
        sent = _produce(stack, [*corpus(), *noise(Random(seed))])  # noqa: S311 (bytes, not secrets)
        job = stack.start_job()
        stack.wait_until_landed(sent)
        good = stack.produce([Raw(event(number), partition=number) for number in range(PARTITIONS)])
        stack.wait_until_landed(good)
        assert {job.job_id} == {entry.job_id for entry in stack.ledger()}, "the job did not live through it"
        yield Run(stack, sent, good, Landed(_read(stack, "landing"), _read(stack, "rejected")))


def test_every_record_has_its_fate(run: Run) -> None:
    """Each record is accepted or rejected once, for the expected reason; noise is never an event."""
    fates = dict.fromkeys(run.landed.accepted, ACCEPTED)
    fates |= {position: json.loads(line)["reason"] for position, line in run.landed.rejected.items()}
    known = {position: hostile for position, hostile in run.sent.items() if hostile.fate}
    assert {one.name: one.fate for one in known.values()} == {one.name: fates.get(at) for at, one in known.items()}
    assert set(run.sent) | run.good == set(fates)
    assert run.good <= set(run.landed.accepted)
    assert [] == [fate for at, fate in fates.items() if fate != ACCEPTED and not REASONS.fullmatch(fate)]
    assert set() == {at for at, hostile in run.sent.items() if not hostile.fate} & set(run.landed.accepted)


def test_accepted_records_keep_the_producer_s_bytes(run: Run) -> None:
    """The value is between the envelope and the closing brace; CR and LF between tokens become spaces."""
    for position, line in run.landed.accepted.items():
        if position in run.good:
            continue
        sent = run.sent[position]
        assert sent.value is not None
        start = line.index(b',"event":') + len(b',"event":')
        assert sent.value.replace(b"\r", b" ").replace(b"\n", b" ") == line[start:-1], sent.name
        assert b"}" == line[-1:]
        assert (sent.key or b"").decode() == AcceptedLine.model_validate_json(line).key


def test_rejected_records_can_be_rebuilt(run: Run) -> None:
    """Value, key and headers of a rejected record are kept byte for byte, and the detail points into the value."""
    for position, line in run.landed.rejected.items():
        sent, rejected = run.sent[position], RejectedLine.model_validate_json(line)
        assert (sent.value, sent.key, list(sent.headers)) == (
            rejected.record_value(),
            rejected.record_key(),
            rejected.record_headers(),
        ), sent.name
        place = re.match(r"byte (\d+): ", rejected.detail)
        assert place, rejected.detail
        assert 0 <= int(place[1]) <= max(0, len(sent.value or b"") - 1), sent.name


def test_the_ledger_counts_reasons_and_flags(run: Run) -> None:
    """Rejected and flagged records can be counted without reading a line."""
    reasons: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    for entry in run.stack.ledger():
        reasons.update(entry.reasons)
        flags.update(entry.flags)
    assert Counter(json.loads(line)["reason"] for line in run.landed.rejected.values()) == reasons
    assert Counter(flag for hostile in run.sent.values() for flag in hostile.flags) == flags


def test_no_log_shows_what_a_record_holds(run: Run) -> None:
    """The content of a record goes to the bucket only."""
    logs = [file for file in Path(run.stack.servers.settings.data_dir).rglob("*.log*") if file.is_file()]
    assert any(log.stat().st_size for log in logs)
    assert [] == [log.name for log in logs if CANARY.encode() in log.read_bytes()]
