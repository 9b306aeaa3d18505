"""The stored names of relations, columns and schemas, looked up without their case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.language.names import ObjectName

_OF_SERVER = frozenset({"memory", "system", "_fs_global", "_fs_external"})
"""Databases that no client names; statements of this server do, in any case."""
_OF_RESULTS = frozenset({"temp"})
"""The database of the results that a statement reads; no client names it, but their columns."""
_RELATIONS = """
SELECT database_name, schema_name, table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
WHERE lower(table_name) IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL
UNION ALL SELECT database_name, schema_name, sequence_name, [] FROM duckdb_sequences()
WHERE lower(sequence_name) IN (SELECT unnest(?::VARCHAR[]))
"""
_NAMES = """
SELECT database_name, schema_name, table_name FROM duckdb_tables() WHERE lower(table_name) = lower(?)
UNION ALL SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE lower(view_name) = lower(?)
UNION ALL SELECT database_name, schema_name, sequence_name FROM duckdb_sequences() WHERE lower(sequence_name) = lower(?)
"""
"""The relations of a name without their columns: DuckDB lists all columns of all databases to find some of them."""
_MIXED = """
SELECT 1 FROM duckdb_columns() WHERE NOT internal AND database_name NOT IN (SELECT unnest(?::VARCHAR[]))
AND schema_name NOT IN ('main', '_fs_information_schema')
AND (table_name <> upper(table_name) OR column_name <> upper(column_name)) LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class StoredNames:
    """The relations of some names, as a session sees them.

    Args:
        columns: by the full names of the relations, in their order.
        schemas: (database, schema).
    """

    columns: dict[ObjectName, list[str]]
    schemas: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, connection: Any, names: Iterable[str]) -> StoredNames:
        """Read the relations that have one of these names in any case, within the transaction of the session."""
        wanted = sorted({name.lower() for name in names})
        rows = connection.execute(_RELATIONS, [wanted, wanted]).fetchall()
        with_columns = [row for row in rows if row[0] not in _OF_SERVER]
        schemas = connection.execute("SELECT database_name, schema_name FROM duckdb_schemas()").fetchall()
        return cls({ObjectName(*row[:3]): row[3] for row in with_columns}, frozenset(schemas))

    def other_spelling(self, name: ObjectName) -> ObjectName | None:
        """Return the relation that DuckDB would take for a name that it does not have; None for the relation itself."""
        if name in self.columns:
            return None
        return _other_spelling(name, (found for found in self.columns if found.database not in _OF_RESULTS))


def other_spelling(connection: Any, name: ObjectName) -> ObjectName | None:
    """Return the relation that DuckDB would take for a name that it does not have; None for the relation itself."""
    rows = connection.execute(_NAMES, [name.name] * 3).fetchall()
    found = [ObjectName(*row) for row in rows]
    others = (one for one in found if one.database not in _OF_SERVER | _OF_RESULTS)
    return None if name in found else _other_spelling(name, others)


def _other_spelling(name: ObjectName, others: Iterable[ObjectName]) -> ObjectName | None:
    return next((found for found in others if _same(found, name)), None)


def _same(one: ObjectName, other: ObjectName) -> bool:
    return (one.database.lower(), one.schema.lower(), one.name.lower()) == (
        other.database.lower(),
        other.schema.lower(),
        other.name.lower(),
    )


def has_mixed_names(connection: Any) -> bool:
    """Return whether a name of a table or a column has a lower-case letter."""
    return connection.execute(_MIXED, [sorted(_OF_SERVER | _OF_RESULTS)]).fetchone() is not None


def variant_of(name: str, names: Iterable[str]) -> str | None:
    """Return a name that differs in its case alone; None if the name itself is there, or none is like it."""
    found = None
    for one in names:
        if one == name:
            return None
        if one.lower() == name.lower():
            found = one
    return found
