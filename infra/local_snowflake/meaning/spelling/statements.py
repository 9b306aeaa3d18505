"""Refuse a statement that names an object, a column or an alias in another case, which DuckDB would accept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import Expr, exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from infra.local_snowflake.errors import InvalidIdentifierError, NotSupportedError, TableMissingError
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.language.tokens import tokenize
from infra.local_snowflake.meaning.columns.lengths import full_name
from infra.local_snowflake.meaning.refusals.errors import placed
from infra.local_snowflake.meaning.refusals.places import line_and_position
from infra.local_snowflake.meaning.spelling.queries import QueryColumns, colliding, misspelled
from infra.local_snowflake.meaning.spelling.stored import StoredNames, variant_of

_Here = tuple[str | None, str | None]


def has_mixed_case(tree: Expr) -> bool:
    """Return whether a quoted name of a statement has a lower-case letter; those of this server do not count."""
    return any(
        name.args.get("quoted") and name.name != name.name.upper() and not _is_of_server(name)
        for name in tree.find_all(exp.Identifier)
    )


def _is_of_server(name: exp.Identifier) -> bool:
    table = name.parent
    return name.name.startswith("_fs") or (isinstance(table, exp.Table) and table.catalog.startswith("_fs"))


def require_spelling(tree: Expr, sql: str, connection: Any, here: _Here) -> None:
    """Compare the names of a statement with those that are stored, case by case.

    Args:
        tree: of the statement, as it was parsed.
        sql: its text.
        connection: of DuckDB, within the transaction of the session.
        here: database and schema of the session.

    Raises:
        TableMissingError: only a relation in another case is there.
        InvalidIdentifierError: only a column or an alias in another case is there.
        NotSupportedError: two names would differ in their case alone.
    """
    folded = _with_named_subqueries(normalize_identifiers(tree.copy(), dialect="snowflake"))
    tables = [table for table in folded.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    stored = StoredNames.read(connection, [table.name for table in tables])
    created = _require_free(folded, stored, here)
    for table in tables:
        if table is not created:
            _require_relation(table, stored, here)
    _require_columns(folded, stored, here, sql)


def _with_named_subqueries(tree: Expr) -> Expr:
    """Name each subquery of FROM and JOIN that has no alias: the scopes of a query are found by name."""
    for number, subquery in enumerate(list(tree.find_all(exp.Subquery))):
        if isinstance(subquery.parent, exp.From | exp.Join) and not subquery.alias:
            subquery.set("alias", exp.TableAlias(this=exp.to_identifier(f"_subquery_{number}")))
    return tree


def _require_free(tree: Expr, stored: StoredNames, here: _Here) -> exp.Table | None:
    """Refuse a new name beside one in another case; return the table that has it."""
    table: exp.Table | None
    if isinstance(tree, exp.Create):
        schema = tree.this if isinstance(tree.this, exp.Schema) else None
        if schema and (pair := colliding(_defined(schema))):
            raise _beside(*pair)
        table = schema.this if schema else tree.this
        if not isinstance(table, exp.Table):
            return None
        if tree.kind in {"SCHEMA", "DATABASE"}:
            _require_free_container(tree, table, stored, here)
            return table
    elif isinstance(tree, exp.Alter):
        renamed = next(
            (action for action in tree.args.get("actions") or [] if isinstance(action, exp.AlterRename)), None
        )
        table = renamed.this if renamed else None
        if table is None or not isinstance(tree.this, exp.Table):
            return None
        own = full_name(tree.this, *here)
        if stored.other_spelling(full_name(table, *here)) == own:
            raise _beside(own.name, table.name)
    else:
        return None
    other = stored.other_spelling(full_name(table, *here))
    if other:
        raise _beside(other.name, table.name)
    return table


def _defined(schema: exp.Schema) -> list[str]:
    return [item.name for item in schema.expressions if isinstance(item, (exp.ColumnDef, exp.Identifier))]


def _require_free_container(tree: exp.Create, table: exp.Table, stored: StoredNames, here: _Here) -> None:
    if tree.kind == "DATABASE":
        other = variant_of(table.name, [database for database, _ in stored.schemas])
    else:
        database = table.catalog or here[0]
        other = variant_of(table.db, [schema for known, schema in stored.schemas if known == database])
    if other:
        raise _beside(other, table.name or table.db)


def _beside(stored: str, name: str) -> NotSupportedError:
    return NotSupportedError(f"Unsupported feature 'the name {quote(name)} beside {quote(stored)}'.")


def _require_relation(table: exp.Table, stored: StoredNames, here: _Here) -> None:
    if not table.db and variant_of(table.name, _common(table)) is not None:
        raise _missing(table)
    if not table.db and table.name in _common(table):
        return
    if stored.other_spelling(full_name(table, *here)):
        raise _missing(table)


def _common(table: Expr) -> list[str]:
    """Return the names of the common table expressions around a table."""
    names: list[str] = []
    above = table.parent
    while above is not None:
        with_ = above.args.get("with_") or above.args.get("with")
        names += [cte.alias for cte in with_.expressions] if isinstance(with_, exp.With) else []
        above = above.parent
    return names


def _missing(table: exp.Table) -> TableMissingError:
    name = ".".join(_written(part.name) for part in table.parts)
    return TableMissingError(f"SQL compilation error:\nObject '{name}' does not exist or not authorized.")


def _written(name: str) -> str:
    return name if name == name.upper() else quote(name)


def _require_columns(tree: Expr, stored: StoredNames, here: _Here, sql: str) -> None:
    def of_table(table: exp.Table) -> list[str] | None:
        if not isinstance(table.this, exp.Identifier) or table.args.get("pivots"):
            return None
        return stored.columns.get(full_name(table, *here))

    queries = QueryColumns(of_table)
    for query in _outermost(tree):
        queries.read(query)
    stores = isinstance(tree, (exp.Create, exp.Insert))
    pair = queries.ambiguous() or (
        colliding(queries.of_query(tree.expression) or ()) if stores and tree.expression else None
    )
    if pair:
        raise _beside(*pair)
    targets = _targets(tree, of_table, queries)
    for column in tree.find_all(exp.Column):
        if isinstance(column.this, exp.Identifier) and misspelled(column, [*queries.visible(column), *targets]):
            raise _invalid(column, sql)
    for name, known in _named(tree, of_table):
        if variant_of(name, known):
            raise _invalid(exp.column(name), sql)


def _outermost(tree: Expr) -> Iterator[exp.Query]:
    if isinstance(tree, exp.Subquery):
        yield from _outermost(tree.this)
    elif isinstance(tree, exp.Query):
        yield tree
    else:
        for child in tree.iter_expressions():
            yield from _outermost(child)


def _targets(tree: Expr, of_table: Any, queries: QueryColumns) -> list[tuple[str, list[str] | None]]:
    """Return alias and columns of what an UPDATE, DELETE or MERGE names outside of its queries."""
    if not isinstance(tree, (exp.Update, exp.Delete, exp.Merge)):
        return []
    found: list[tuple[str, list[str] | None]] = []
    for part in ("this", "using", "from_"):
        for source in _sources(tree.args.get(part)):
            columns = of_table(source) if isinstance(source, exp.Table) else queries.of_query(source)
            found.append((source.alias_or_name, columns))
    return found


def _sources(part: Any) -> list[Expr]:
    if isinstance(part, list):
        return [source for item in part for source in _sources(item)]
    if isinstance(part, exp.From):
        return _sources(part.this)
    if not isinstance(part, (exp.Table, exp.Subquery)):
        return []
    return [part, *[source for join in part.args.get("joins") or [] for source in _sources(join.this)]]


def _named(tree: Expr, of_table: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns that INSERT and ALTER name, with those of the table.

    Raises:
        NotSupportedError: a new column would differ from another in its case alone.
    """
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
        known = of_table(tree.this.this) or []
        yield from ((item.name, known) for item in tree.this.expressions)
    if not isinstance(tree, exp.Alter) or not isinstance(tree.this, exp.Table):
        return
    known = of_table(tree.this) or []
    for action in tree.args.get("actions") or []:
        new = action if isinstance(action, exp.ColumnDef) else action.args.get("to")
        if isinstance(action, exp.Drop):
            yield from ((column.name, known) for column in action.args.get("tables") or [])
        elif isinstance(action, (exp.AlterColumn, exp.RenameColumn)):
            yield action.this.name, known
        if isinstance(action, (exp.ColumnDef, exp.RenameColumn)) and (other := variant_of(new.name, known)):
            raise _beside(other, new.name)


def _invalid(column: exp.Column, sql: str) -> InvalidIdentifierError:
    name = ".".join(_written(part.name) for part in column.parts)
    start = next((token.start for token in tokenize(sql) if token.is_name and token.name == column.parts[0].name), 0)
    return InvalidIdentifierError(f"{placed(*line_and_position(sql, start))}invalid identifier '{name}'")
