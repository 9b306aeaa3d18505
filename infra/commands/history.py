"""`hourglass history`: every revision of an hour, and what was built from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from flink_jobs.contracts.layout import Hour
from infra.commands.console import Json, StreamName, output, print_line
from infra.commands.hours import UNKNOWN, read_hours, stream_entry

if TYPE_CHECKING:
    from datetime import datetime

    from orchestration.dbt_runner.built_hours import BuiltHour
    from orchestration.landing.report.history import Revision


def history_command(
    label: Annotated[str, typer.Argument(metavar="HOUR", help="An hour such as 2025-08-01T03.")],
    *,
    stream: StreamName = None,
    as_json: Json = False,
) -> None:
    """Print each revision of an hour: sealed, published, by which run, objects and records, what it restated.

    Below it are the models of the hour, and the revision that each was built from. Exit code 0: printed, also while
    Snowflake is away, which is said; 2: the hour was never sealed, or the bucket cannot be read.
    """
    from orchestration.landing.errors import LandingError
    from orchestration.landing.report.history import history_of_hour
    from orchestration.settings import StreamAccess
    from orchestration.stream import binding

    (hour,) = read_hours([label])
    document = stream_entry(stream).document
    try:
        revisions = history_of_hour(binding.proven_stream(document, StreamAccess()), hour)
    except LandingError as exc:
        print_line(f"hourglass: {exc}")
        raise typer.Exit(UNKNOWN) from exc
    if not revisions:
        print_line(f"hourglass: {hour} of {document.name} was never sealed: `hourglass status --all` says why")
        raise typer.Exit(UNKNOWN)
    built, away = _built(hour)
    if as_json:
        print(json.dumps(as_document(document.name, revisions, built, away), indent=1))
    else:
        _print(document.name, revisions, built, away)


def as_document(stream: str, revisions: Sequence[Revision], built: Sequence[BuiltHour], away: str) -> dict[str, object]:
    """Return the history as `--json` prints it."""
    states = _states(stream, revisions, built)
    return {
        "stream": stream,
        "hour": revisions[0].seal.hour.label,
        "revisions": [_revision(one) for one in revisions],
        "models": [
            {
                "model": one.model,
                "input": one.input,
                "built_from": states[one],
                "fingerprint": one.fingerprint,
                "built_at": _moment(one.built_at),
            }
            for one in built
        ],
        "unknown": away,
    }


def _revision(one: Revision) -> dict[str, object]:
    seal, publication, note = one.seal, one.publication, one.note
    return {
        "revision": seal.revision,
        "sealed_at": _moment(seal.sealed_at),
        "published_at": publication and _moment(publication.published_at),
        "run_id": publication and publication.run_id,
        "accepted": seal.accepted,
        "rejected": seal.rejected,
        "objects": len(seal.objects),
        "bytes": seal.bytes,
        "proof": seal.proof.value,
        "fingerprint": seal.fingerprint,
        "restated_from": note and note.from_revision,
        "added_by_organization": note and note.organizations,
        "downstream": note and note.downstream,
    }


def _built(hour: Hour) -> tuple[tuple[BuiltHour, ...], str]:
    """Read what was built of the hour; while Snowflake is away, nothing and the error."""
    from orchestration.dbt_runner.built_hours import read_built_hours, table_of_target
    from snowflake_components import connection
    from snowflake_components.errors import SnowflakeError

    settings = connection.SnowflakeSettings()
    try:
        return read_built_hours(connection.SnowflakeConnection(settings=settings), table_of_target(settings), hour), ""
    except SnowflakeError as exc:
        return (), str(exc)


def _states(stream: str, revisions: Sequence[Revision], built: Sequence[BuiltHour]) -> Mapping[BuiltHour, str]:
    """Say of each row of BUILT_HOURS what it was built from: a revision of the stream, or the rows of another model."""
    numbers = {one.seal.fingerprint: one.seal.revision for one in revisions}
    published = max((one.seal.revision for one in revisions if one.publication), default=0)
    versions = {one.model: one.version for one in built}
    found = {}
    for one in built:
        if one.input is None:
            found[one] = "rows that Python wrote"
        elif one.input == f"stream:{stream}":
            number = numbers.get(one.fingerprint or "")
            behind = f", revision {published} is published" if number != published else ""
            found[one] = f"revision {number}{behind}" if number else f"no revision of this hour{behind}"
        elif one.input in versions:
            found[one] = (
                "its rows as they are" if one.fingerprint == versions[one.input] else "its rows before a change"
            )
        else:
            found[one] = "another stream or a model without the hour"
    return found


def _print(stream: str, revisions: Sequence[Revision], built: Sequence[BuiltHour], away: str) -> None:
    title = f"{stream}, {revisions[0].seal.hour}"
    table = Table(
        "revision", "sealed", "published", "run", "accepted", "rejected", "objects", "proof", "added",
        title=title, title_justify="left",
    )  # fmt: skip
    for one in revisions:
        publication = one.publication
        table.add_row(
            str(one.seal.revision),
            _moment(one.seal.sealed_at),
            _moment(publication.published_at) if publication else "never",
            publication.run_id[:8] if publication else "-",
            f"{one.seal.accepted:,}",
            f"{one.seal.rejected:,}",
            f"{len(one.seal.objects):,}",
            one.seal.proof.value,
            Text(_added(one)),
        )
    output().print(table)
    if away:
        print_line(f"hourglass: models are not known: {away}")
        return
    states = _states(stream, revisions, built)
    models = Table("model", "input", "built from", "built")
    for row in built:
        models.add_row(row.model, row.input or "-", states[row], _moment(row.built_at))
    output().print(models)


def _added(one: Revision) -> str:
    note = one.note
    if note is None:
        return ""
    named = ", ".join(f"{name} +{count}" for name, count in note.organizations.items())
    counts = f"+{note.accepted_after - note.accepted_before} accepted"
    if rejected := note.rejected_after - note.rejected_before:
        counts += f", +{rejected} rejected"
    return f"{counts}: {named}" if named else counts


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
