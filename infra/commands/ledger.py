"""`hourglass ledger`: check the bucket against its ledger, by hand or in a timer."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from flink_jobs.contracts.layout import Hour, LayoutError
from flink_jobs.contracts.ledger import partition_name
from infra.commands.console import StreamName, use_stream

if TYPE_CHECKING:
    from flink_jobs.audit.audit import Audit, Hours
    from flink_jobs.audit.chain import ChainId
    from flink_jobs.audit.findings import Finding
    from flink_jobs.contracts.layout import StreamLayout
    from flink_jobs.s3.objects import Objects

WRONG = 1
PROGRESS_SECONDS = 2.0
WATCH_PAUSE_SECONDS = 0.5

ledger = typer.Typer(help="The ledger: check the landed objects against their ledger entries.", no_args_is_help=True)
console = Console(stderr=True, highlight=False)


@ledger.callback()
def group(*, stream: StreamName = None) -> None:
    """The ledger: check the landed objects against their ledger entries."""
    use_stream(stream)


@ledger.command("check")
def check(
    *,
    read: Annotated[bool, typer.Option("--read", help="Read every object to its last byte.")] = False,
    broker: Annotated[bool, typer.Option("--broker", help="Compare with the broker: offset ranges and holes.")] = False,
    watch: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="Watch the bucket for so long first, while records land."),
    ] = 0.0,
    hours: Annotated[
        str | None,
        typer.Option(metavar="A..B", help="Hours whose objects are checked: 2025-08-01T03..2025-08-01T05, or one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Check that entries chain, that each promised object is listed, and (--read) that it holds the promised records.

    The compacted days are compared with their objects.

    Exit code 1 with every finding, 2 when the bucket cannot be read. Findings have stable codes: docs/ledger.md.
    """
    from flink_jobs.audit.audit import audit, compare_with_broker
    from flink_jobs.audit.broker import KafkaReader
    from flink_jobs.s3.bucket import Bucket
    from flink_jobs.settings import LandingSettings
    from infra.commands.ledger_days import day_findings

    settings = LandingSettings()
    bucket = Bucket.of(settings)
    bucket.check()
    chosen = hours_of(hours)
    watched = _watch(bucket, settings.layout, watch)
    progress = Progress()
    seen = audit(bucket, settings.layout, hours=chosen, read=read, report=progress.print)
    seen.findings.add(watched)
    seen.findings.add(day_findings(bucket, settings.layout))
    if broker:
        reader = KafkaReader(settings.librdkafka())
        compare_with_broker(seen, reader, settings.topics, chosen, progress.print)
    if as_json:
        print(json.dumps(as_document(seen, progress.seconds), indent=1))
    else:
        _print(seen, progress.seconds)
    if seen.findings.errors:
        raise typer.Exit(WRONG)


def hours_of(text: str | None) -> Hours:
    """Read `A..B`, `A..`, `..B` or one hour."""
    from flink_jobs.audit.audit import Hours

    if text is None:
        return Hours()
    first, dots, last = text.partition("..")
    try:
        begin = Hour.from_label(first) if first else None
        return Hours(begin, Hour.from_label(last) if last else None if dots else begin)
    except LayoutError as exc:
        raise typer.BadParameter(str(exc), param_hint="--hours") from exc


def as_document(seen: Audit, seconds: float) -> dict[str, object]:
    """Return an audit as `--json` prints it."""
    return {
        "sound": not seen.findings.errors,
        "entries": len(seen.ledger.entries),
        "hours": len(seen.listed),
        "objects": sum(map(len, seen.listed.values())),
        "read": {"objects": seen.read_objects, "lines": seen.read_lines, "bytes": seen.read_bytes},
        "seconds": round(seconds, 1),
        "partitions": {_name(seen, chain): _partition(seen, chain) for chain in _chains(seen)},
        "counts": {str(code): count for code, count in sorted(seen.findings.counts.items())},
        "findings": [
            {"code": found.code, "where": found.where, "what": found.what, "error": found.is_error}
            for found in seen.findings.kept
        ],
    }


def _chains(seen: Audit) -> list[ChainId]:
    return sorted({*seen.ledger.chains, *seen.coverage})


def _name(seen: Audit, chain: ChainId) -> str:
    """Name a partition, with the topic's id where the ledger has several topics of one name."""
    several = len({other.topic_id for other in seen.ledger.chains if other.topic == chain.topic}) > 1
    return f"{partition_name(chain.at)} of {chain.topic_id or 'unknown'}" if several else partition_name(chain.at)


def _partition(seen: Audit, chain: ChainId) -> dict[str, int | None]:
    entries = seen.ledger.chains.get(chain)
    booked = {"first": entries[0].first, "last": max(entry.last for entry in entries)} if entries else {}
    its = seen.coverage.get(chain)
    return {**booked, **({"low": its.on_broker.low, "end": its.on_broker.end, "lag": its.lag} if its else {})}


def _watch(bucket: Objects, layout: StreamLayout, seconds: float) -> list[Finding]:
    """Poll the bucket for a while; an error of the bucket ends the watch."""
    from flink_jobs.audit.watch import Watch

    watch, deadline = Watch(bucket, layout), time.monotonic() + seconds
    while time.monotonic() < deadline:
        watch.poll()
        time.sleep(WATCH_PAUSE_SECONDS)
    if watch.polls:
        console.print(f"polled {watch.polls:,} times in {seconds:.0f} s")
    return watch.findings.kept


class Progress:
    """Prints progress on standard error, at most every `PROGRESS_SECONDS`."""

    def __init__(self) -> None:
        self._started = self._printed = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def print(self, line: str) -> None:
        """Print a line, unless another one was printed just before."""
        now = time.monotonic()
        if now - self._printed >= PROGRESS_SECONDS:
            self._printed = now
            console.print(f"  {line}", markup=False, soft_wrap=True)


def _print(seen: Audit, seconds: float) -> None:
    for finding in sorted(seen.findings.kept):
        print(("" if finding.is_error else "warning: ") + str(finding))
    left = sum(seen.findings.counts.values()) - len(seen.findings.kept)
    if left:
        print(f"and {left:,} more: {', '.join(f'{code} {n:,}' for code, n in sorted(seen.findings.counts.items()))}")
    objects = sum(map(len, seen.listed.values()))
    console.print(
        f"{len(seen.ledger.entries):,} entries of {len(seen.ledger.chains)} partitions, {objects:,} objects of "
        f"{len(seen.listed):,} hours in {seconds:.1f} s",
        soft_wrap=True,
    )
    if seen.read_lines:
        console.print(
            f"read {seen.read_objects:,} objects, {seen.read_lines:,} lines, {seen.read_bytes / 1e6:,.0f} MB: "
            f"{seen.read_lines / seconds:,.0f} lines/s",
            soft_wrap=True,
        )
    for chain, its in seen.coverage.items():
        console.print(
            f"{partition_name(chain.at)}: the broker has {its.on_broker.low} to {its.on_broker.end}, lag {its.lag:,}"
        )
    verdict = f"{seen.findings.errors:,} wrong" if seen.findings.errors else "sound"
    console.print(f"The ledger is {verdict}." if verdict == "sound" else f"Found {verdict}: see docs/ledger.md.")
