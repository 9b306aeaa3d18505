"""The table `HOUR_OBJECTS` of Snowflake: since which published revision an object belongs to its hour.

Objects are never changed and never taken back: an amendment adds some. So the rows of an hour as of any revision, or as
of any moment, are those of the objects that were published until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from snowflake_components.identifiers import Identifier, QualifiedName, literal

TABLE = Identifier("HOUR_OBJECTS")
"""Its name, in the schema of the external table of its stream."""

_KEY = ("STREAM", "HOUR", "OBJECT_KEY")
_TYPES = {
    "STREAM": "varchar",
    "HOUR": "timestamp_ntz",
    "OBJECT_KEY": "varchar",
    "REVISION": "integer",
    "PUBLISHED_AT": "timestamp_ntz",
}
_OBJECTS_PER_STATEMENT_MAX = 3_000
"""About 600 kB of text; Snowflake takes 1 MB and 16,384 rows of VALUES."""


@dataclass(frozen=True, slots=True)
class AddedObjects:
    """What one published revision of an hour added to the external table.

    Args:
        stream: name of the stream in its document.
        hour: UTC.
        revision: of the seal.
        published_at: when this revision was published first, with a time zone.
        keys: of the objects with accepted records that no earlier published revision has.
    """

    stream: str
    hour: Hour
    revision: int
    published_at: datetime
    keys: tuple[str, ...]


def create_statement(table: QualifiedName) -> str:
    """Return the statement that creates the table, if it is missing."""
    columns = ", ".join(f"{Identifier(name).sql} {kind}" for name, kind in _TYPES.items())
    return f"CREATE TABLE IF NOT EXISTS {table.sql} ({columns})"


def merge_statements(table: QualifiedName, added: Iterable[AddedObjects]) -> Iterator[str]:
    """Yield the statements that write the rows of objects, one for up to 3,000 of them.

    A row that is there stays as it is: what was published does not change.
    """
    rows = [_values(one, key) for one in added for key in one.keys]
    for start in range(0, len(rows), _OBJECTS_PER_STATEMENT_MAX):
        yield _merge(table, rows[start : start + _OBJECTS_PER_STATEMENT_MAX])


def moment_literal(moment: datetime) -> str:
    """Return a moment in UTC as a text that Snowflake casts to TIMESTAMP_NTZ."""
    return literal(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")


def _merge(table: QualifiedName, rows: Sequence[str]) -> str:
    given = ", ".join(
        f"COLUMN{number}::{kind} AS {Identifier(name).sql}" for number, (name, kind) in enumerate(_TYPES.items(), 1)
    )
    same = " AND ".join(f"kept.{Identifier(name).sql} = given.{Identifier(name).sql}" for name in _KEY)
    names = ", ".join(Identifier(name).sql for name in _TYPES)
    inserted = ", ".join(f"given.{Identifier(name).sql}" for name in _TYPES)
    return f"""
        MERGE INTO {table.sql} AS kept
        USING (SELECT {given} FROM VALUES {", ".join(rows)}) AS given
        ON {same}
        WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({inserted})
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def _values(added: AddedObjects, key: str) -> str:
    return (
        f"({literal(added.stream)}, {moment_literal(added.hour.start)}, {literal(key)}, {added.revision}, "
        f"{moment_literal(added.published_at)})"
    )
