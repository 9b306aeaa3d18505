from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import typer
from confluent_kafka import Consumer, TopicPartition
from typer.testing import CliRunner

from producers.emit import EmitOptions, EmitReport, emit, emit_command, whole_lines
from producers.errors import FatalProducerError, QueueFullError
from producers.events import EVENT_BYTES_MAX
from producers.sending.delivery import Outcome
from tests.fakes.mock_kafka import MockKafka
from tests.fakes.producer import FakeProducer, SentRecord


def line(number: int, **changes: object) -> bytes:
    event = {
        "event_id": f"e{number}",
        "event_type": "RUN_START",
        "schema_version": 1,
        "occurred_at": "2025-08-01T03:59:59.123Z",
        "organization": "acme",
        "deployment": "prod",
        "payload": {"ratio": "RATIO"},
        "run_id": "run-1",
    }
    # a spelling that no JSON library of ours would write
    return json.dumps({**event, **changes}).replace('"RATIO"', "1.50e+0").encode() + b"\n"


def test_lines_are_sent_unchanged_under_their_run() -> None:
    """The topic gets the bytes of the line without its end; the key is the run id, else the event id."""
    producer = FakeProducer()
    report = emit([line(1), line(2, run_id=None).replace(b"\n", b"\r\n")], producer, EmitOptions())
    assert EmitReport(lines=2, rejected=0, acked=2, failed=0, unknown=0) == report
    assert report.complete
    assert [
        (line(1)[:-1], "run-1", None, "e1"),
        (line(2, run_id=None)[:-1], "e2", None, "e2"),
    ] == [tuple(sent) for sent in producer.sent]
    assert producer.closed


def test_the_record_time_may_come_from_the_event() -> None:
    """With the option the Kafka timestamp is `occurred_at`."""
    producer = FakeProducer()
    emit([line(1)], producer, EmitOptions(record_time=True))
    assert [datetime(2025, 8, 1, 3, 59, 59, 123_000, tzinfo=UTC)] == [sent.record_time for sent in producer.sent]


def test_a_bad_line_is_named_and_the_rest_is_sent() -> None:
    """Each bad line is reported with its number and reason; blank lines count for line numbers only."""
    complaints: list[tuple[int, str]] = []
    producer = FakeProducer()
    report = emit(
        [line(1), b"{oops\n", b"\n", line(2, organization=None), line(3), b"x" * EVENT_BYTES_MAX + b"y\n"],
        producer,
        EmitOptions(complain=lambda number, reason: complaints.append((number, reason))),
    )
    assert EmitReport(lines=5, rejected=3, acked=2, failed=0, unknown=0) == report
    assert not report.complete
    assert ["e1", "e3"] == [sent.event_id for sent in producer.sent]
    assert [
        (2, "not JSON at character 1: Expecting property name enclosed in double quotes"),
        (4, "organization: Input should be a valid string"),
        (6, "longer than 1,000,000 bytes (1,000,001 read): shorten the payload"),
    ] == complaints


def test_a_mistyped_event_is_rejected_where_the_job_rejects_it() -> None:
    """With the job's setting, a line lands nowhere that would land in `rejected/`."""
    complaints: list[tuple[int, str]] = []
    options = EmitOptions(refuse_mistyped=True, complain=lambda number, reason: complaints.append((number, reason)))
    report = emit([line(1), line(2, run_id=None)], FakeProducer(), options)
    assert EmitReport(lines=2, rejected=1, acked=1, failed=0, unknown=0) == report
    assert [(2, "run_id: an event of type RUN_START needs it")] == complaints
    assert emit([line(2, run_id=None)], FakeProducer(), EmitOptions()).complete


def test_a_line_that_is_not_acked_is_named() -> None:
    """Failed and unknown lines are reported with their numbers when their outcome is known."""
    outcomes = iter([Outcome.ACKED, Outcome.UNKNOWN, Outcome.FAILED])
    complaints: list[tuple[int, str]] = []
    report = emit(
        [line(1), line(2), line(3)],
        FakeProducer(lambda _: next(outcomes)),
        EmitOptions(complain=lambda number, reason: complaints.append((number, reason))),
    )
    assert EmitReport(lines=3, rejected=0, acked=1, failed=1, unknown=1) == report
    assert [(2, "unknown: as the test asked"), (3, "failed: as the test asked")] == complaints


@pytest.mark.parametrize("error", [QueueFullError("the queue stayed full"), FatalProducerError("it was fenced")])
def test_a_broker_that_takes_no_more_ends_the_reading(error: Exception) -> None:
    """The refused line is named, no further line is read, and every other line has an outcome."""
    numbers = count()
    complaints: list[tuple[int, str]] = []

    def take_two(_: SentRecord) -> Outcome:
        if next(numbers) == 2:
            raise error
        return Outcome.ACKED

    lines = iter([line(number) for number in range(5)])
    report = emit(
        lines,
        FakeProducer(take_two),
        EmitOptions(complain=lambda number, reason: complaints.append((number, reason))),
    )
    assert EmitReport(lines=3, rejected=1, acked=2, failed=0, unknown=0, stopped=str(error)) == report
    assert [(3, str(error))] == complaints
    assert 2 == len(list(lines))


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_line_that_was_read_in_pieces_is_one_line(ending: bytes) -> None:
    """An overlong line is one bad line, not many, and does not hide the lines after it."""
    piece = b"x" * (EVENT_BYTES_MAX + 2)
    assert [b"a\n", piece, b"b\n"] == list(whole_lines([b"a\n", piece, piece, b"x\n", b"b\n"]))
    assert [piece] == list(whole_lines([piece, piece, ending] if ending else [piece, piece]))


def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(emit_command)
    return app


def test_the_command_sends_and_reports(kafka: MockKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad line causes exit code 1 and one line on standard error; all good lines are acked."""
    monkeypatch.chdir(tmp_path)
    environment = {"HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": kafka.servers}
    result = CliRunner().invoke(command(), ["--json"], input=line(1) + b"oops\n" + line(2), env=environment)
    assert 1 == result.exit_code
    assert {"lines": 3, "rejected": 1, "acked": 2, "failed": 0, "unknown": 0, "stopped": None} == json.loads(
        result.stdout
    )
    assert "line 2: not JSON at character 0: Expecting value" == result.stderr.strip()
    good = CliRunner().invoke(command(), [], input=line(1), env=environment)
    assert (0, "1 of 1 lines acked, 0 rejected, 0 failed, 0 unknown\n") == (good.exit_code, good.stdout)


def test_the_command_fails_before_it_reads_when_there_is_no_topic(
    kafka: MockKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set-up mistakes are exit code 2 and one line."""
    monkeypatch.chdir(tmp_path)
    environment = {"HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": kafka.servers, "HOURGLASS_TOPIC": "elsewhere"}
    result = CliRunner().invoke(command(), [], input=line(1), env=environment)
    assert 2 == result.exit_code
    assert result.stderr.startswith("error: topic 'elsewhere' is not at ")
    wrong = CliRunner().invoke(command(), [], env={"HOURGLASS_KAFKA_SECURITY_PROTOCOL": "TELEPATHY"})
    assert 2 == wrong.exit_code
    assert wrong.stderr.startswith("error: settings: kafka_security_protocol: Input should be 'PLAINTEXT'")


def test_sigterm_flushes_what_was_read(kafka: MockKafka, tmp_path: Path) -> None:
    """After a stop every queued record gets an outcome; the exit code is 0 if all are acked."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import typer; from producers.emit import emit_command; typer.run(emit_command)",
            "--json",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": kafka.servers},
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(b"".join(line(number) for number in range(1_000)))
        process.stdin.flush()
        first_acked(kafka)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    report = json.loads(output)
    assert 0 == process.returncode
    assert (report["lines"], "asked to stop") == (report["acked"], report["stopped"])
    assert 0 < report["acked"] <= 1_000


def first_acked(kafka: MockKafka) -> None:
    consumer = Consumer({"bootstrap.servers": kafka.servers, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("platform-events", partition, 0) for partition in range(4)])
    assert consumer.consume(1, timeout=60)
    consumer.close()
