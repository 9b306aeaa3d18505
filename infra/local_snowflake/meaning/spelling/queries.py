"""The columns that a query can name, scope by scope; every identifier is in the case that Snowflake stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import Expr, exp
from sqlglot.optimizer.scope import Scope, ScopeType, traverse_scope

from infra.local_snowflake.meaning.spelling.stored import variant_of

OfTable = Callable[[exp.Table], list[str] | None]
"""Returns the columns of a table; None if they are not known."""


@dataclass(slots=True)
class QueryColumns:
    """The scopes of the queries of a statement."""

    of_table: OfTable
    scopes: dict[int, Scope] = field(default_factory=dict)
    _outputs: dict[int, list[str] | None] = field(default_factory=dict)

    def read(self, root: exp.Query) -> None:
        """Read the scopes of a query."""
        for scope in traverse_scope(root):
            self.scopes[id(scope.expression)] = scope

    def of_query(self, query: Expr) -> list[str] | None:
        """Return the names of a query's result; None if one is not known."""
        scope = self.scopes.get(id(query.unnest() if isinstance(query, exp.Subquery) else query))
        return None if scope is None else self._output(scope)

    def sources(self, scope: Scope) -> Iterator[tuple[str, list[str] | None]]:
        """Yield the alias and the columns of what a SELECT reads."""
        for name, (node, source) in scope.selected_sources.items():
            yield name, self._of_source(node, source)

    def visible(self, node: Expr) -> list[tuple[str, list[str] | None]]:
        """Return alias and columns of everything that an expression can name, of outer queries, too."""
        found: list[tuple[str, list[str] | None]] = []
        above: Expr | None = node
        while above is not None:
            scope = self.scopes.get(id(above))
            if scope is not None and isinstance(above, exp.Select):
                found += self.sources(scope)
                found += [(name, columns) for name, columns in _laterals(scope)]
                found.append(("", [item.alias for item in above.expressions if isinstance(item, exp.Alias)]))
            above = above.parent
        return found

    def ambiguous(self) -> tuple[str, str] | None:
        """Return two names of one inner query that differ in their case alone: DuckDB takes them for one."""
        for scope in self.scopes.values():
            if scope.scope_type is not ScopeType.ROOT and (pair := colliding(self._output(scope) or ())):
                return pair
        return None

    def _of_source(self, node: Expr, source: Scope | exp.Table) -> list[str] | None:
        alias = node.args.get("alias")
        if node.args.get("pivots"):
            return None
        if isinstance(alias, exp.TableAlias) and alias.columns:
            return [column.name for column in alias.columns]
        return self.of_table(source) if isinstance(source, exp.Table) else self._output(source)

    def _output(self, scope: Scope) -> list[str] | None:
        key = id(scope.expression)
        if key not in self._outputs:
            self._outputs[key] = None  # of a recursive query
            self._outputs[key] = self._computed(scope)
        return self._outputs[key]

    def _computed(self, scope: Scope) -> list[str] | None:
        named = scope.expression.parent
        alias = named.args.get("alias") if isinstance(named, (exp.CTE, exp.Subquery)) else None
        if isinstance(alias, exp.TableAlias) and alias.columns:
            return [column.name for column in alias.columns]
        if isinstance(scope.expression, exp.SetOperation):
            return self.of_query(scope.expression.this)
        if not isinstance(scope.expression, exp.Select):
            return None
        names: list[str] = []
        for item in scope.expression.expressions:
            of_item = self._starred(item, scope) if item.is_star else [item.alias_or_name]
            if of_item is None:
                return None
            names += of_item
        return names

    def _starred(self, item: Expr, scope: Scope) -> list[str] | None:
        star = item.this if isinstance(item, exp.Column) else item
        if any(star.args.get(name) for name in ("except_", "replace", "rename", "except")) or _laterals(scope):
            return None
        wanted = item.table if isinstance(item, exp.Column) else None
        names: list[str] = []
        for alias, columns in self.sources(scope):
            if wanted in {None, alias}:
                if columns is None:
                    return None
                names += columns
        return names


def _laterals(scope: Scope) -> list[tuple[str, list[str] | None]]:
    found: list[tuple[str, list[str] | None]] = []
    for lateral in scope.expression.args.get("laterals") or []:
        alias = lateral.args.get("alias")
        known = (
            [column.name for column in alias.columns] if isinstance(alias, exp.TableAlias) and alias.columns else None
        )
        found.append((lateral.alias, known))
    return found


def misspelled(column: exp.Column, visible: Iterable[tuple[str, list[str] | None]]) -> bool:
    """Return whether DuckDB finds a column here, or its table, by another case alone."""
    sources = list(visible)
    if column.table:
        named = [columns for alias, columns in sources if alias == column.table]
        if not named:
            return variant_of(column.table, [alias for alias, _ in sources if alias]) is not None
        sources = [("", columns) for columns in named]
    known = [name for _, columns in sources for name in columns or ()]
    return all(columns is not None for _, columns in sources) and variant_of(column.name, known) is not None


def colliding(names: Iterable[str]) -> tuple[str, str] | None:
    """Return two names that differ in their case alone; None without."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            return other, name
    return None
