"""Which columns are TIMESTAMP_TZ: DuckDB has one type for it and for TIMESTAMP_LTZ, so they are stored by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlglot import Expr, exp

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.columns.lengths import full_name, stored_name

TYPE = "TIMESTAMP_TZ"
"""What `types_sql` calls the type of these columns."""


def creation_sql(home: str) -> str:
    """Return the statement that creates the table of these columns."""
    return (
        f"CREATE TABLE IF NOT EXISTS {home}.main.zoned_columns "
        "(database_name VARCHAR, schema_name VARCHAR, table_name VARCHAR, column_name VARCHAR)"
    )


def types_sql(home: str) -> str:
    """Return the query of `duckdb_columns()` with `TIMESTAMP_TZ` as the data_type of these columns."""
    return (
        "SELECT * REPLACE (CASE WHEN data_type = 'TIMESTAMP WITH TIME ZONE' "  # noqa: S608 - a constant
        "AND (database_name, schema_name, table_name, column_name) IN "
        f"(SELECT (database_name, schema_name, table_name, column_name) FROM {home}.main.zoned_columns) "
        f"THEN '{TYPE}' ELSE data_type END AS data_type) FROM duckdb_columns() WHERE NOT internal"
    )


def types_of(connection: Any, home: str, name: ObjectName) -> dict[str, str]:
    """Return the types of the columns of a table by name, in their order."""
    rows = connection.execute(
        f"SELECT column_name, data_type FROM ({types_sql(home)}) "  # noqa: S608 - a constant
        f"WHERE {_OF_TABLE} ORDER BY column_index",
        _parts(name),
    ).fetchall()
    return dict(rows)


def names_of(connection: Any, home: str, name: ObjectName) -> set[str]:
    """Return the names that are or were those of such columns of a relation."""
    rows = connection.execute(f"SELECT column_name FROM {home}.main.zoned_columns WHERE {_OF_TABLE}", _parts(name))  # noqa: S608 - constants
    return {row[0] for row in rows.fetchall()}


def of_result(tree: Expr, columns: Columns) -> Zoned:
    """Return which columns of a query's result are TIMESTAMP_TZ."""
    query = tree.this if isinstance(tree, exp.Describe) else tree
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    if not isinstance(query, exp.Select):
        return Zoned(())
    kinds = [kind(item, columns) for item in query.expressions]
    if any(item.is_star for item in query.expressions):
        names = [
            item.alias_or_name for item, of in zip(query.expressions, kinds, strict=True) if of is Kind.TIMESTAMP_TZ
        ]
        return Zoned(None, frozenset({*columns.names(Kind.TIMESTAMP_TZ), *names}))
    return Zoned(tuple(of is Kind.TIMESTAMP_TZ for of in kinds))


class Zoned:
    """Tells the columns of a result that are TIMESTAMP_TZ, by position, or by name behind a star."""

    def __init__(self, positions: tuple[bool, ...] | None, names: frozenset[str] = frozenset()) -> None:
        self._positions, self._names = positions, names

    def has(self, position: int, name: str) -> bool:
        """Return whether a column is one."""
        if self._positions is None:
            return name in self._names
        return position < len(self._positions) and self._positions[position]


def record(connection: Any, home: str, tree: Expr, columns: Columns, here: tuple[str | None, str | None]) -> None:
    """Store what a CREATE or ALTER says of these columns, before it is executed.

    A name that no column of the table has is harmless.
    """
    if isinstance(tree, exp.Create) and tree.kind in {"TABLE", "VIEW"}:
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if not isinstance(table, exp.Table):
            return
        name, like = full_name(table, *here), tree.find(exp.LikeProperty)
        if like is not None and isinstance(like.this, exp.Table):
            with connection.cursor() as cursor:
                copy(cursor, home, full_name(like.this, *here), name)
        else:
            _replace(connection, home, name, _created(tree, columns))
    elif isinstance(tree, exp.Alter) and isinstance(tree.this, exp.Table):
        for action in tree.args.get("actions") or []:
            _altered(connection, home, full_name(tree.this, *here), action)


def _created(tree: exp.Create, columns: Columns) -> set[str]:
    defined = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    declared = {
        stored_name(column.this) for column in defined if isinstance(column, exp.ColumnDef) and _is_zoned(column)
    }
    if not isinstance(tree.expression, exp.Query):
        return declared
    found = of_result(tree.expression, columns)
    names = [stored_name(column.this if isinstance(column, exp.ColumnDef) else column) for column in defined]
    names = names or [_alias(item) for item in tree.expression.selects]
    has_star = any(item.is_star for item in tree.expression.selects)
    starred = {name for name in columns.names(Kind.TIMESTAMP_TZ) if found.has(-1, name)} if has_star else set()
    return declared | starred | {name for position, name in enumerate(names) if found.has(position, name)}


def _is_zoned(column: exp.ColumnDef) -> bool:
    type_ = column.args.get("kind")
    return isinstance(type_, exp.DataType) and type_.this is exp.DType.TIMESTAMPTZ


def _alias(item: Expr) -> str:
    named = (
        item.args.get("alias") if isinstance(item, exp.Alias) else item.this if isinstance(item, exp.Column) else None
    )
    return stored_name(named) if isinstance(named, exp.Identifier) else item.alias_or_name


_OF_TABLE = "database_name = ? AND schema_name = ? AND table_name = ?"


def _replace(connection: Any, home: str, name: ObjectName, columns: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {home}.main.zoned_columns WHERE {_OF_TABLE}", _parts(name))  # noqa: S608 - constants
    _add(connection, home, name, columns)


def _add(connection: Any, home: str, name: ObjectName, columns: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for column in sorted(columns):
            cursor.execute(f"INSERT INTO {home}.main.zoned_columns VALUES (?, ?, ?, ?)", [*_parts(name), column])  # noqa: S608 - a constant


def _altered(connection: Any, home: str, name: ObjectName, action: Expr) -> None:
    if isinstance(action, exp.ColumnDef) and _is_zoned(action):
        _add(connection, home, name, [stored_name(action.this)])
    elif isinstance(action, exp.RenameColumn):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {home}.main.zoned_columns SET column_name = ? WHERE {_OF_TABLE} AND column_name = ?",  # noqa: S608 - constants
                [stored_name(action.args["to"]), *_parts(name), stored_name(action.this)],
            )


def _parts(name: ObjectName) -> list[str]:
    return [name.database, name.schema, name.name]


def copy(cursor: Any, home: str, source: ObjectName, target: ObjectName) -> None:
    """Store the columns of a copied table."""
    cursor.execute(f"DELETE FROM {home}.main.zoned_columns WHERE {_OF_TABLE}", _parts(target))  # noqa: S608 - constants
    extend(cursor, home, source, target)


def extend(cursor: Any, home: str, source: ObjectName, target: ObjectName) -> None:
    """Store the columns of a table as further columns of another one."""
    cursor.execute(
        f"INSERT INTO {home}.main.zoned_columns SELECT ?, ?, ?, column_name FROM {home}.main.zoned_columns "  # noqa: S608 - constants
        f"WHERE {_OF_TABLE}",
        [*_parts(target), *_parts(source)],
    )


def forget(cursor: Any, home: str, table: ObjectName, column: str) -> None:
    """Forget a column that is dropped."""
    cursor.execute(
        f"DELETE FROM {home}.main.zoned_columns WHERE {_OF_TABLE} AND column_name = ?",  # noqa: S608 - constants
        [*_parts(table), column],
    )


def rename(cursor: Any, home: str, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Store another name of a table."""
    cursor.execute(
        f"UPDATE {home}.main.zoned_columns SET database_name = ?, schema_name = ?, table_name = ? WHERE {_OF_TABLE}",  # noqa: S608 - constants
        [*new, *old],
    )
