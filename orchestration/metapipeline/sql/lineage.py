"""Which columns the columns of one query are made of. sqlglot is slow to import: import this only to read SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, build_scope, walk_in_scope
from sqlglot.schema import MappingSchema

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.relations import PARTS_MAX, RelationName

Column = tuple[RelationName, str]
"""A relation and the name of a column, as stored."""


class LineageFault(Exception):  # noqa: N818 (it never leaves the package)
    """The columns of a query cannot be followed."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What one query makes of its relations.

    Args:
        outputs: own column -> the columns that it is made of, in the order of the query.
        always: columns that decide about rows: of joins, filters, groups, orders.
        named: columns that the query writes out anywhere, needed or not; without what `*` brings.
        starred: relations of which the query shows all columns with `*`.
    """

    outputs: Mapping[str, frozenset[Column]]
    always: frozenset[Column]
    named: frozenset[Column]
    starred: frozenset[RelationName]


def read_lineage(sql: str, place: Place, columns: Mapping[RelationName, Iterable[str]]) -> Lineage:
    """Follow the columns of a query.

    Args:
        sql: one SELECT, without template.
        place: dialect and defaults.
        columns: of the relations that are known with all three parts, as stored.

    Raises:
        LineageFault: the query is no SELECT, or a column in it cannot be followed.
    """
    try:
        return _read(sql, place, columns)
    except RecursionError as exc:
        raise LineageFault("it is nested too deeply") from exc
    except (SqlglotError, ValueError, TypeError, AttributeError, LookupError, AssertionError) as exc:
        # On some texts sqlglot fails with Python's own errors.
        raise LineageFault((str(exc).splitlines() or [""])[0][:200]) from exc


_WRITTEN = "written"
"""Marks the columns that the text names; those that `*` brings lack the mark."""
_NOT_FOLLOWED = (exp.Pivot, exp.MatchRecognize)


def _read(sql: str, place: Place, columns: Mapping[RelationName, Iterable[str]]) -> Lineage:
    query = parse_one(sql, read=place.dialect)
    if not isinstance(query, exp.Query):
        raise LineageFault("it is no SELECT")
    for node in query.find_all(*_NOT_FOLLOWED):
        raise LineageFault(f"columns are not followed through {node.key.upper()}")
    if any(any(star.args.values()) for star in query.find_all(exp.Star)):
        raise LineageFault("columns are not followed through `*` with EXCLUDE, RENAME or REPLACE")
    if any(join.args.get("method") == "NATURAL" for join in query.find_all(exp.Join)):
        raise LineageFault("columns are not followed through NATURAL JOIN")
    database = exp.to_identifier(place.database, quoted=True) if place.database else None
    schema = exp.to_identifier(place.schema, quoted=True) if place.schema else None
    plain = qualify_tables(
        normalize_identifiers(query, dialect=place.dialect), db=schema, catalog=database, dialect=place.dialect
    )
    scopes = _scope_of(plain)
    known = dict(columns)
    for scope in scopes.traverse():
        _infer(scope, known)
    starred = _starred(scopes)
    for column in plain.find_all(exp.Column):
        column.meta[_WRITTEN] = True
    qualified = qualify(
        plain,
        dialect=place.dialect,
        schema=_schema(known, place.dialect),
        quote_identifiers=False,
        identify=False,
    )
    return _Follower().follow(_scope_of(qualified), starred)


def _infer(scope: Scope, known: dict[RelationName, Iterable[str]]) -> None:
    """Give the one relation of a scope whose columns nobody knows those that the query names.

    Raises:
        LineageFault: the query shows all of them, or several such relations could have a column.
    """
    sources = {alias: source for alias, (_, source) in scope.selected_sources.items()}
    tables = {
        name: _relation(source) for name, source in sources.items() if isinstance(source, exp.Table) and source.name
    }
    unknown = {alias: relation for alias, relation in tables.items() if relation not in known}
    if not unknown:
        return
    if any(projection.is_star for projection in _query(scope).selects):
        raise LineageFault(f"it shows all columns of {', '.join(map(str, unknown.values()))}, which are not known")
    named = [column for column in scope.columns if column.table in unknown or not column.table]
    if len(unknown) > 1 and not all(column.table for column in named):
        raise LineageFault(f"the columns of {', '.join(map(str, unknown.values()))} are not known")
    mine = {name for relation in tables.values() for name in known.get(relation, ())}
    for alias, relation in unknown.items():
        known[relation] = sorted({one.name for one in named if one.table == alias or one.name not in mine})


def _query(scope: Scope) -> exp.Query:
    if not isinstance(scope.expression, exp.Query):
        raise LineageFault("a part of it is no SELECT")
    return scope.expression


def _is_query(source: object) -> bool:
    return isinstance(source, Scope) and isinstance(source.expression, exp.Query)


def _scope_of(query: exp.Expr) -> Scope:
    scope = build_scope(query)
    if scope is None:
        raise LineageFault("it is no SELECT")
    return scope


def _schema(columns: Mapping[RelationName, Iterable[str]], dialect: str) -> MappingSchema:
    nested: dict[str, Any] = {}
    for relation, names in columns.items():
        if len(relation.parts) == PARTS_MAX:
            database, schema, table = relation.parts
            tables = nested.setdefault(database, {}).setdefault(schema, {})
            tables[table] = dict.fromkeys(names, "text")
    return MappingSchema(nested, dialect=dialect, normalize=False)


def _relation(table: exp.Table) -> RelationName:
    return RelationName(tuple(part.name for part in table.parts))


def _starred(scope: Scope) -> frozenset[RelationName]:
    """List the relations whose columns reach the result through `*` alone."""
    if isinstance(scope.expression, exp.SetOperation):
        return frozenset[RelationName]().union(*map(_starred, scope.set_operation_scopes))
    found: set[RelationName] = set()
    for projection in _query(scope).selects:
        if not projection.is_star:
            continue
        named = projection.table if isinstance(projection, exp.Column) else ""
        for alias, source in scope.sources.items():
            if named and alias != named:
                continue
            if isinstance(source, Scope):
                found |= _starred(source) if _is_query(source) else set()
            elif isinstance(source, exp.Table) and alias in scope.selected_sources:
                found.add(_relation(source))
    return frozenset(found)


class _Follower:
    """Follows the columns of one query from its result down to its relations."""

    def __init__(self) -> None:
        self._always: set[Column] = set()
        self._touched: set[int] = set()
        self._needs: dict[tuple[int, str], frozenset[Column]] = {}

    def follow(self, root: Scope, starred: frozenset[RelationName]) -> Lineage:
        """Return the lineage of the whole query."""
        outputs = {name: self._need(root, name) for name in _names(root)}
        named: set[Column] = set()
        for scope in root.traverse():
            for column in scope.columns if _is_query(scope) else ():
                named |= self._named(scope, column) if column.meta.get(_WRITTEN) else set()
        return Lineage(outputs, frozenset(self._always), frozenset(named), starred)

    def _named(self, scope: Scope, column: exp.Column) -> frozenset[Column]:
        """Return the columns of relations that a column means, through what `*` brings."""
        source = _source(scope, column)
        if isinstance(source, exp.Table):
            return frozenset({(_relation(source), column.name)}) if source.name else frozenset()
        if not isinstance(source, Scope) or not _is_query(source) or column.name not in _names(source):
            return frozenset()
        index = _names(source).index(column.name)
        found: set[Column] = set()
        for branch in source.set_operation_scopes or [source]:
            query = _query(branch)
            projection = query.selects[index] if not isinstance(query, exp.SetOperation) else query
            for inner in _columns(projection):
                found |= set() if inner.meta.get(_WRITTEN) else self._named(branch, inner)
        return frozenset(found)

    def _need(self, scope: Scope, name: str) -> frozenset[Column]:
        """Return what a column of a scope is made of."""
        self._touch(scope)
        key = (id(scope), name)
        if key in self._needs:
            return self._needs[key]
        self._needs[key] = frozenset()  # a recursive CTE reads itself
        names = _names(scope)
        if name not in names:
            raise LineageFault(f"its column {name} is not found")
        if isinstance(scope.expression, exp.SetOperation):
            index = names.index(name)
            parts = [self._need(branch, _names(branch)[index]) for branch in scope.set_operation_scopes]
        else:
            projection = _query(scope).selects[names.index(name)]
            parts = [self._resolve(scope, column) for column in _columns(projection)]
        self._needs[key] = frozenset[Column]().union(*parts)
        return self._needs[key]

    def _touch(self, scope: Scope) -> None:
        """Add what decides about the rows of a scope."""
        if id(scope) in self._touched:
            return
        self._touched.add(id(scope))
        query = _query(scope)
        if isinstance(query, exp.SetOperation):
            self._touch_branches(scope, query)
        else:
            self._touch_select(scope, query)

    def _touch_branches(self, scope: Scope, query: exp.SetOperation) -> None:
        for branch in scope.set_operation_scopes:
            self._touch(branch)
        if query.args.get("distinct") or not isinstance(query, exp.Union):
            self._always_all(scope)

    def _touch_select(self, scope: Scope, query: exp.Query) -> None:
        chosen = {id(column) for projection in query.selects for column in _columns(projection)}
        for column in scope.columns:
            if id(column) not in chosen:
                self._always |= self._resolve(scope, column)
        group = query.args.get("group")
        if query.args.get("distinct") or (group and group.args.get("all")):
            self._always_all(scope)
        for subquery in scope.subquery_scopes:
            self._always_all(subquery)
        for source in scope.sources.values():
            if isinstance(source, Scope) and _is_query(source):
                self._touch(source)

    def _always_all(self, scope: Scope) -> None:
        self._touch(scope)
        for name in _names(scope):
            self._always |= self._need(scope, name)

    def _resolve(self, scope: Scope, column: exp.Column) -> frozenset[Column]:
        if not column.table:
            if column.name in _names(scope):
                return self._need(scope, column.name)
            raise LineageFault(f"its column {column.name} belongs to no relation")
        source = _source(scope, column)
        if isinstance(source, exp.Table):
            return frozenset({(_relation(source), column.name)}) if source.name else frozenset()
        if isinstance(source, Scope):
            # What a table function reads is among the columns of the scope that holds it.
            return self._need(source, column.name) if _is_query(source) else frozenset()
        raise LineageFault(f"its column {column.table}.{column.name} belongs to no relation")


def _source(scope: Scope, column: exp.Column) -> object:
    """Find what the qualifier of a column means, in this scope or in one around it."""
    within: Scope | None = scope
    while within is not None:
        if source := within.sources.get(column.table):
            return source
        within = within.parent
    return None


def _names(scope: Scope) -> list[str]:
    query = _query(scope)
    if any(projection.is_star for projection in query.selects):
        raise LineageFault("the columns of a relation that it shows with `*` are not known")
    return list(query.named_selects)


def _columns(projection: exp.Expr) -> list[exp.Column]:
    return [node for node in walk_in_scope(projection) if isinstance(node, exp.Column)]
