from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from producers.errors import FatalProducerError, QueueFullError
from producers.sending.delivery import Outcome
from producers.simulate import SimulationReport, paced, simulate, simulate_command, until
from producers.simulation.plan import SimulationPlan
from producers.simulation.sent import SentLedger, read_sent
from producers.simulation.traffic import traffic
from tests.fakes.mock_kafka import MockKafka
from tests.fakes.producer import FakeProducer, SentRecord


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sent.jsonl"


@pytest.fixture
def ledger(path: Path) -> Iterator[SentLedger]:
    with SentLedger(path) as opened:
        yield opened


def test_the_ledger_has_every_record_that_was_sent(plan: SimulationPlan, ledger: SentLedger, path: Path) -> None:
    """The sent, the acked and the recorded records are the same, at the positions from the broker."""
    producer = FakeProducer()
    report = simulate(plan, producer, ledger)
    assert report.complete
    assert (plan.events, plan.events) == (report.taken, report.acked)
    assert [(r.value, r.key, r.record_time) for r in traffic(plan)] == [
        (sent.value, sent.key, sent.record_time) for sent in producer.sent
    ]
    sent = read_sent(path)
    assert set(range(plan.events)) == {position.offset for position in sent.positions}
    rejected = {position.offset for hour in sent.hours.values() for position in hour.rejected}
    assert {index for index, record in enumerate(traffic(plan)) if not record.well_formed} == rejected
    assert {record.event_id for record in traffic(plan)} - {None} == sent.event_ids
    assert producer.closed


def test_a_record_that_is_not_acked_is_written_down_as_such(
    plan: SimulationPlan, ledger: SentLedger, path: Path
) -> None:
    """Failed and unknown records count as neither produced nor lost; the simulation is not complete."""
    outcomes = iter([Outcome.FAILED, Outcome.UNKNOWN])
    report = simulate(plan, FakeProducer(lambda _: next(outcomes, Outcome.ACKED)), ledger)
    first = read_sent(path).hours["2025-08-01T03"]
    assert (1, 1, plan.events - 2) == (report.failed, report.unknown, report.acked)
    assert (1, 1, 998) == (first.failed, first.unknown, first.produced)
    assert not report.complete


@pytest.mark.parametrize("error", [QueueFullError("the queue stayed full"), FatalProducerError("it was fenced")])
def test_a_broker_that_takes_no_more_ends_it(
    plan: SimulationPlan, ledger: SentLedger, path: Path, error: Exception
) -> None:
    """Every queued record is counted, and the report has the reason of the stop."""
    numbers = count()

    def take_ten(_: SentRecord) -> Outcome:
        if next(numbers) == 10:
            raise error
        return Outcome.ACKED

    report = simulate(plan, FakeProducer(take_ten), ledger)
    assert (10, 10, str(error)) == (report.taken, report.acked, report.stopped)
    assert 10 == len(read_sent(path).positions)
    assert not report.complete


def test_a_stop_ends_it_after_the_record_under_way(plan: SimulationPlan, ledger: SentLedger, path: Path) -> None:
    """A stop loses nothing: every sent record is acked and in the ledger."""
    asked = iter([False, False, False, True])
    report = simulate(plan, FakeProducer(), ledger, records=until(lambda: next(asked), traffic(plan)))
    assert (3, 3) == (report.taken, report.acked)
    assert "asked to stop after 3 of 3,000 records" == report.stopped
    assert 3 == len(read_sent(path).positions)


def test_progress_adds_up(plan: SimulationPlan, ledger: SentLedger) -> None:
    """The steps of a progress bar add up to the plan."""
    steps: list[int] = []
    simulate(plan, FakeProducer(), ledger, advance=steps.append)
    assert plan.events == sum(steps)


def test_a_rate_spaces_records_out(plan: SimulationPlan) -> None:
    """At ten a second each record waits for its tenth; after a pause at most one second is caught up."""
    now = [100.0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(round(seconds, 6))
        now[0] += seconds

    records = paced(traffic(plan), 10, clock=lambda: now[0], sleep=sleep)
    for _ in range(4):
        next(records)
    assert [0.1, 0.1, 0.1] == waits
    now[0] += 60
    at_once = 0
    while len(waits) == 3:
        next(records)
        at_once += 1
    assert 10 <= at_once <= 13


def test_the_command_sends_once_and_then_has_nothing_to_send(
    kafka: MockKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0 both times; the second time every hour is in the ledger already."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(simulate_command)
    environment = {"HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": kafka.servers}
    arguments = ["--hours", "3", "--events", "300", "--malformed", "0.1", "--json"]
    first = CliRunner().invoke(app, arguments, env=environment)
    assert 0 == first.exit_code, first.output
    report = json.loads(first.stdout)
    assert (3, 300, 300, None) == (len(report["hours"]), report["taken"], report["acked"], report["stopped"])
    sent = read_sent(tmp_path / ".hourglass" / "simulator" / "sent.jsonl")
    assert (270, 300) == (len(sent.event_ids), len(sent.positions))
    second = CliRunner().invoke(app, arguments, env=environment)
    assert 0 == second.exit_code
    assert SimulationReport((), 0, 0, 0, 0).taken == json.loads(second.stdout)["taken"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hours", "soon"], "not an hour of the form 2025-08-01T03: 'soon'"),
        (["--hours", "2999-01-01T00"], "is not over yet"),
        (["--hours", "2025-08-01T03"], "no Kafka broker answers at 127.0.0.1:1"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong options and a broker that is away are reported in one line."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(simulate_command)
    environment = {
        "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "HOURGLASS_SETUP_LIMIT_SECONDS": "0.1",
    }
    result = CliRunner().invoke(app, arguments, env=environment)
    assert 2 == result.exit_code
    assert message in result.stderr
    assert 1 == len(result.stderr.splitlines())
