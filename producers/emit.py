"""Send JSON lines to the topic, and report each line that is not acked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import typer

from producers.client import EventProducer
from producers.command_line import EXIT_FOUND_WRONG, EXIT_USAGE, fail, read_settings
from producers.errors import FatalProducerError, ProducerSetupError, QueueFullError, RecordRefusedError
from producers.events import EVENT_BYTES_MAX, EventError, OddEvents, PlatformEvent
from producers.sending.delivery import Delivery, Outcome, Sender
from producers.signals import GracefulStop

_LINE_BYTES_MAX = EVENT_BYTES_MAX + 2
"""The largest event and its line end; a longer line is read in pieces and rejected."""


def _stay_silent(number: int, reason: str) -> None:
    del number, reason


@dataclass(frozen=True, slots=True)
class EmitOptions:
    """How lines become records.

    Args:
        record_time: take the Kafka timestamp from `occurred_at` instead of the moment of sending.
        refuse_mistyped: reject a line whose event lacks a field that its type needs.
        complain: called with the number of a line, from 1, and why it is rejected, failed or unknown.
    """

    record_time: bool = False
    refuse_mistyped: bool = False
    complain: Callable[[int, str], None] = _stay_silent


@dataclass(frozen=True, slots=True)
class EmitReport:
    """Counts of the lines: `lines = rejected + acked + failed + unknown`; blank lines do not count.

    `rejected` lines were not sent. `stopped` is the reason when reading ended before the input.
    """

    lines: int
    rejected: int
    acked: int
    failed: int
    unknown: int
    stopped: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every line that was read is in the topic."""
        return self.acked == self.lines


def emit(lines: Iterable[bytes], producer: Sender, options: EmitOptions) -> EmitReport:
    """Send each line that is an event, with its bytes unchanged, and close the producer.

    1. Read a line. If it is not an event, complain, count it, and continue.
    2. Send it with the run id as its key. If the queue stays full or the producer has ended, stop reading.
    3. Close the producer: every record then is acked, failed or unknown.
    """
    emission = _Emission(producer, options)
    stopped = emission.send_all(lines)
    report = producer.close()
    return EmitReport(
        lines=emission.lines,
        rejected=emission.rejected,
        acked=report.acked,
        failed=report.failed,
        unknown=report.unknown,
        stopped=stopped,
    )


class _Emission:
    """Counts of one call of `emit`."""

    def __init__(self, producer: Sender, options: EmitOptions) -> None:
        self._producer = producer
        self._options = options
        self.lines = 0
        self.rejected = 0

    def send_all(self, lines: Iterable[bytes]) -> str | None:
        for number, line in enumerate(whole_lines(lines), 1):
            if not line.strip():
                continue
            self.lines += 1
            try:
                self._send(number, line.rstrip(b"\r\n"))
            except (EventError, RecordRefusedError) as exc:
                self._reject(number, exc)
            except (QueueFullError, FatalProducerError) as exc:
                self._reject(number, exc)
                return str(exc)
        return None

    def _send(self, number: int, line: bytes) -> None:
        event = PlatformEvent.from_json(line)
        if self._options.refuse_mistyped and event.lacking:
            raise EventError(f"{event.lacking[0]}: an event of type {event.event_type} needs it")

        def complain_unless_acked(delivery: Delivery) -> None:
            if delivery.outcome is not Outcome.ACKED:
                self._options.complain(number, f"{delivery.outcome}: {delivery.error}")

        self._producer.send_raw(
            line,
            event.run_id or event.event_id,
            record_time=event.occurred_at if self._options.record_time else None,
            event_id=event.event_id,
            on_delivery=complain_unless_acked,
        )

    def _reject(self, number: int, exc: Exception) -> None:
        self.rejected += 1
        self._options.complain(number, str(exc))


def whole_lines(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """Join the pieces of lines from a bounded read; a line over the limit is shortened to its first piece."""
    too_long = b""
    for piece in pieces:
        if piece.endswith(b"\n") or len(piece) < _LINE_BYTES_MAX:
            yield too_long or piece
            too_long = b""
        else:
            too_long = too_long or piece
    if too_long:
        yield too_long


def emit_command(
    record_time: Annotated[
        bool, typer.Option("--record-time", help="Take the Kafka timestamp from occurred_at instead of now.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Send platform events from standard input, one JSON object per line.

    A line that is not an event is reported on standard error with its number and reason; the others are sent.
    SIGTERM and Ctrl-C stop reading and wait for what was sent. Exit code 0: every line that was read is acked. 1: a
    line was rejected, failed or is unknown. 2: wrong options or settings, or the broker or the topic is not there.
    """
    settings = read_settings()
    options = EmitOptions(
        record_time,
        settings.mistyped_payloads is OddEvents.REJECT,
        lambda number, reason: typer.echo(f"line {number}: {reason}", err=True),
    )
    try:
        with GracefulStop() as stop, EventProducer(settings) as producer:
            report = emit(stop.lines(sys.stdin.buffer, _LINE_BYTES_MAX), producer, options)
            if stop() and report.stopped is None:
                report = replace(report, stopped="asked to stop")
    except ProducerSetupError as exc:
        fail(exc, EXIT_USAGE)
    _print(report, as_json=as_json)
    if not report.complete:
        raise typer.Exit(EXIT_FOUND_WRONG)


def _print(report: EmitReport, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    typer.echo(
        f"{report.acked:,} of {report.lines:,} lines acked, {report.rejected:,} rejected, "
        f"{report.failed:,} failed, {report.unknown:,} unknown"
    )
    if report.stopped is not None:
        typer.echo(f"stopped early: {report.stopped}", err=True)
