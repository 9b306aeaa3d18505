"""Keys: stored for SHOW KEYS, and not enforced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import Expr, exp

from infra.local_snowflake.language.names import ObjectName, literal
from infra.local_snowflake.meaning.columns.lengths import full_name, stored_name

_KINDS: dict[type[Expr], str] = {
    exp.PrimaryKeyColumnConstraint: "PRIMARY",
    exp.PrimaryKey: "PRIMARY",
    exp.UniqueColumnConstraint: "UNIQUE",
    exp.ForeignKey: "IMPORTED",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a foreign key refers to: a table, as written; without columns, the primary key."""

    table: exp.Table
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table; its name is empty if it is not given, and a foreign one has a target."""

    kind: str
    columns: tuple[str, ...]
    name: str = ""
    target: Target | None = None


def without_keys(tree: Expr) -> tuple[Expr, tuple[Key, ...]]:
    """Take the keys out of a CREATE TABLE; columns of the primary key become NOT NULL."""
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema) or tree.kind != "TABLE":
        return tree, ()
    keys: list[Key] = []
    for item in list(tree.this.expressions):
        if isinstance(item, exp.ColumnDef):
            keys += _of_column(item)
        elif found := _of_table(item):
            keys.append(found)
            item.pop()
    primary = {name for key in keys if key.kind == "PRIMARY" for name in key.columns}
    for item in tree.this.expressions:
        if isinstance(item, exp.ColumnDef) and stored_name(item.this) in primary:
            _require_values(item)
    return tree, tuple(keys)


def _of_column(column: exp.ColumnDef) -> list[Key]:
    keys = []
    for constraint in list(column.args.get("constraints") or []):
        kind = _KINDS.get(type(constraint.args.get("kind")))
        if kind is None and isinstance(constraint.args.get("kind"), exp.Reference):
            kind = "IMPORTED"
        if kind:
            named = stored_name(constraint.this) if constraint.this else ""
            reference = constraint.args["kind"] if kind == "IMPORTED" else None
            keys.append(Key(kind, (stored_name(column.this),), named, _target(reference) if reference else None))
            constraint.pop()
    return keys


def _of_table(item: Expr) -> Key | None:
    found = item.expressions[0] if isinstance(item, exp.Constraint) and item.expressions else item
    kind = _KINDS.get(type(found))
    if kind is None:
        return None
    names = found.this.expressions if isinstance(found.this, exp.Schema) else found.expressions
    given = stored_name(item.this) if isinstance(item, exp.Constraint) and item.this else ""
    reference = found.args.get("reference")
    return Key(kind, tuple(stored_name(name) for name in names), given, _target(reference) if reference else None)


def _target(reference: Expr) -> Target:
    found = reference.this
    if isinstance(found, exp.Schema):
        return Target(found.this, tuple(stored_name(name) for name in found.expressions))
    return Target(found, ())


def _require_values(column: exp.ColumnDef) -> None:
    constraints = column.args.get("constraints") or []
    if not any(isinstance(constraint.args.get("kind"), exp.NotNullColumnConstraint) for constraint in constraints):
        column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))


def creation_sql(home: str) -> str:
    """Return the statements that create the table of keys, and that of the targets of foreign keys."""
    return (
        f"CREATE TABLE IF NOT EXISTS {home}.main.keys "
        "(database_name VARCHAR, schema_name VARCHAR, table_name VARCHAR, kind VARCHAR, name VARCHAR, "
        f"columns VARCHAR[]); CREATE TABLE IF NOT EXISTS {home}.main.key_targets "
        "(database_name VARCHAR, schema_name VARCHAR, table_name VARCHAR, name VARCHAR, target VARCHAR[], "
        "target_columns VARCHAR[])"
    )


def store(connection: Any, home: str, name: ObjectName, keys: tuple[Key, ...]) -> None:
    """Store the keys of a new table instead of those of a former one."""
    where = "database_name = ? AND schema_name = ? AND table_name = ?"
    with connection.cursor() as cursor:
        for table in ("keys", "key_targets"):
            cursor.execute(f"DELETE FROM {home}.main.{table} WHERE {where}", [*_parts(name)])  # noqa: S608 - a constant
        for number, key in enumerate(keys, start=1):
            named = key.name or f"SYS_CONSTRAINT_{name.name}_{key.kind}_{number}"
            cursor.execute(
                f"INSERT INTO {home}.main.keys VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                [*_parts(name), key.kind, named, list(key.columns)],
            )
            if key.target:
                target = full_name(key.target.table, name.database, name.schema)
                cursor.execute(
                    f"INSERT INTO {home}.main.key_targets VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                    [*_parts(name), named, [*_parts(target)], list(key.target.columns)],
                )


def _parts(name: ObjectName) -> tuple[str, str, str]:
    return name.database, name.schema, name.name


def created(tree: Expr, database: str | None, schema: str | None) -> ObjectName:
    """Return the name of the table that a CREATE TABLE creates."""
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return full_name(table, database, schema)


def shown(tree: Expr, home: str, database: str | None, schema: str | None) -> str | None:
    """Return the query of DuckDB for SHOW PRIMARY, UNIQUE or IMPORTED KEYS; None for any other statement."""
    if not isinstance(tree, exp.Show) or not tree.name.upper().endswith(" KEYS"):
        return None
    kind = tree.name.upper().removesuffix(" KEYS")
    if kind not in {"PRIMARY", "UNIQUE", "IMPORTED"}:
        return None
    where = [f"kind = {literal(kind)}", *_scope(tree, database, schema)]
    columns, targets = (_IMPORTED, _targets(home)) if kind == "IMPORTED" else (_OWN, "")
    return (
        f"SELECT {columns} FROM (SELECT *, unnest(columns) AS column_name, "  # noqa: S608 - literals are quoted
        f"generate_subscripts(columns, 1) AS position FROM {home}.main.keys WHERE {' AND '.join(where)}) "
        f"JOIN duckdb_tables() USING (database_name, schema_name, table_name){targets} "
        "ORDER BY table_name, name, position"
    )


def _targets(home: str) -> str:
    """Return the joins to what each foreign key refers to, and to the key of that table."""
    return (
        f" LEFT JOIN {home}.main.key_targets AS t USING (database_name, schema_name, table_name, name) "  # noqa: S608 - a constant
        "LEFT JOIN (SELECT [database_name, schema_name, table_name] AS owner, name AS key_name, "
        "columns AS key_columns, "
        f"kind AS key_kind FROM {home}.main.keys WHERE kind IN ('PRIMARY', 'UNIQUE')) AS k ON k.owner = t.target "
        "AND (k.key_columns = t.target_columns OR (len(t.target_columns) = 0 AND k.key_kind = 'PRIMARY'))"
    )


_OWN = (
    "to_timestamp(0) AS created_on, database_name, schema_name, table_name, column_name, "
    "position::BIGINT AS key_sequence, name AS constraint_name, 'false' AS rely, NULL::VARCHAR AS \"comment\""
)
_IMPORTED = (
    "to_timestamp(0) AS created_on, t.target[1] AS pk_database_name, t.target[2] AS pk_schema_name, "
    "t.target[3] AS pk_table_name, "
    "coalesce(t.target_columns[position], k.key_columns[position]) AS pk_column_name, "
    "database_name AS fk_database_name, schema_name AS fk_schema_name, "
    "table_name AS fk_table_name, column_name AS fk_column_name, position::BIGINT AS key_sequence, "
    "'NO ACTION' AS update_rule, 'NO ACTION' AS delete_rule, name AS fk_name, k.key_name AS pk_name, "
    "'NOT DEFERRABLE' AS deferrability, 'false' AS rely, NULL::VARCHAR AS \"comment\""
)


def _scope(tree: exp.Show, database: str | None, schema: str | None) -> list[str]:
    scope, kind = tree.args.get("scope"), str(tree.args.get("scope_kind") or "").upper()
    if kind == "ACCOUNT":
        return []
    if not isinstance(scope, exp.Table):
        return _equal(database, schema if kind != "DATABASE" else None, None)
    if kind == "DATABASE":
        return _equal(stored_name(scope.this), None, None)
    if kind == "SCHEMA":
        return _equal(
            stored_name(scope.args["db"]) if scope.args.get("db") else database, stored_name(scope.this), None
        )
    name = full_name(scope, database, schema)
    return _equal(*_parts(name))


def _equal(database: str | None, schema: str | None, table: str | None) -> list[str]:
    given = {"database_name": database, "schema_name": schema, "table_name": table}
    return [f"{column} = {literal(value)}" for column, value in given.items() if value]
