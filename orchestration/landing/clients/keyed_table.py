"""The statements of a table whose rows are written by their key: `HOURS` and `HOUR_OBJECTS`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from snowflake_components.identifiers import Identifier, QualifiedName, literal


@dataclass(frozen=True, slots=True)
class KeyedTable:
    """A table of which a statement creates or replaces rows.

    Args:
        types: of its columns, in order.
        key: the columns that no two rows have alike.
        rows_max: in one statement; Snowflake takes 1 MB of text and 16,384 rows of VALUES.
        replaced_when: condition on `kept` and `given` by which a row that is there is replaced; empty: it stays.
    """

    types: Mapping[str, str]
    key: tuple[str, ...]
    rows_max: int
    replaced_when: str = ""

    def create_statement(self, table: QualifiedName) -> str:
        """Return the statement that creates the table, if it is missing."""
        columns = ", ".join(f"{Identifier(name).sql} {kind}" for name, kind in self.types.items())
        return f"CREATE TABLE IF NOT EXISTS {table.sql} ({columns})"

    def merge_statements(self, table: QualifiedName, rows: Sequence[str]) -> Iterator[str]:
        """Yield the statements that write rows; each row is its values in brackets, in the order of the columns."""
        for start in range(0, len(rows), self.rows_max):
            yield self._merge(table, rows[start : start + self.rows_max])

    def _merge(self, table: QualifiedName, rows: Sequence[str]) -> str:
        columns = {name: Identifier(name).sql for name in self.types}
        given = ", ".join(
            f"COLUMN{number}::{self.types[name]} AS {sql}" for number, (name, sql) in enumerate(columns.items(), 1)
        )
        same = " AND ".join(f"kept.{columns[name]} = given.{columns[name]}" for name in self.key)
        updates = ", ".join(f"{sql} = given.{sql}" for name, sql in columns.items() if name not in self.key)
        names, values = ", ".join(columns.values()), ", ".join(f"given.{sql}" for sql in columns.values())
        matched = f"WHEN MATCHED AND ({self.replaced_when}) THEN UPDATE SET {updates}\n        "
        return f"""
        MERGE INTO {table.sql} AS kept
        USING (SELECT {given} FROM VALUES {", ".join(rows)}) AS given
        ON {same}
        {matched if self.replaced_when else ""}WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def moment_literal(moment: datetime) -> str:
    """Return a moment in UTC as a text that Snowflake casts to TIMESTAMP_NTZ."""
    return literal(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")
