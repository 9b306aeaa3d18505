"""The table `HOUR_OBJECTS` of Snowflake: since which published revision an object belongs to its hour.

Objects are never changed and never taken back: an amendment adds some. So the rows of an hour as of any revision, or as
of any moment, are those of the objects that were published until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.keyed_table import KeyedTable, moment_literal
from snowflake_components.identifiers import Identifier, QualifiedName, literal

TABLE = Identifier("HOUR_OBJECTS")
"""Its name, in the schema of the external table of its stream."""

STATEMENTS = KeyedTable(
    types={
        "STREAM": "varchar",
        "HOUR": "timestamp_ntz",
        "OBJECT_KEY": "varchar",
        "REVISION": "integer",
        "PUBLISHED_AT": "timestamp_ntz",
    },
    key=("STREAM", "HOUR", "OBJECT_KEY"),
    rows_max=3_000,  # about 600 kB of text
)
"""A row that is there stays as it is: what was published does not change."""


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


def merge_statements(table: QualifiedName, added: Iterable[AddedObjects]) -> Iterator[str]:
    """Yield the statements that write the rows of objects, one for up to 3,000 of them."""
    return STATEMENTS.merge_statements(table, [_values(one, key) for one in added for key in one.keys])


def _values(added: AddedObjects, key: str) -> str:
    return (
        f"({literal(added.stream)}, {moment_literal(added.hour.start)}, {literal(key)}, {added.revision}, "
        f"{moment_literal(added.published_at)})"
    )
