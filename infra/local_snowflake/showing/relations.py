"""Read databases, schemas, tables, views and columns as a session sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.functions import zoned
from infra.local_snowflake.objects.catalog import SYSTEM_DATABASES, SYSTEM_SCHEMAS, Catalog, ObjectInfo
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import DATABASE, ExternalTable
from infra.local_snowflake.rewriting.merge_plan import MATCHES_PREFIX
from infra.local_snowflake.sessions import TEMPORARY_MARK, Session
from infra.local_snowflake.showing.defaults import Identity, default_of

_TEXT_LENGTH_MAX = 16777216
_COUNTED_AT_ONCE = 50
INFORMATION_SCHEMA = "INFORMATION_SCHEMA"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or external table.

    Args:
        name: as the session knows it.
        stored: as DuckDB knows it; a temporary one has another name there.
        kind: TABLE, VIEW or EXTERNAL TABLE.
        definition: of a view, in the dialect of DuckDB.
    """

    name: ObjectName
    stored: ObjectName
    kind: str
    temporary: bool
    comment: str
    definition: str
    info: ObjectInfo

    def definition_for(self, session: Session) -> str:
        """The definition of a view; that of a secure one is for users with the role of its owner."""
        visible = not self.info.secure or self.info.owner in {session.role, *session.available_roles()}
        return self.definition if visible else ""

    @property
    def table_kind(self) -> str:
        """The column `kind` of SHOW TABLES."""
        return "TEMPORARY" if self.temporary else "TRANSIENT" if self.info.transient else "TABLE"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a relation; its type is named by DuckDB."""

    name: str
    position: int
    duck_type: str
    nullable: bool
    default: str | None
    comment: str
    length: int | None
    identity: Identity | None = None

    @property
    def type_sql(self) -> str:
        """The type in Snowflake's words, with its arguments."""
        if self.duck_type == "VARCHAR":
            return f"VARCHAR({self.text_length})"
        precision = self.precision
        if precision is not None:
            return f"NUMBER({precision},{self.scale})"
        return {"BINARY": "BINARY(8388608)", "TIME": "TIME(9)"}.get(self.data_type) or (
            f"{self.data_type}(9)" if self.data_type.startswith("TIMESTAMP") else self.data_type
        )

    @property
    def text_length(self) -> int | None:
        """The longest text of a VARCHAR, in characters."""
        return (self.length or _TEXT_LENGTH_MAX) if self.duck_type == "VARCHAR" else None

    @property
    def data_type(self) -> str:
        """The type as information_schema.columns names it."""
        if self.precision is not None:
            return "NUMBER"
        return _DATA_TYPES.get(self.duck_type, self.duck_type)

    @property
    def precision(self) -> int | None:
        """The precision of a NUMBER."""
        if self.duck_type in _INTEGERS:
            return 38
        return int(self.duck_type[8:-1].split(",")[0]) if self.duck_type.startswith("DECIMAL(") else None

    @property
    def scale(self) -> int:
        """The scale of a NUMBER."""
        return int(self.duck_type[8:-1].split(",")[1]) if self.duck_type.startswith("DECIMAL(") else 0


_INTEGERS = frozenset({"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT"})
_DATA_TYPES = {
    "VARCHAR": "TEXT",
    "DOUBLE": "FLOAT",
    "REAL": "FLOAT",
    "BLOB": "BINARY",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
    zoned.TYPE: "TIMESTAMP_TZ",
    "JSON": "VARIANT",
}


@dataclass(frozen=True, slots=True)
class Relations:
    """Reads the objects of all databases.

    Args:
        registry: of stages and external tables.
        catalog: of times, owners and comments.
    """

    registry: Registry
    catalog: Catalog

    def databases(self) -> list[str]:
        """List the databases by name."""
        return sorted(row[0] for row in self._rows("SELECT database_name FROM duckdb_databases()") if _shown(row[0]))

    def schemas(self, database: str | None = None) -> list[tuple[str, str]]:
        """List (database, schema), INFORMATION_SCHEMA with each database."""
        rows = self._rows("SELECT database_name, schema_name FROM duckdb_schemas()")
        found = [(row[0], row[1]) for row in rows if _shown(row[0]) and row[1] not in SYSTEM_SCHEMAS]
        found += [(name, INFORMATION_SCHEMA) for name in self.databases()]
        return sorted(schema for schema in found if database in {None, schema[0]})

    def relations(self, session: Session, chosen: Callable[[ObjectName], bool] = lambda _: True) -> list[Relation]:
        """List the chosen tables, views and external tables that a session sees, by name."""
        external = {table.name: table for table in self.registry.external_tables()}
        own = {stored: name for name, stored in session.temporary.items()}
        found = []
        for row in self._rows(_RELATIONS):
            stored = ObjectName(*row[1:4])
            name = own.get(stored, stored)
            if _shown(stored.database) and stored.schema not in SYSTEM_SCHEMAS and not _foreign(stored, own):
                relation = self._relation(name, stored, row, external.get(name))
                found += [relation] if chosen(name) else []
        hidden = set(own.values())
        return sorted(
            (each for each in found if each.temporary or each.name not in hidden), key=lambda relation: relation.name
        )

    def _relation(
        self, name: ObjectName, stored: ObjectName, row: tuple[Any, ...], external: ExternalTable | None
    ) -> Relation:
        kind, comment, definition = row[0], row[4], row[5]
        info = self.catalog.info((name.database, name.schema, name.name))
        if external:
            info = ObjectInfo(external.created_on, external.last_refreshed_on or external.created_on, info.owner)
            kind, comment = "EXTERNAL TABLE", external.comment
        return Relation(name, stored, kind, name != stored, comment or "", info.definition or definition or "", info)

    def row_counts(self, relations: list[Relation]) -> dict[ObjectName, int]:
        """Return the numbers of rows by name; a view or an external table has none."""
        tables = [relation for relation in relations if relation.kind == "TABLE"]
        counts: dict[ObjectName, int] = {}
        for first in range(0, len(tables), _COUNTED_AT_ONCE):
            some = tables[first : first + _COUNTED_AT_ONCE]
            counting = [f"SELECT {at}, COUNT(*) FROM {table.stored.sql}" for at, table in enumerate(some)]  # noqa: S608 - quoted names
            counts |= {some[at].name: count for at, count in self._rows(" UNION ALL ".join(counting))}
        return counts

    def columns(self, relations: list[Relation]) -> Iterator[tuple[Relation, ColumnInfo]]:
        """Yield the columns of relations, in their order."""
        wanted = {relation.stored: relation for relation in relations}
        found: dict[ObjectName, list[ColumnInfo]] = {}
        identities = self._identities()
        for database, schema, table, *values in self._rows(_COLUMNS, [[stored.name for stored in wanted]]):
            stored = ObjectName(database, schema, table)
            if stored in wanted:
                name, position, duck_type, nullable, default, comment = values
                length = wanted[stored].info.lengths.get(name)
                default, identity = default_of(default, identities)
                column = ColumnInfo(name, position, duck_type, nullable, default, comment or "", length, identity)
                found.setdefault(stored, []).append(column)
        for relation in relations:
            for column in found.get(relation.stored, []):
                yield relation, column

    def columns_of(self, stored: ObjectName, lengths: Mapping[str, int]) -> dict[str, ColumnInfo]:
        """Return the columns of one stored table by name, in their order."""
        with self.registry.cursor() as cursor:
            rows = cursor.execute(
                f"SELECT {_COLUMN} FROM duckdb_columns() "  # noqa: S608 - a constant
                "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
                [stored.database, stored.schema, stored.name],
            ).fetchall()
        return {
            name: ColumnInfo(name, position, duck_type, nullable, default, comment or "", lengths.get(name))
            for name, position, duck_type, nullable, default, comment in rows
        }

    def keys(self, relations: list[Relation], kind: str) -> list[tuple[Relation, list[str], str]]:
        """List the keys of relations: the table, its columns, the name of the constraint."""
        wanted = {relation.stored: relation for relation in relations}
        rows = [row for row in self._rows(_KEYS) if row[5] == kind]
        found = [(wanted.get(ObjectName(*row[:3])), list(row[3]), str(row[4])) for row in rows]
        return [(relation, columns, name) for relation, columns, name in found if relation]

    def sequences(self) -> list[tuple[Any, ...]]:
        """List database, schema, name, start and increment of the sequences."""
        rows = self._rows(
            "SELECT database_name, schema_name, sequence_name, COALESCE(last_value + increment_by, start_value), "
            "increment_by FROM duckdb_sequences() ORDER BY ALL"
        )
        return [
            row
            for row in rows
            if _shown(row[0]) and row[1] not in SYSTEM_SCHEMAS and not row[2].startswith(_OF_COLUMNS)
        ]

    def _identities(self) -> dict[str, Identity]:
        """Return how each AUTOINCREMENT column is numbered, by its sequence."""
        rows = self._rows("SELECT upper(sequence_name), start_value, increment_by FROM duckdb_sequences()")
        return {name: Identity(start, step) for name, start, step in rows if name.startswith(_OF_COLUMNS)}

    def _rows(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.registry.cursor() as cursor:
            return cursor.execute(sql, values).fetchall()

    def created_on(self, *key: str) -> datetime:
        """Return the time of an object's creation."""
        return self.catalog.info(key).created_on


def _shown(database: str) -> bool:
    return database not in SYSTEM_DATABASES


def _foreign(stored: ObjectName, own: dict[ObjectName, ObjectName]) -> bool:
    """Return whether a relation is temporary in another session, or belongs to a running statement."""
    return (TEMPORARY_MARK in stored.name and stored not in own) or stored.name.startswith(MATCHES_PREFIX)


_OF_COLUMNS = "_FS_SEQ_"
"""Begins the names of the sequences that number AUTOINCREMENT columns."""
_RELATIONS = """
SELECT 'TABLE', database_name, schema_name, table_name, comment, NULL FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT 'VIEW', database_name, schema_name, view_name, comment, sql FROM duckdb_views() WHERE NOT internal
"""
_COLUMN = "column_name, column_index, data_type, is_nullable, column_default, comment"
_COLUMNS = f"""
SELECT database_name, schema_name, table_name, {_COLUMN}
FROM duckdb_columns() WHERE NOT internal AND table_name IN (SELECT unnest(?::VARCHAR[]))
ORDER BY database_name, schema_name, table_name, column_index
"""  # noqa: S608 - a constant
_KEYS = f"""
SELECT database_name, schema_name, table_name, columns, name, CASE kind
    WHEN 'PRIMARY' THEN 'PRIMARY KEY' WHEN 'IMPORTED' THEN 'FOREIGN KEY' ELSE kind END
FROM {DATABASE}.main.keys ORDER BY ALL
"""  # noqa: S608 - a constant
