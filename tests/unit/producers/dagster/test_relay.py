import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import typer
from typer.testing import CliRunner

from producers.dagster.cursor import RelayCursor, RelayCursorError
from producers.dagster.events import Translator
from producers.dagster.log import (
    LogPosition,
    NoDagsterInstanceError,
    RunShardedLog,
    WholeLog,
    event_log,
    instance_id,
    open_instance,
)
from producers.dagster.relay import NotAckedError, Relay, RelayReport, follow, relay_command
from producers.errors import FatalProducerError
from producers.events import PlatformEvent
from producers.sending.delivery import Delivery, OnDelivery, Outcome
from tests.fakes.mock_kafka import MockKafka
from tests.fakes.producer import FakeProducer, SentRecord

CONSOLIDATED = """
telemetry:
  enabled: false
event_log_storage:
  module: dagster._core.storage.event_log
  class: ConsolidatedSqliteEventLogStorage
  config:
    base_dir: {folder}
"""
START = datetime(2025, 8, 1, 3, tzinfo=UTC)


class Stop:
    """Stop after this many waits."""

    def __init__(self, waits: int) -> None:
        self.waits: list[float] = []
        self._waits = waits

    def __call__(self) -> bool:
        """See `producers.dagster.relay.Stop`."""
        return len(self.waits) >= self._waits

    def wait(self, seconds: float) -> None:
        """See `producers.dagster.relay.Stop`."""
        self.waits.append(seconds)


@dg.asset
def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.info("reading")
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.asset_check(asset=orders)
def orders_not_empty() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def explode() -> None:
    raise ValueError("no such table: canary")


@dg.job
def exploding_job() -> None:
    """A job whose only step fails, is retried, and fails again."""
    explode()


@dg.job
def empty_job() -> None:
    """A job for runs that the tests create."""


def run_job(instance: dg.DagsterInstance) -> str:
    return dg.materialize([orders, orders_not_empty], instance=instance).run_id


def now() -> datetime:
    return datetime.now(UTC)


def later() -> datetime:
    return now() + timedelta(minutes=1)


def never() -> bool:
    return False


def relay_of(
    instance: dg.DagsterInstance,
    producer: FakeProducer,
    path: Path,
    complain: Callable[[str], None] = lambda _: None,
) -> Relay:
    identity = instance_id(instance)
    translator = Translator(identity, "hourglass", "local")
    return Relay(event_log(instance, later), translator, producer, RelayCursor(path, identity), complain)


def events_of(producer: FakeProducer) -> list[PlatformEvent]:
    return [PlatformEvent.from_json(sent.value) for sent in producer.sent]


def entries_in(instance: dg.DagsterInstance, run_id: str) -> int:
    return len(instance.all_logs(run_id))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay" / "cursor.json"


@pytest.fixture(params=["a database per run", "one database"])
def any_instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance for each way in which Dagster numbers its entries."""
    home = tmp_path / "home"
    home.mkdir()
    sharded = request.param == "a database per run"
    text = "telemetry:\n  enabled: false\n" if sharded else CONSOLIDATED.format(folder=home / "events")
    (home / "dagster.yaml").write_text(text)
    with open_instance(home) as opened:
        assert sharded == isinstance(event_log(opened, now), RunShardedLog)
        yield opened


def test_every_entry_becomes_one_event(any_instance: dg.DagsterInstance, path: Path) -> None:
    """Runs, steps, assets, checks, log lines and entries without a run: all are sent, in the order of each run."""
    run_ids = [run_job(any_instance) for _ in range(2)]
    any_instance.report_runless_asset_event(dg.AssetObservation("orders"))
    producer = FakeProducer()
    relay = relay_of(any_instance, producer, path)
    relay.run_pass(START, never)
    events = events_of(producer)
    assert relay.at_end
    for run_id in run_ids:
        sent = [event.payload["message"] for event in events if event.run_id == run_id]
        assert [entry.message for entry in any_instance.all_logs(run_id)] == sent
    assert ["ASSET_OBSERVATION"] == [event.event_type for event in events if event.run_id is None]
    assert len(events) == len({event.event_id for event in events}) == relay.report.acked
    assert {
        "RUN_START",
        "RUN_SUCCESS",
        "STEP_START",
        "STEP_SUCCESS",
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "ASSET_CHECK_PLANNED",
        "ASSET_CHECK_FAILED",
        "ENGINE_EVENT",
    } == {event.event_type for event in events}


def test_a_failure_has_its_error_and_whether_it_is_retried(instance: dg.DagsterInstance, path: Path) -> None:
    """Both attempts are STEP_START and STEP_FAILURE; only the first will be retried; the run fails."""
    exploding_job.execute_in_process(instance=instance, raise_on_error=False)
    producer = FakeProducer()
    relay_of(instance, producer, path).run_pass(START, never)
    told = [event for event in events_of(producer) if event.event_type not in {"ENGINE_EVENT", "RUN_START"}]
    assert ["STEP_START", "STEP_FAILURE", "STEP_START", "STEP_FAILURE", "RUN_FAILURE"] == [e.event_type for e in told]
    assert [True, False] == [event.payload["will_retry"] for event in told if "will_retry" in event.payload]
    assert [{"class": "ValueError", "message": "ValueError: no such table: canary"}] * 2 == [
        event.payload["error"]["cause"] for event in told if event.event_type == "STEP_FAILURE"
    ]


def test_a_later_pass_sends_only_what_is_new(any_instance: dg.DagsterInstance, path: Path) -> None:
    """The cursor outlives the process; another relay continues after the last acked batch."""
    run_job(any_instance)
    relay_of(any_instance, FakeProducer(), path).run_pass(START, never)
    run_id = run_job(any_instance)
    producer = FakeProducer()
    relay = relay_of(any_instance, producer, path)
    relay.run_pass(START, never)
    assert {run_id} == {event.run_id for event in events_of(producer)}
    relay.run_pass(START, never)
    assert entries_in(any_instance, run_id) == len(producer.sent)


def test_a_crash_between_ack_and_cursor_repeats_and_never_loses(
    any_instance: dg.DagsterInstance, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill between ack and cursor the next relay sends the same entries under the same ids."""
    run_id = run_job(any_instance)
    first = FakeProducer()
    with monkeypatch.context() as crash:
        crash.setattr(RelayCursor, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            relay_of(any_instance, first, path).run_pass(START, never)
    assert not path.exists()
    second = FakeProducer()
    relay_of(any_instance, second, path).run_pass(START, never)
    assert entries_in(any_instance, run_id) == len(second.sent)
    assert {sent.event_id for sent in first.sent} == {sent.event_id for sent in second.sent}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_the_cursor_does_not_move_until_all_is_acked(
    instance: dg.DagsterInstance, path: Path, outcome: Outcome
) -> None:
    """One unacked record of a batch causes the whole batch to be sent again."""
    run_id = run_job(instance)
    outcomes = iter([Outcome.ACKED, outcome])
    producer = FakeProducer(lambda _: next(outcomes, Outcome.ACKED))
    relay = relay_of(instance, producer, path)
    with pytest.raises(NotAckedError, match=r"^1 of "):
        relay.run_pass(START, never)
    assert not path.exists()
    relay.run_pass(START, never)
    assert 2 * entries_in(instance, run_id) == len(producer.sent)
    assert entries_in(instance, run_id) == len({sent.event_id for sent in producer.sent}) == relay.report.acked


def test_every_event_has_the_fields_of_its_type(instance: dg.DagsterInstance, path: Path) -> None:
    """The landing job flags no entry of a run, with its assets and checks, as mistyped."""
    run_job(instance)
    producer = FakeProducer()
    relay_of(instance, producer, path).run_pass(START, never)
    sent = events_of(producer)
    assert {"STEP_START", "ASSET_MATERIALIZATION", "ASSET_CHECK_FAILED"} <= {event.event_type for event in sent}
    assert [] == [event.event_type for event in sent if event.lacking]


def test_an_entry_that_is_too_large_for_the_topic_is_sent_without_its_details(
    instance: dg.DagsterInstance, path: Path
) -> None:
    """One entry stops no other one: the cursor moves, and the payload has the reason."""
    run_id = run_job(instance)
    producer = NarrowTopic()
    relay = relay_of(instance, producer, path)
    relay.run_pass(START, never)
    assert path.exists()
    assert entries_in(instance, run_id) == relay.report.acked == len(producer.sent) - 1
    whole, *_, reduced = events_of(producer)
    assert (whole.event_id, "too large for this topic") == (reduced.event_id, reduced.payload["reduced"])


class NarrowTopic(FakeProducer):
    """A producer whose topic refuses the first record."""

    def send(
        self, event: PlatformEvent, *, record_time: datetime | None = None, on_delivery: OnDelivery | None = None
    ) -> None:
        """See `Sender`."""
        if self.sent or on_delivery is None:
            super().send(event, record_time=record_time, on_delivery=on_delivery)
            return
        self.sent.append(SentRecord(event.to_json(), event.event_id, record_time, event.event_id))
        error = "too large for this topic"
        on_delivery(Delivery(event.event_id, "t", None, None, Outcome.FAILED, error, too_large=True))


def test_entries_that_a_finished_run_adds_are_seen(instance: dg.DagsterInstance, path: Path) -> None:
    """A run may log for an hour after its end; the cursor keeps its position for that time, and then drops it."""
    run_id = run_job(instance)
    producer = FakeProducer()
    relay = relay_of(instance, producer, path)
    relay.run_pass(now(), never)
    before = len(producer.sent)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_engine_event("the process has left", run)
    relay.run_pass(now(), never)
    assert ["the process has left"] == [event.payload["message"] for event in events_of(producer)[before:]]
    log = RunShardedLog(instance)
    position = LogPosition({run_id: 5}, now() + timedelta(hours=2))
    assert [] == list(log.records(position))
    assert {} == log.settle(position, now()).ids


def test_a_run_under_way_is_followed(instance: dg.DagsterInstance, path: Path) -> None:
    """An unfinished run is followed, however long ago its status changed."""
    run = instance.create_run_for_job(empty_job, status=dg.DagsterRunStatus.STARTED)
    producer = FakeProducer()
    relay = relay_of(instance, producer, path)
    for number in range(3):
        instance.report_engine_event(f"message {number}", run)
        relay.run_pass(now() + timedelta(days=number), never)
    assert [f"message {number}" for number in range(3)] == [e.payload["message"] for e in events_of(producer)]


def test_an_entry_that_dagster_cannot_read_is_named_and_passed(instance: dg.DagsterInstance, path: Path) -> None:
    """A broken entry is counted and reported; those before and after it are sent."""
    run_id = run_job(instance)
    database = Path(instance.root_directory) / "history" / "runs" / f"{run_id}.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE event_logs SET event = '{' WHERE id IN (3, 5)")
        (total,) = connection.execute("SELECT count(*) FROM event_logs").fetchone()
    complaints: list[str] = []
    producer = FakeProducer()
    relay = relay_of(instance, producer, path, complaints.append)
    relay.run_pass(START, never)
    assert {*range(1, total + 1)} - {3, 5} == {event.payload["storage_id"] for event in events_of(producer)}
    assert [f"run {run_id}, entry {number}: Dagster cannot read it" for number in (3, 5)] == complaints
    assert (2, total - 2) == (relay.report.skipped, relay.report.acked)


def test_a_young_gap_is_waited_for(tmp_path: Path) -> None:
    """With one sequence of numbers a gap may be a slower writer; entries behind it are sent only when it is old."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(CONSOLIDATED.format(folder=home / "events"))
    with open_instance(home) as opened:
        run_job(opened)
        with closing(sqlite3.connect(home / "events" / "event_log.db")) as connection, connection:
            connection.execute("DELETE FROM event_logs WHERE id = 4")
        young, old = WholeLog(opened, now), WholeLog(opened, later)
        assert [1, 2, 3] == [record.storage_id for record in young.records(LogPosition())]
        assert not young.at_end
        assert [1, 2, 3, 5] == [record.storage_id for record in old.records(LogPosition())][:4]
        assert old.at_end


def test_following_tries_again_until_it_is_stopped(instance: dg.DagsterInstance, path: Path) -> None:
    """A batch that is not acked is reported and retried in the next pass; the final report has no trouble."""
    run_id = run_job(instance)
    outcomes = iter([Outcome.UNKNOWN])
    complaints: list[str] = []
    relay = relay_of(instance, FakeProducer(lambda _: next(outcomes, Outcome.ACKED)), path, complaints.append)
    stop = Stop(waits=3)
    report = follow(relay, once=False, poll_seconds=2.0, stop=stop, clock=now)
    assert [2.0, 2.0, 2.0] == stop.waits
    assert 1 == len(complaints)
    assert RelayReport(acked=entries_in(instance, run_id), passes=2) == report


def test_once_ends_at_the_end_of_the_log(instance: dg.DagsterInstance, path: Path) -> None:
    """`--once` makes one pass over a log without gaps, and ends in trouble when that fails."""
    run_job(instance)
    stop = Stop(waits=5)
    failed = follow(
        relay_of(instance, FakeProducer(lambda _: Outcome.FAILED), path),
        once=True,
        poll_seconds=2.0,
        stop=stop,
        clock=now,
    )
    assert "are not acked" in str(failed.trouble)
    report = follow(relay_of(instance, FakeProducer(), path), once=True, poll_seconds=2.0, stop=stop, clock=now)
    assert (1, None, []) == (report.passes, report.trouble, stop.waits)


def test_a_fatal_error_ends_the_relay(instance: dg.DagsterInstance, path: Path) -> None:
    """After a fatal error of the producer nothing is retried: the process exits and must be started again."""
    run_job(instance)

    def fence(_: SentRecord) -> Outcome:
        raise FatalProducerError("it was fenced")

    with pytest.raises(FatalProducerError):
        follow(relay_of(instance, FakeProducer(fence), path), once=False, poll_seconds=1, stop=Stop(9), clock=now)


def test_a_cursor_of_another_instance_is_refused(instance: dg.DagsterInstance, path: Path) -> None:
    """Positions of another instance would skip entries of this one."""
    RelayCursor(path, "another").write(LogPosition({"run": 3}, START))
    with pytest.raises(RelayCursorError, match="belongs to Dagster instance another"):
        relay_of(instance, FakeProducer(), path)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version":2,"instance":"i","ids":{}}', b'{"version":1'])
def test_a_file_that_is_no_cursor_is_refused(path: Path, content: bytes) -> None:
    """A broken cursor is an error with the repair, never a silent start from the beginning or the end."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(RelayCursorError, match="is not a cursor of the relay"):
        RelayCursor(path, "i").read()


def test_a_cursor_is_read_as_it_was_written(path: Path) -> None:
    """Positions and time are read back, and no other file is left in the folder."""
    cursor = RelayCursor(path, "i")
    assert LogPosition() == cursor.read()
    for number in range(3):
        cursor.write(LogPosition({"run": number, "": 1}, START))
    assert LogPosition({"run": 2, "": 1}, START) == cursor.read()
    assert ["cursor.json"] == [file.name for file in path.parent.iterdir()]


def test_a_folder_without_an_instance_is_refused(tmp_path: Path) -> None:
    """A typing mistake does not create a new, empty instance."""
    with pytest.raises(NoDagsterInstanceError, match="set DAGSTER_HOME or --dagster-home"):
        open_instance(tmp_path)
    assert [] == list(tmp_path.iterdir())
    (tmp_path / "dagster.yaml").write_text("storage: {sqlite: 7}\n")
    with pytest.raises(NoDagsterInstanceError, match="does not open"):
        open_instance(tmp_path)


def test_the_command_relays_once(
    kafka: MockKafka, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command exits with 0 and prints a count; a second run finds nothing new."""
    monkeypatch.chdir(tmp_path)
    run_id = run_job(instance)
    app = typer.Typer()
    app.command()(relay_command)
    environment = {
        "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": kafka.servers,
        "DAGSTER_HOME": str(instance.root_directory),
        "HOURGLASS_RELAY_TOPIC": "platform-events",  # the one that this cluster has
    }
    for acked in (entries_in(instance, run_id), 0):
        result = CliRunner().invoke(app, ["--once", "--json"], env=environment)
        assert 0 == result.exit_code, result.output
        assert acked == json.loads(result.stdout)["acked"]
    missing = CliRunner().invoke(app, ["--once"], env={**environment, "DAGSTER_HOME": str(tmp_path / "nowhere")})
    assert (2, 1) == (missing.exit_code, len(missing.stderr.splitlines()))


def test_the_command_relays_to_a_topic_of_its_own(
    kafka: MockKafka, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HOURGLASS_TOPIC is that of the platform events, which the events of the instance would amend."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(relay_command)
    environment = {
        "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": kafka.servers,
        "HOURGLASS_TOPIC": "platform-events",
        "DAGSTER_HOME": str(instance.root_directory),
    }
    missing = CliRunner().invoke(app, ["--once"], env=environment)
    assert (2, True) == (missing.exit_code, "dagster-events" in missing.stderr), missing.stderr
