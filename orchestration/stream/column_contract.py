"""Compare the columns of the tables with the models of their lines: a change of one that breaks the other is found.

python -m orchestration.stream.column_contract        print what is broken; exit code 1 if anything is
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

from flink_jobs.contracts.layout import AcceptedLine
from producers.events import PlatformEvent, landing_contract
from snowflake_components.authoring.columns import paths_of
from snowflake_components.authoring.tables import WrittenColumn, WrittenTable, read_written_tables

DEFS = Path(__file__).parents[1] / "defs"
_PROJECT = Path(__file__).parents[2]
EVENTS = frozenset({"platform_events", "dagster_events"})
"""The folders whose tables hold `PlatformEvent` and nothing else. In the lines of others, more fields may land."""

_NUMBERS = frozenset({"INTEGER", "INT", "BIGINT", "NUMBER", "DECIMAL", "NUMERIC"})
_TEXTS = frozenset({"VARCHAR", "STRING", "TEXT"})
_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_TZ", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "DATETIME"})
_TYPES: Mapping[str, frozenset[str]] = {
    "string": _TEXTS,
    "id": _TEXTS,
    "integer": _NUMBERS,
    "timestamp": _TIMES | _TEXTS,
    "object": frozenset({"OBJECT"}),
}
"""The types of a column that hold every value of a field; VARIANT holds all."""
_ENVELOPE: Mapping[str, Mapping[str, Any]] = {
    "topic": {"type": "string", "required": True},
    "partition": {"type": "integer", "required": True},
    "offset": {"type": "integer", "required": True},
    "timestamp": {"type": "timestamp", "required": True},
    "key": {"type": "string", "required": False},
}
"""The fields of `AcceptedLine` beside the event."""


@dataclass(frozen=True, slots=True)
class BrokenColumn:
    """A column that the model does not fill, with both places.

    Args:
        place: file and line of the column.
        model_place: file and line of the field; of the model where the field is gone.
        reason: what does not fit.
    """

    place: str
    model_place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason} ({self.model_place})"


def broken_columns(
    tables: Iterable[tuple[Path, WrittenTable]], model: type[BaseModel] = PlatformEvent
) -> Iterator[BrokenColumn]:
    """Find the columns that read a field which the events do not have, or which do not hold its values.

    A field that no column reads is in no finding: the whole line is in VALUE.

    Args:
        tables: with the files of their documents.
        model: of the events.
    """
    fields: Mapping[str, Any] = landing_contract(model)["fields"]
    for file, table in tables:
        for column in table.columns:
            for path in sorted(paths_of(column.expression)):
                if found := _broken(column, path, fields, file.parent.name in EVENTS):
                    field, reason = found
                    yield BrokenColumn(
                        f"{_shown(file)}:{column.line}",
                        _place_of(model if path[0] == "event" else AcceptedLine, field),
                        reason,
                    )


def _broken(
    column: WrittenColumn, path: tuple[str, ...], fields: Mapping[str, Any], closed: bool
) -> tuple[str, str] | None:
    """Return the field and the reason."""
    if path == ("event",):
        return None
    if path[0] == "event":
        read = _Read(path[1], path[2:], fields.get(path[1], {}), "an event", tuple(fields))
    else:
        read = _Read(path[0], path[1:], _ENVELOPE.get(path[0], {}), "a line", tuple(_ENVELOPE))
        closed = True
    reason = _unknown(read) if closed else None
    if read.contract:
        reason = _unfit(column, read, _reads_it_alone(column, path))
    return (read.field, f"column {column.name} {reason}") if reason else None


@dataclass(frozen=True, slots=True)
class _Read:
    field: str
    inside: tuple[str, ...]
    contract: Mapping[str, Any]
    of: str
    known: tuple[str, ...]


def _unknown(read: _Read) -> str | None:
    if read.contract:
        return None
    return f"reads {read.field}, which {read.of} does not have: {', '.join(read.known)}"


def _unfit(column: WrittenColumn, read: _Read, alone: bool) -> str | None:
    kind, base = read.contract["type"], column.type.partition("(")[0].strip().upper()
    if read.inside and kind != "object":
        return f"reads {'.'.join((read.field, *read.inside))}, but {read.field} is no object: it is {kind}"
    if alone and not read.inside and base != "VARIANT" and base not in _TYPES[kind]:
        return f"is {column.type}, which does not hold every {kind} of {read.field}"
    if column.not_null and not read.contract["required"]:
        return f"is not_null, but {read.field} may be absent"
    return None


def _reads_it_alone(column: WrittenColumn, path: tuple[str, ...]) -> bool:
    """Whether the expression is the field, with or without a cast: what a function makes of it is not known."""
    plain = column.expression.partition("::")[0].strip()
    return paths_of(plain) == {path} and plain.replace('"', "").partition(":")[2].split(":") == list(path)


def _place_of(model: type[BaseModel], field: str) -> str:
    """Return file and line of a field; of its model where it has no such field."""
    for kind in model.__mro__:
        if field in inspect.get_annotations(kind):
            return f"{_shown(Path(inspect.getfile(kind)))}:{_line_of(kind, field)}"
    return f"{_shown(Path(inspect.getfile(model)))}:{inspect.getsourcelines(model)[1]}"


def _line_of(kind: type, field: str) -> int:
    lines, first = inspect.getsourcelines(kind)
    (written,) = ast.parse(dedent("".join(lines))).body
    assert isinstance(written, ast.ClassDef)  # noqa: S101 - the source of a class
    found = (
        one.lineno
        for one in written.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.target.id == field
    )
    return first - 1 + next(found)


def _shown(file: Path) -> Path:
    return file.relative_to(_PROJECT) if file.is_relative_to(_PROJECT) else file


def main() -> int:
    """Print what is broken."""
    found = list(broken_columns(read_written_tables(DEFS)))
    for one in found:
        print(one)  # noqa: T201 - it is the command line
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
