"""Clone tables, schemas and databases, and change tables to a definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.altering.keys import Keys
from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import ObjectExistsError, TableMissingError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import ObjectName, PartialName, new_id, quote
from infra.local_snowflake.language.parsing.comments import without_comments
from infra.local_snowflake.language.parsing.definitions.created import definition_of
from infra.local_snowflake.language.statements import Clone, CreateOrAlterTable, Creation
from infra.local_snowflake.language.tokens import apply
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.rewriting.merge_plan import MATCHES_PREFIX
from infra.local_snowflake.sessions import Session


@dataclass(frozen=True, slots=True)
class Tables:
    """Creates tables from other tables, with the connection of a session.

    Args:
        registry: of external tables, which cannot be cloned.
        catalog: of the information about tables.
    """

    registry: Registry
    catalog: Catalog

    def clone(self, statement: Clone, session: Session) -> Answer:
        """Clone a table, or every table of a schema or database; a clone keeps columns, keys, defaults and comments.

        Raises:
            NotSupportedError: the source is an external table or a view, or holds one.
        """
        if statement.kind == "TABLE":
            return self._clone_table(statement, session)
        if statement.creation is not Creation.REFUSE:
            raise unsupported(f"CREATE {statement.kind} with OR REPLACE or IF NOT EXISTS, and CLONE")
        if statement.kind == "SCHEMA":
            source = (_database(statement.source, session), statement.source.parts[-1])
            self._require_schema(source)
            self._clone_schema(source, (_database(statement.name, session), statement.name.parts[-1]), session)
        else:
            self._clone_database(statement.source.parts[-1], statement.name.parts[-1], session)
        return status(f"{statement.kind.title()} {statement.name.parts[-1]} successfully created.")

    def _clone_table(self, statement: Clone, session: Session) -> Answer:
        name, source = session.full(statement.name), session.stored(statement.source)
        if self.registry.external_table(source):
            raise unsupported("CLONE of an EXTERNAL TABLE")
        kind = self.catalog.relation_kind(source)
        if kind is None:
            raise TableMissingError(f"SQL compilation error:\nTable '{source}' does not exist or not authorized.")
        if kind == "VIEW":
            raise unsupported("CLONE of a VIEW")
        if self.catalog.relation_kind(name):
            if statement.creation is Creation.KEEP:
                return status(f"{name.name} already exists, statement succeeded.")
            if statement.creation is Creation.REFUSE:
                raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        self._copy(source, name, session, transient=statement.transient)
        return status(f"Table {name.name} successfully created.")

    def _copy(self, source: ObjectName, name: ObjectName, session: Session, *, transient: bool) -> None:
        """Copy a table by its definition, in one transaction; DuckDB's definition holds keys and defaults."""
        self.catalog.require_free(name)
        ((sql, comment),) = session.duck.execute(
            "SELECT sql, comment FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [source.database, source.schema, source.name],
        ).fetchall()
        columns = session.duck.execute(
            "SELECT column_name, comment FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ? AND comment IS NOT NULL",
            [source.database, source.schema, source.name],
        ).fetchall()
        if source == name:
            return
        with session.whole():
            session.duck.execute(f"DROP TABLE IF EXISTS {name.sql}")
            session.duck.execute(f"CREATE TABLE {name.sql} {sql[sql.index('(') :]}")
            session.duck.execute(f"INSERT INTO {name.sql} SELECT * FROM {source.sql}")  # noqa: S608 - quoted names
        info = self.catalog.info((source.database, source.schema, source.name))
        key = (name.database, name.schema, name.name)
        kept = {"lengths": info.lengths, "cluster_by": info.cluster_by, "retention_days": info.retention_days}
        kept |= {"change_tracking": info.change_tracking, "reclustering": False}
        self.catalog.created(key, session.role, transient=transient or info.transient, **kept)
        self.catalog.set_lengths(name, info.lengths)
        Keys(self.registry).copy(source, name)
        self.catalog.comment_on(name, comment or "", dict(columns))

    def _clone_schema(self, source: tuple[str, str], target: tuple[str, str], session: Session) -> None:
        tables = self._tables_of(*source, session)
        if target[1] != "PUBLIC" or not self._has_schema(target):
            session.run(f"CREATE SCHEMA {quote(target[0])}.{quote(target[1])}")
        self.catalog.created(target, session.role)
        for table in tables:
            self._copy(ObjectName(*source, table), ObjectName(*target, table), session, transient=False)

    def _clone_database(self, source: str, target: str, session: Session) -> None:
        schemas = [
            row[0]
            for row in session.duck.execute(
                "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal "
                "AND schema_name NOT IN ('main', '_fs_information_schema')",
                [source],
            ).fetchall()
        ]
        known = session.duck.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [source]).fetchall()
        if not known:
            raise TableMissingError(f"SQL compilation error:\nDatabase '{source}' does not exist or not authorized.")
        for schema in schemas:
            self._tables_of(source, schema, session)
        session.run(f"CREATE DATABASE {quote(target)}")
        self.catalog.created((target,), session.role)
        for schema in schemas:
            self._clone_schema((source, schema), (target, schema), session)

    def _tables_of(self, database: str, schema: str, session: Session) -> list[str]:
        views = session.duck.execute(
            "SELECT 1 FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND NOT internal",
            [database, schema],
        ).fetchall()
        if views:
            raise unsupported("CLONE of a schema with views or external tables")
        return [
            row[0]
            for row in session.duck.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? "
                "AND NOT contains(table_name, '__SESSION_')",
                [database, schema],
            ).fetchall()
        ]

    def _has_schema(self, schema: tuple[str, str]) -> bool:
        with self.registry.cursor() as cursor:
            return bool(
                cursor.execute(
                    "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?", list(schema)
                ).fetchone()
            )

    def _require_schema(self, schema: tuple[str, str]) -> None:
        if not self._has_schema(schema):
            raise TableMissingError(
                f"SQL compilation error:\nSchema '{'.'.join(schema)}' does not exist or not authorized."
            )

    def create_or_alter(self, statement: CreateOrAlterTable, session: Session) -> Answer:
        """Create a table, or add, drop and change columns of the present one until it has the definition.

        Raises:
            NotSupportedError: another change would be needed.
        """
        name = session.full(statement.name)
        key = (name.database, name.schema, name.name)
        definition, comments = without_comments(f"CREATE TABLE {name.sql} {statement.definition}")
        found = definition_of(definition)
        stored: dict[str, Any] = {"cluster_by": "", "retention_days": 1, "change_tracking": False}
        if found is not None:
            definition = apply(definition, found.cuts)
            stored |= {"cluster_by": found.cluster_by, **found.properties}
        own = comments.own or ""
        kind = self.catalog.relation_kind(name)
        if kind == "VIEW":
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists as VIEW.")
        if kind is None:
            session.run(definition)
            lengths = self.catalog.declared_lengths(name)
            self.catalog.created(key, session.role, transient=statement.transient, lengths=lengths, **stored)
        else:
            draft = ObjectName(name.database, name.schema, f"{MATCHES_PREFIX}{new_id()}")
            session.run(definition.replace(name.sql, draft.sql, 1))
            try:
                self._alter_like(name, draft, session)
            finally:
                session.duck.execute(f"DROP TABLE {draft.sql}")
            self.catalog.altered(key, lengths=self.catalog.declared_lengths(draft), **stored)
        self.catalog.comment_on(name, own, comments.columns)
        message = f"Table {name.name} successfully created."
        return status(message if kind is None else "Statement executed successfully.")

    def _alter_like(self, name: ObjectName, draft: ObjectName, session: Session) -> None:
        """Change a table until its columns are those of the draft; rows stay, in one transaction."""
        before, after = _columns(name, session), _columns(draft, session)
        if _keys(name, session) != _keys(draft, session):
            raise unsupported("CREATE OR ALTER TABLE that changes a key")
        if [column for column in before if column in after] != [column for column in after if column in before]:
            raise unsupported("CREATE OR ALTER TABLE that reorders columns")
        table = f"ALTER TABLE {name.sql}"
        changes = [f"{table} ADD COLUMN {quote(new)} {_added(*after[new])}" for new in after if new not in before]
        changes += [f"{table} DROP COLUMN {quote(old)}" for old in before if old not in after]
        for column, (kind, nullable, default) in after.items():
            was = before.get(column, (kind, True, default))
            alter = f"{table} ALTER COLUMN {quote(column)}"
            changes += [f"{alter} SET DATA TYPE {kind}"] if kind != was[0] else []
            if default != was[2]:
                changes.append(f"{alter} DROP DEFAULT" if default is None else f"{alter} SET DEFAULT {default}")
            if nullable != was[1]:
                changes.append(f"{alter} {'DROP' if nullable else 'SET'} NOT NULL")
        with session.whole():
            for change in changes:
                session.duck.execute(change)


def _added(kind: str, _: bool, default: str | None) -> str:
    return kind if default is None else f"{kind} DEFAULT {default}"


def _database(name: PartialName, session: Session) -> str:
    return name.parts[-2] if len(name.parts) > 1 else session.database or ""


def _columns(name: ObjectName, session: Session) -> dict[str, tuple[Any, ...]]:
    rows = session.duck.execute(
        "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [name.database, name.schema, name.name],
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


def _keys(name: ObjectName, session: Session) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = session.duck.execute(
        "SELECT constraint_type, constraint_column_names FROM duckdb_constraints() WHERE database_name = ? "
        "AND schema_name = ? AND table_name = ? AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY ALL",
        [name.database, name.schema, name.name],
    ).fetchall()
    return rows
