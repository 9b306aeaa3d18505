"""`hourglass ledger`: the ledger's arithmetic on any bucket, by hand or in a timer."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from flink_jobs.audit.entries import place_name
from flink_jobs.contracts.layout import Hour, LayoutError

if TYPE_CHECKING:
    from flink_jobs.audit.audit import Audit, Hours
    from flink_jobs.audit.entries import Place
    from flink_jobs.audit.findings import Finding
    from flink_jobs.contracts.layout import StreamLayout
    from flink_jobs.s3.objects import Objects

WRONG = 1
PROGRESS_SECONDS = 2.0
WATCH_PAUSE_SECONDS = 0.5

ledger = typer.Typer(help="The ledger: check what landed against what was booked.", no_args_is_help=True)
console = Console(stderr=True, highlight=False)


@ledger.callback()
def group() -> None:
    """The ledger: check what landed against what was booked."""


@ledger.command("check")
def check(
    *,
    read: Annotated[bool, typer.Option("--read", help="Read every object to its last byte.")] = False,
    broker: Annotated[bool, typer.Option("--broker", help="Ask the broker for its marks and holes.")] = False,
    watch: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="First look again and again for so long, while records land."),
    ] = 0.0,
    hours: Annotated[
        str | None,
        typer.Option(metavar="A..B", help="Hours whose objects are looked at: 2025-08-01T03..2025-08-01T05, or one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Check that entries chain, that each promised object is there, and (--read) that it holds what was booked.

    Exit code 1 with every finding, 2 when the bucket cannot be looked at. Findings have stable codes: docs/ledger.md.
    """
    from flink_jobs.audit.audit import attest, audit
    from flink_jobs.audit.broker import KafkaWitness
    from flink_jobs.s3.bucket import Bucket
    from flink_jobs.settings import LandingSettings

    settings = LandingSettings()
    bucket = Bucket.of(settings)
    bucket.check()
    chosen = hours_of(hours)
    watched = _watch(bucket, settings.layout, watch)
    progress = Progress()
    seen = audit(bucket, settings.layout, hours=chosen, read=read, report=progress.tell)
    seen.findings.add(watched)
    if broker:
        witness = KafkaWitness(settings.librdkafka())
        attest(seen, witness, settings.topics, chosen, progress.tell)
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
    """Give an audit as `--json` prints it."""
    return {
        "sound": not seen.findings.errors,
        "entries": len(seen.ledger.entries),
        "hours": len(seen.listed),
        "objects": sum(map(len, seen.listed.values())),
        "read": {"objects": seen.read_objects, "lines": seen.read_lines, "bytes": seen.read_bytes},
        "seconds": round(seconds, 1),
        "partitions": {place_name(place): _partition(seen, place) for place in _places(seen)},
        "counts": {str(code): count for code, count in sorted(seen.findings.counts.items())},
        "findings": [
            {"code": found.code, "where": found.where, "what": found.what, "error": found.is_error}
            for found in seen.findings.kept
        ],
    }


def _places(seen: Audit) -> list[Place]:
    return sorted({*seen.ledger.chains, *seen.coverage})


def _partition(seen: Audit, place: Place) -> dict[str, int | None]:
    chain = seen.ledger.chains.get(place)
    booked = {"first": chain[0].first, "last": max(entry.last for entry in chain)} if chain else {}
    its = seen.coverage.get(place)
    return {**booked, **({"low": its.marks.low, "end": its.marks.end, "lag": its.lag} if its else {})}


def _watch(bucket: Objects, layout: StreamLayout, seconds: float) -> list[Finding]:
    """Poll for a while; a bucket that is away for a moment ends the watch like any look at it."""
    from flink_jobs.audit.watch import Watch

    watch, deadline = Watch(bucket, layout), time.monotonic() + seconds
    while time.monotonic() < deadline:
        watch.poll()
        time.sleep(WATCH_PAUSE_SECONDS)
    if watch.polls:
        console.print(f"looked {watch.polls:,} times in {seconds:.0f} s")
    return watch.findings.kept


class Progress:
    """Tells how far the work is, at most every `PROGRESS_SECONDS`, on standard error."""

    def __init__(self) -> None:
        self._started = self._told = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._started

    def tell(self, line: str) -> None:
        """Take a line of progress."""
        now = time.monotonic()
        if now - self._told >= PROGRESS_SECONDS:
            self._told = now
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
    for place, its in seen.coverage.items():
        console.print(f"{place_name(place)}: the broker has {its.marks.low} to {its.marks.end}, lag {its.lag:,}")
    verdict = f"{seen.findings.errors:,} wrong" if seen.findings.errors else "sound"
    console.print(f"The ledger is {verdict}." if verdict == "sound" else f"Found {verdict}: see docs/ledger.md.")
