"""`hourglass hours`: verify sealed hours, list what was restated, fill the table of published hours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from flink_jobs.contracts.layout import Hour, LayoutError
from infra.commands.console import StreamName, print_line

if TYPE_CHECKING:
    from orchestration.landing.proof.evidence import Stream
    from orchestration.landing.report.restatement import Restatement
    from orchestration.landing.verification.seals import Finding
    from orchestration.landing.verification.verify import Verified
    from orchestration.stream.catalog import StreamEntry

WRONG, UNKNOWN = 1, 2

hours = typer.Typer(help="Hours: verify their seals, list restatements, fill their table.", no_args_is_help=True)


@hours.callback()
def group(context: typer.Context, *, stream: StreamName = None) -> None:
    """Choose the stream; without a name it is the first one of the project."""
    context.obj = stream


@hours.command("verify")
def verify(  # noqa: PLR0913 (the options of a command)
    context: typer.Context,
    labels: Annotated[
        list[str] | None, typer.Argument(metavar="HOUR...", help="Hours such as 2025-08-01T03.", show_default=False)
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every sealed hour, the chain of their seals, the compacted days.")
    ] = False,
    read: Annotated[bool, typer.Option("--read", help="Read every line of the objects.")] = False,
    anchor: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:SHA256", help="With --all: the `link` of a landed_hour, as Dagster shows it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Compute the proof of sealed hours again, from bucket, ledger and broker, and compare it with their seals.

    What the broker cannot answer any more stands by the witness in the seal, and is named. Exit code 0: proven; 1:
    something is wrong, and printed with its name; 2: it cannot be known.
    """
    from orchestration.landing.errors import LandingError
    from orchestration.landing.verification.days import wrong_days
    from orchestration.landing.verification.seals import verify_chain
    from orchestration.landing.verification.verify import sealed_hours, verify_hours

    if bool(labels) == every:
        raise typer.BadParameter("give hours, or --all")
    chosen = read_hours(labels or [])
    asked = _stream(context.obj)
    try:
        chain = [*verify_chain(asked, anchor=anchor), *wrong_days(asked.bucket, asked.layout)] if every else []
        found = verify_hours(asked, sealed_hours(asked) if every else chosen, read=read)
    except LandingError as exc:
        print_line(f"hourglass: {exc}")
        raise typer.Exit(UNKNOWN) from exc
    if as_json:
        print(json.dumps(as_document(chain, found), indent=1))
    else:
        _print(chain, found)
    if code := exit_code(chain, found):
        raise typer.Exit(code)


@hours.command("restatements")
def restatements(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """List the published amendments: hour, revisions, added records by partition and organization, what is downstream.

    Exit code 0, also when there is none; 2: the bucket cannot be read.
    """
    from orchestration.landing.errors import LandingError
    from orchestration.landing.report.restatement import read_restatements

    asked = _stream(context.obj)
    try:
        found = read_restatements(asked.bucket, asked.layout)
    except LandingError as exc:
        print_line(f"hourglass: {exc}")
        raise typer.Exit(UNKNOWN) from exc
    if as_json:
        print(json.dumps({"restatements": [note.model_dump(mode="json") for note in found]}, indent=1))
        return
    for note in found:
        _print_restatement(note)
    if not found:
        print("no published hour was amended")


@hours.command("table")
def table(context: typer.Context) -> None:
    """Write every published hour of the bucket into the tables HOURS and HOUR_OBJECTS of Snowflake.

    dbt models are built by HOURS, and read as of a moment by HOUR_OBJECTS. The runs of the hours write both. Run this
    once after an upgrade from a release without one of them, or when one was dropped. It is safe to repeat, also while
    runs publish. Exit code 0: written; 2: bucket or Snowflake cannot be asked.
    """
    from orchestration.landing.clients.hours_table import HoursTable
    from orchestration.landing.errors import LandingError
    from orchestration.landing.report.published_hours import rows_of_published_hours
    from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
    from snowflake_components.errors import SnowflakeError

    entry = stream_entry(context.obj)
    written = HoursTable.beside(SnowflakeConnection(settings=SnowflakeSettings()), entry.table.name)
    count = 0
    try:
        for rows in rows_of_published_hours(entry.document.name, _stream(context.obj)):
            written.write(rows.hours, rows.objects)
            count += len(rows.hours)
    except (LandingError, SnowflakeError) as exc:
        print_line(f"hourglass: {exc}")
        raise typer.Exit(UNKNOWN) from exc
    print(f"{written.name.sql} has {count} published hours of {entry.document.name}")


def exit_code(chain: list[Finding], found: list[Verified]) -> int:
    """Return 1 if something is wrong, 2 if something cannot be known, else 0."""
    verdicts = {one.verdict.value for one in found}
    if chain or "wrong" in verdicts:
        return WRONG
    return UNKNOWN if "unknown" in verdicts else 0


def as_document(chain: list[Finding], found: list[Verified]) -> dict[str, object]:
    """Return the result as `--json` prints it."""
    return {
        "chain": [{"where": one.where, "what": one.what} for one in chain],
        "hours": [
            {
                "hour": one.hour.label,
                "verdict": one.verdict.value,
                "revision": one.seal.revision if one.seal else None,
                "proof": one.seal.proof.value if one.seal else None,
                "records": one.seal.accepted + one.seal.rejected if one.seal else None,
                "wrong": [{"where": its.where, "what": its.what} for its in one.wrong],
                "by_witness": one.by_witness,
                "unknown": one.unknown,
            }
            for one in found
        ],
    }


def _stream(name: str | None) -> Stream:
    from orchestration.settings import StreamAccess
    from orchestration.stream.binding import proven_stream

    return proven_stream(stream_entry(name).document, StreamAccess())


def stream_entry(name: str | None) -> StreamEntry:
    """Return a stream of the project by its name; the first one without a name, a usage error for an unknown one."""
    from infra.local.streams import streams

    entries = {entry.document.name: entry for entry in streams()}
    if name is not None and name not in entries:
        raise typer.BadParameter(f"no document describes a stream {name}; known: {', '.join(entries)}")
    return entries[name] if name else next(iter(entries.values()))


def read_hours(labels: list[str]) -> list[Hour]:
    """Read labels such as 2025-08-01T03; a usage error for another form."""
    try:
        return [Hour.from_label(label) for label in labels]
    except LayoutError as exc:
        raise typer.BadParameter(str(exc), param_hint="HOUR") from exc


def _print_restatement(note: Restatement) -> None:
    added = note.accepted_after - note.accepted_before
    rejected = note.rejected_after - note.rejected_before
    print(f"{note.hour}  r{note.from_revision} -> r{note.to_revision}  +{added} accepted, +{rejected} rejected")
    for title, counts in (("partitions", note.partitions), ("organizations", note.organizations)):
        if counts:
            print(f"  {title}: {', '.join(f'{name} +{count}' for name, count in counts.items())}")
    if note.not_attributed:
        print(f"  of other organizations: +{note.not_attributed}")
    print(f"  downstream: {', '.join(note.downstream) or 'nothing'}")


def _print(chain: list[Finding], found: list[Verified]) -> None:
    for one in chain:
        print(f"chain: {one.where}: {one.what}")
    for hour in found:
        print(f"{hour.hour}  {hour.verdict.value}{_numbers(hour)}")
        for its in hour.wrong:
            print(f"  wrong: {its.where}: {its.what}")
        for sentence in hour.by_witness:
            print(f"  by witness: {sentence}")
        for sentence in hour.unknown:
            print(f"  unknown: {sentence}")
    counts = {verdict: sum(one.verdict.value == verdict for one in found) for verdict in ("proven", "wrong", "unknown")}
    print_line(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def _numbers(one: Verified) -> str:
    if one.seal is None:
        return ""
    return f"  revision {one.seal.revision}, {one.seal.accepted + one.seal.rejected} records, by {one.seal.proof.value}"
