"""Translate one statement from Snowflake's dialect to DuckDB's, in the steps that this module lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb
import sqlglot
from sqlglot import Expr, exp

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.checks import require_typed
from infra.local_snowflake.meaning.checks.duplicates import require_read_columns_once
from infra.local_snowflake.meaning.columns import keys
from infra.local_snowflake.meaning.columns.catalog import StoredColumns
from infra.local_snowflake.meaning.columns.kinds import Columns
from infra.local_snowflake.meaning.columns.lengths import full_name, stored_name, with_checked_lengths
from infra.local_snowflake.meaning.columns.written import stored_types, with_converted_times
from infra.local_snowflake.meaning.expressions.sequences import with_next_values, without_numbers_in_windows
from infra.local_snowflake.meaning.expressions.times import with_mapped_timestamps
from infra.local_snowflake.meaning.macros.calls import call
from infra.local_snowflake.meaning.naming import with_names
from infra.local_snowflake.meaning.refusals.context import context_of
from infra.local_snowflake.meaning.refusals.unsupported import require_statement
from infra.local_snowflake.meaning.spelling.statements import has_mixed_case, require_spelling
from infra.local_snowflake.meaning.tree import columns_of, finish, rewrite
from infra.local_snowflake.serving import translation


@dataclass(frozen=True, slots=True)
class Translator:
    """Gives the statements of fakesnow's cursors the meaning that they have in Snowflake.

    Args:
        connection: of DuckDB, with the database of the macros attached.
        home: that database.
        columns: what is known of the stored columns.
    """

    connection: Any
    home: str
    columns: StoredColumns

    def translate(self, cursor: Any, tree: Expr, params: Any) -> Expr:
        """Return the tree that DuckDB executes.

        Raises:
            StatementRefusedError: Snowflake refuses the statement, or this server lacks what it asks for.
        """
        connection, sql = cursor._conn, getattr(cursor, "local_statement", "")  # noqa: SLF001 - its session
        here = (connection.database, connection.schema)
        require_statement(tree, sql)
        if keys_sql := keys.shown(tree, self.home, *here):
            return sqlglot.parse_one(keys_sql, read="duckdb")
        changes = isinstance(tree, (exp.Create, exp.Alter, exp.Drop, exp.Command))
        cursor.changes_columns = changes or getattr(cursor, "changes_columns", False)
        cursor.changes_names = (changes and not self._is_own(tree)) or getattr(cursor, "changes_names", False)
        self._require_spelling(cursor, tree, sql, here)
        read = _relations(tree, here)
        named = tree.find(exp.Column, exp.Star) is not None
        kinds = self.columns.kinds(self.connection, [name for _, name in read]) if named else {}
        tree, found = keys.without_keys(with_names(tree, sql))
        if isinstance(tree, exp.Create) and tree.kind == "TABLE" and not tree.args.get("exists"):
            keys.store(self.connection, self.home, keys.created(tree, *here), found)
        tree = with_mapped_timestamps(tree, connection.local_parameters.value("TIMESTAMP_TYPE_MAPPING"))
        tree = _with_typed_binds(tree, params)
        tables = self.columns.of_tables(self.connection, read)
        known = columns_of(tree, kinds, tables, scans=getattr(cursor, "local_tables", False))
        cursor.context = context_of(tree, known)
        require_typed(tree, known, sql)
        lengths = self.columns.lengths(self.connection) if isinstance(tree, (exp.Insert, exp.Update)) else {}
        tree = with_next_values(with_checked_lengths(tree, lengths, *here), *here)
        tree = without_numbers_in_windows(tree)
        tree = self._with_times(cursor, tree, known, here)
        if not isinstance(tree, exp.Set):  # its name is no column; its text is rewritten where it is read
            tree = rewrite(tree, known)
        translated = finish(translation.translate(tree, connection, params), self.home)
        require_read_columns_once(translated, cursor._duck_conn)  # noqa: SLF001 - its session
        return translated

    def _is_own(self, tree: Expr) -> bool:
        """Return whether a statement creates a relation in the database of this server, which no client names."""
        created = _created(tree)
        return created is not None and created.catalog == self.home

    def _require_spelling(self, cursor: Any, tree: Expr, sql: str, here: tuple[str | None, str | None]) -> None:
        mixed = self.columns.may_be_mixed(self.connection, named='"' in sql and has_mixed_case(tree))
        if (mixed or getattr(cursor, "local_tables", False)) and not getattr(cursor, "local_plan", False):
            require_spelling(tree, sql, cursor._conn._duck_conn, here)  # noqa: SLF001 - its session

    def _with_times(self, cursor: Any, tree: Expr, known: Columns, here: tuple[str | None, str | None]) -> Expr:
        """Convert what is written to columns of dates and times, with the formats of the session."""
        connection = cursor._conn  # noqa: SLF001 - its session
        types_of = partial(stored_types, connection._duck_conn)  # noqa: SLF001 - its session
        return with_converted_times(tree, types_of, known, here, formats=connection.local_parameters.has_input_formats)


def _created(tree: Expr) -> exp.Table | None:
    """Return the relation that a statement creates."""
    if not isinstance(tree, exp.Create):
        return None
    created = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return created if isinstance(created, exp.Table) else None


def _relations(tree: Expr, here: tuple[str | None, str | None]) -> list[tuple[str, ObjectName]]:
    """Return the aliases and the names of the stored relations of a statement."""
    common = {stored_name(cte.args["alias"].this) for cte in tree.find_all(exp.CTE)}
    created = _created(tree)
    found = []
    for table in tree.find_all(exp.Table):
        if (
            table is not created
            and isinstance(table.this, exp.Identifier)
            and (table.db or stored_name(table.this) not in common)
        ):
            alias = table.args.get("alias")
            found.append((stored_name(alias.this if alias and alias.this else table.this), full_name(table, *here)))
    return found


def _with_typed_binds(tree: Expr, params: Any) -> Expr:
    """Name the type of each bound TIMESTAMP_TZ, which `serving/binding` gives as a value of DuckDB's type."""
    if not isinstance(params, Sequence) or not any(isinstance(value, duckdb.Value) for value in params):
        return tree
    marks = list(tree.find_all(exp.Placeholder, bfs=False))
    for mark, value in zip(marks, params, strict=False):
        if isinstance(value, duckdb.Value):
            mark.replace(call("to_timestamp_tz", mark.copy()))
    return tree
