"""Send realistic traffic of many organizations to the topic, with a ledger of the sent records."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from producers.client import EventProducer
from producers.command_line import EXIT_FOUND_WRONG, EXIT_USAGE, fail, read_settings
from producers.errors import FatalProducerError, ProducerSetupError, QueueFullError, RecordRefusedError
from producers.sending.delivery import DeliveryReport, Sender
from producers.settings import ProducerSettings
from producers.signals import GracefulStop
from producers.simulation.plan import PlanError, SimulationPlan, label_of, parse_hours
from producers.simulation.sent import SentLedger, SentLedgerError, sent_hours
from producers.simulation.traffic import SimulatedRecord, traffic

_REFRESH_RECORDS = 1_000
_NO_HOURS = "every chosen hour is in the ledger already: nothing to send"


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """Counts of a simulation. `stopped` is the reason when it ended early; the command sets `seconds`."""

    hours: tuple[str, ...]
    taken: int
    acked: int
    failed: int
    unknown: int
    stopped: str | None = None
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every record of the plan is in the topic."""
        return self.stopped is None and self.acked == self.taken


def default_ledger(settings: ProducerSettings) -> Path:
    """Return the path of the simulator's ledger in this data folder."""
    return settings.data_dir / "simulator" / "sent.jsonl"


def simulate(
    plan: SimulationPlan,
    producer: Sender,
    ledger: SentLedger,
    *,
    records: Iterable[SimulatedRecord] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> SimulationReport:
    """Send the traffic of a plan, and write the outcome of each record into the ledger.

    1. Send the records in order. On a stop, a full queue, a record time that the topic refuses or a fatal error, send
       no more.
    2. Close the producer: every record then is acked, failed or unknown.

    Args:
        plan: what to send.
        producer: is closed at the end.
        ledger: gets one line per queued record.
        records: the traffic, if it is paced or can be stopped; None sends that of the plan at full speed.
        advance: called from time to time with the number of records sent since the last call.
    """
    stopped = _send(traffic(plan) if records is None else records, producer, ledger, advance)
    report = producer.close()
    if stopped is None and report.taken < plan.events:
        stopped = f"asked to stop after {report.taken:,} of {plan.events:,} records"
    return _report_of(plan, report, stopped)


def paced(
    records: Iterable[SimulatedRecord],
    per_second: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[SimulatedRecord]:
    """Yield records at a rate; after a pause of the consumer, at most one second of records comes at once."""
    due = clock()
    for record in records:
        now = clock()
        if due > now:
            sleep(due - now)
        due = max(due, now - 1) + 1 / per_second
        yield record


def until(stop: Callable[[], bool], records: Iterable[SimulatedRecord]) -> Iterator[SimulatedRecord]:
    """Yield records until a stop is requested."""
    for record in records:
        if stop():
            return
        yield record


def _send(
    records: Iterable[SimulatedRecord], producer: Sender, ledger: SentLedger, advance: Callable[[int], None]
) -> str | None:
    number = 0
    for number, record in enumerate(records, 1):
        try:
            producer.send_raw(
                record.value,
                record.key,
                record_time=record.record_time,
                event_id=record.event_id,
                on_delivery=partial(ledger.record, record),
            )
        except (QueueFullError, RecordRefusedError, FatalProducerError) as exc:
            return str(exc)
        if number % _REFRESH_RECORDS == 0:
            advance(_REFRESH_RECORDS)
    advance(number % _REFRESH_RECORDS)
    return None


def _report_of(plan: SimulationPlan, report: DeliveryReport, stopped: str | None) -> SimulationReport:
    return SimulationReport(
        hours=tuple(label_of(hour) for hour in plan.hours),
        taken=report.taken,
        acked=report.acked,
        failed=report.failed,
        unknown=report.unknown,
        stopped=stopped,
    )


def simulate_command(  # noqa: PLR0913, PLR0917  one parameter per option of the command
    hours: Annotated[
        str,
        typer.Option(help="The last N full hours not yet in the ledger, or 2025-08-01T03..2025-08-01T08, or a list."),
    ] = "6",
    events: Annotated[int, typer.Option(min=0, help="Records in total, malformed ones included.")] = 20_000,
    malformed: Annotated[float, typer.Option(min=0, max=1, help="Share of malformed records.")] = 0.01,
    shards: Annotated[int, typer.Option(min=1, help="Databases of origin; their numeric ids overlap.")] = 2,
    organizations: Annotated[int, typer.Option(min=1, help="Customers, spread over the shards.")] = 6,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Records per second; default: full speed.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives other traffic for the same hours.")] = 1,
    ledger: Annotated[Path | None, typer.Option(help="File to which the sent records are appended.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Send realistic traffic of many organizations, with record times in the chosen hours.

    Exit code 0: every record is acked (or every hour was there already). 1: something failed, is unknown, or was
    stopped. 2: wrong options, or the broker or the topic is not there.
    """
    settings = read_settings()
    path = ledger or default_ledger(settings)
    try:
        chosen = parse_hours(hours, datetime.now(UTC), sent_hours(path))
        plan = SimulationPlan(chosen, events, malformed, shards, organizations, seed) if chosen else None
        report = _run(plan, settings, path, rate) if plan else SimulationReport((), 0, 0, 0, 0)
    except (PlanError, SentLedgerError, ProducerSetupError, OSError) as exc:
        fail(exc, EXIT_USAGE)
    _print(report, as_json=as_json)
    if not report.complete:
        raise typer.Exit(EXIT_FOUND_WRONG)


def _run(plan: SimulationPlan, settings: ProducerSettings, path: Path, rate: float | None) -> SimulationReport:
    records = traffic(plan) if rate is None else paced(traffic(plan), rate)
    with GracefulStop() as stop, SentLedger(path) as ledger, EventProducer(settings) as producer, _bar() as bar:
        task = bar.add_task(f"Sending {len(plan.hours)} hours to {settings.topic}", total=plan.events)
        started = time.monotonic()
        report = simulate(
            plan,
            producer,
            ledger,
            records=until(stop, records),
            advance=lambda sent: bar.update(task, advance=sent),
        )
        return replace(report, seconds=round(time.monotonic() - started, 3))


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(report: SimulationReport, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    elif not report.hours:
        typer.echo(_NO_HOURS)
    else:
        rate = report.taken / report.seconds if report.seconds else 0.0
        typer.echo(
            f"{report.acked:,} of {report.taken:,} records acked, {report.failed:,} failed, "
            f"{report.unknown:,} unknown, hours {report.hours[0]} to {report.hours[-1]}, "
            f"{report.seconds:.1f} s, {rate:,.0f} records/s"
        )
        if report.stopped is not None:
            typer.echo(f"stopped early: {report.stopped}", err=True)
