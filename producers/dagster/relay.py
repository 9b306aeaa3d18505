"""Follow a Dagster instance's event log and send every entry as a platform event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer
from dagster import EventLogEntry

from producers.client import EventProducer
from producers.command_line import EXIT_FOUND_WRONG, EXIT_USAGE, fail, read_settings
from producers.dagster.cursor import RelayCursor, RelayCursorError
from producers.dagster.events import Translator
from producers.dagster.log import (
    DagsterLogError,
    EventLog,
    LogPosition,
    LogRecord,
    NoDagsterInstanceError,
    event_log,
    instance_id,
    open_instance,
)
from producers.errors import FatalProducerError, ProducerError, ProducerSetupError
from producers.sending.delivery import Delivery, Outcome, Sender
from producers.settings import ProducerSettings
from producers.signals import GracefulStop

_BATCH_RECORDS = 1_000
_GAP_WAIT_SECONDS = 1.0

T = TypeVar("T")


class NotAckedError(Exception):
    """A record of a batch failed or is unknown: the cursor stays, and the batch is sent again."""


@dataclass(slots=True)
class RelayReport:
    """Counts of a relay: acked entries, unreadable entries, passes; and its last error, if any."""

    acked: int = 0
    skipped: int = 0
    passes: int = 0
    trouble: str | None = None


class Relay:
    """Send the event log of one instance.

    Promised: the cursor moves only past entries that are acked, so after a crash entries are sent again with the same
    event ids and none is lost. Entries of one run are sent in their order.

    Args:
        log: of the instance.
        translator: of its entries.
        producer: is not closed.
        cursor: of this log.
        complain: called with one line for each unreadable entry and for each failed pass.
    """

    def __init__(
        self,
        log: EventLog,
        translator: Translator,
        producer: Sender,
        cursor: RelayCursor,
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._translator = translator
        self._producer = producer
        self._cursor = cursor
        self.complain = complain
        self._position = cursor.read()
        self.report = RelayReport()

    def run_pass(self, now: datetime, stop: Callable[[], bool]) -> None:
        """Relay from the cursor to the present end of the log, batch by batch.

        1. Read it and send it.
        2. Wait until every record of it is acked.
        3. Write the cursor.

        `stop` is checked between two batches.

        Raises:
            NotAckedError, ProducerError, DagsterLogError: the cursor is after the last batch that was acked.
        """
        for batch in _batched(self._log.records(self._position), _BATCH_RECORDS):
            self._send(batch)
            self._move(self._position.after(batch))
            if stop():
                return
        self.report.passes += 1
        if self._log.at_end:
            self._position = self._log.settle(self._position, now)

    @property
    def at_end(self) -> bool:
        """Whether the last pass reached the end of the log."""
        return self._log.at_end

    def _move(self, position: LogPosition) -> None:
        self._cursor.write(position)
        self._position = position

    def _send(self, batch: list[LogRecord]) -> None:
        """Send a batch, and an entry that is too large for the topic again without its details."""
        entries: dict[str, tuple[int, EventLogEntry]] = {}
        deliveries: list[Delivery] = []
        for record in batch:
            if record.entry is None:
                self.report.skipped += 1
                self.complain(f"run {record.shard}, entry {record.storage_id}: Dagster cannot read it")
                continue
            event = self._translator.event_of(record.storage_id, record.entry)
            entries[event.event_id] = record.storage_id, record.entry
            self._producer.send(event, on_delivery=deliveries.append)
        self._producer.flush()
        refused = [delivery for delivery in deliveries if delivery.too_large]
        for delivery in refused:
            storage_id, entry = entries[delivery.event_id or ""]
            reduced = self._translator.reduced_event_of(storage_id, entry, str(delivery.error))
            self._producer.send(reduced, on_delivery=deliveries.append)
        if refused:
            self._producer.flush()
        acked = sum(delivery.outcome is Outcome.ACKED for delivery in deliveries)
        if lacking := len(entries) - acked:
            raise NotAckedError(f"{lacking:,} of {len(entries):,} entries are not acked: the batch is sent again")
        self.report.acked += acked


class Stop(Protocol):
    """Whether to stop, and a sleep that a stop ends."""

    def __call__(self) -> bool:
        """Return whether a stop was requested."""

    def wait(self, seconds: float) -> None:
        """Sleep, at most until a stop."""


def follow(relay: Relay, *, once: bool, poll_seconds: float, stop: Stop, clock: Callable[[], datetime]) -> RelayReport:
    """Relay to the end of the log (`once`), or follow it until a stop.

    When following, a batch that is not acked and a log that cannot be read are retried after `poll_seconds`. With
    `once` either ends the relay. A fatal error of the producer always ends it.
    """
    report = relay.report
    while not stop():
        report.trouble = None
        try:
            relay.run_pass(clock(), stop)
        except FatalProducerError:
            raise
        except (NotAckedError, ProducerError, DagsterLogError) as exc:
            report.trouble = str(exc)
            relay.complain(report.trouble)
        if once and (relay.at_end or report.trouble):
            break
        stop.wait(_GAP_WAIT_SECONDS if once else poll_seconds)
    return report


def _batched(records: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch


def default_cursor(settings: ProducerSettings) -> Path:
    """Return the path of the relay's cursor in this data folder."""
    return settings.data_dir / "relay" / "cursor.json"


def relay_command(  # noqa: PLR0913, PLR0917  one parameter per option of the command
    dagster_home: Annotated[
        Path, typer.Option(envvar="DAGSTER_HOME", help="Folder of the Dagster instance.", show_default=False)
    ],
    once: Annotated[bool, typer.Option("--once", help="Relay to the present end of the log and exit.")] = False,
    poll_seconds: Annotated[float, typer.Option(min=0.1, help="Pause between two passes over the log.")] = 2.0,
    organization: Annotated[str, typer.Option(help="Organization of the events.")] = "hourglass",
    deployment: Annotated[str, typer.Option(help="Deployment of the events.")] = "local",
    cursor: Annotated[Path | None, typer.Option(help="File of the cursor.")] = None,
    topic: Annotated[str, typer.Option(envvar="HOURGLASS_RELAY_TOPIC", help="Topic of the events.")] = "dagster-events",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Send every entry of a Dagster instance's event log, from where the last relay stopped.

    SIGTERM and Ctrl-C end it after the current batch. Exit code 0: every entry that was read is acked. 1: an entry
    is not acked or could not be read. 2: wrong options, no such instance, another instance's cursor, or the broker
    or the topic is not there.
    """
    settings = read_settings().model_copy(update={"topic": topic})
    try:
        with GracefulStop() as stop, open_instance(dagster_home) as instance, EventProducer(settings) as producer:
            identity = instance_id(instance)
            relay = Relay(
                event_log(instance, _now),
                Translator(identity, organization, deployment),
                producer,
                RelayCursor(cursor or default_cursor(settings), identity),
                lambda line: typer.echo(line, err=True),
            )
            report = follow(relay, once=once, poll_seconds=poll_seconds, stop=stop, clock=_now)
    except (NoDagsterInstanceError, RelayCursorError, ProducerSetupError, OSError) as exc:
        fail(exc, EXIT_USAGE)
    except (FatalProducerError, DagsterLogError) as exc:
        fail(exc, EXIT_FOUND_WRONG)
    _print(report, as_json=as_json)
    if report.trouble or report.skipped:
        raise typer.Exit(EXIT_FOUND_WRONG)


def _now() -> datetime:
    return datetime.now(UTC)


def _print(report: RelayReport, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        typer.echo(
            f"{report.acked:,} entries acked, {report.skipped:,} unreadable, {report.passes:,} passes over the log"
        )
