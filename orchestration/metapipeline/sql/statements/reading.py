"""Which relations the parsed statements of one text read and write. Import this module only where SQL is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.statements.names import Found, Names
from orchestration.metapipeline.sql.statements.parsing import parse
from orchestration.metapipeline.sql.statements.walking import LEAVES, SILENT, STATEMENTS, Item, Scope, children, joins
from orchestration.metapipeline.sql.templates.rendering import Markers


def read_statements(sql: str, dialect: Dialect, place: Place, markers: Markers) -> Found:
    """Read the statements of one SQL text.

    Args:
        sql: with markers in place of what is filled in.
        dialect: of the text.
        place: defaults of the connection.
        markers: of the text.
    """
    parsed = parse(sql, dialect, markers)
    reader = StatementReader(dialect, place, markers)
    found = reader.found
    try:
        for statement in parsed.statements:
            reader.read(statement)
    except RecursionError:
        found.faults.append("the text is nested too deeply to be read")
    found.statements = len(parsed.statements) + len(parsed.faults)
    found.faults[:0] = [fault.reason for fault in parsed.faults]
    found.dynamic |= {markers.written(marker) for marker in parsed.left_out}
    if parsed.led:
        found.reads = {name for name in found.reads if len(name.parts) > 1}
    return found


_SILENT_COMMANDS = re.compile(
    "SHOW|DESC|DESCRIBE|ALTER|GRANT|REVOKE|VACUUM|ANALY[SZ]E|OPTIMIZE|LIST|LS|PUT|GET|REMOVE|RM|UNSET|SET|COMMENT"
    "|REFRESH|LOCK|FLUSH|KILL|CHECKPOINT|ROLLBACK|BEGIN|START|END|COMMIT|PRAGMA|LOAD|INSTALL|ATTACH|DETACH|RESET"
    "|DISCARD|CLUSTER|REINDEX|SAVEPOINT|RELEASE|LISTEN|NOTIFY|ABORT|CACHE|UNCACHE|MSCK"
)
_HIDDEN_SQL = frozenset({"EXECUTE", "EXEC", "CALL", "DO", "PREPARE", "UNLOAD"})


class StatementReader:
    """Reads the statements of one text in order; an earlier one changes what a later one means.

    Args:
        dialect: the rules of the text.
        place: the defaults of the connection.
        markers: in place of the parts that are filled in.
    """

    def __init__(self, dialect: Dialect, place: Place, markers: Markers) -> None:
        self._names = Names(dialect, place, markers)
        self._dialect = dialect
        self._markers = markers
        self._handlers: dict[type[exp.Expr], Callable[[exp.Expr, Scope], list[Item]]] = {
            exp.Table: self._table,
            exp.TableFromRows: self._table_from_rows,
            exp.SemanticView: self._only_this,
            exp.Select: self._select,
            exp.Insert: self._insert,
            exp.Create: self._create,
            exp.Drop: self._drop,
            exp.Delete: self._delete,
            exp.Update: self._update,
            exp.Merge: self._merge,
            exp.Copy: self._copy,
            exp.Use: self._use,
            exp.Set: self._set,
            exp.Into: self._into,
            exp.Alter: self._alter,
            exp.TruncateTable: self._truncate,
            exp.Describe: self._describe,
            exp.Predict: self._predict,
            exp.Command: self._command,
        }

    @property
    def found(self) -> Found:
        """What the statements refer to."""
        return self._names.found

    def read(self, statement: exp.Expr) -> None:
        """Read one statement.

        A tree can be thousands of levels deep, so the walk keeps its own stack.
        """
        if not isinstance(statement, STATEMENTS):
            self._no_statement(statement)
            return
        stack: list[Item] = [(statement, Scope())]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, exp.Expr):
                stack += reversed(self._visit(node, scope))

    def _no_statement(self, node: exp.Expr) -> None:
        text = node.name if isinstance(node, exp.Column) else ""
        if self._markers.pattern.fullmatch(text):
            self._names.found.dynamic.add(self._markers.written(text))
        else:
            self._names.found.faults.append("the text is no statement of SQL")

    def _visit(self, node: exp.Expr, scope: Scope) -> list[Item]:
        if isinstance(node, (*LEAVES, *SILENT)):
            return []
        handler = self._handlers.get(type(node))
        with_ = node.args.get("with_")
        items: list[Item] = []
        if isinstance(with_, exp.With):
            items, scope = self._with(with_, scope)
        return items + (handler(node, scope) if handler else children(node, scope, "with_"))

    # CTEs

    def _with(self, with_: exp.With, scope: Scope) -> tuple[list[Item], Scope]:
        """Open the CTEs one after the other: each sees those before it, and itself only where it is recursive."""
        items: list[Item] = []
        names = [self._cte_name(cte) for cte in with_.expressions]
        recursive = bool(with_.args.get("recursive"))
        if recursive:
            scope = replace(scope, ctes=scope.ctes | set(names))
        for cte, name in zip(with_.expressions, names, strict=True):
            items += self._cte_body(cte.this, name, scope)
            scope = replace(scope, ctes=scope.ctes | {name})
        return items, scope

    def _cte_body(self, body: exp.Expr, name: str, scope: Scope) -> list[Item]:
        if not (self._dialect.recursive_unsaid and isinstance(body, exp.SetOperation)):
            return [(body, scope)]
        # The first branch is the anchor and reads no CTE of its own name; the others do.
        within = replace(scope, ctes=scope.ctes | {name})
        items: list[Item] = []
        with_ = body.args.get("with_")
        if isinstance(with_, exp.With):
            items, inner = self._with(with_, scope)
            scope, within = inner, replace(inner, ctes=inner.ctes | {name})
        branch: exp.Expr = body
        while isinstance(branch, exp.SetOperation):
            items.append((branch.expression, within))
            branch = branch.this
        return [*items, (branch, scope)]

    def _cte_name(self, cte: exp.Expr) -> str:
        alias = cte.args.get("alias")
        name = alias.this if alias else None
        if not isinstance(name, exp.Identifier):
            return ""
        return self._dialect.stored_cte(name.name, quoted=bool(name.args.get("quoted")))

    # relations

    def _table(self, node: exp.Expr, scope: Scope) -> list[Item]:
        inner = node.this
        rest = children(node, scope, "this", "db", "catalog", "alias", "format", "pattern", "with_")
        if isinstance(inner, (exp.Identifier, exp.Dot)):
            self._names.read(node, scope)
            return rest
        if isinstance(inner, exp.DynamicIdentifier):
            self._names.read_chosen(inner.this, "identifier")
            return rest
        if isinstance(inner, (exp.Parameter, exp.SessionParameter, exp.Placeholder)):
            self._names.read_chosen(inner, "")
            return rest
        if isinstance(inner, (exp.Var, exp.Literal)):
            self._names.read_stage(inner.name)
            return rest
        return [*self._function(inner, scope), *rest]

    def _table_from_rows(self, node: exp.Expr, scope: Scope) -> list[Item]:
        inner = node.this
        rest = children(node, scope, "this", "alias", "with_")
        if isinstance(inner, (exp.Literal, exp.Parameter, exp.Placeholder)):
            self._names.read_chosen(inner, "table")
            return rest
        if isinstance(inner, exp.DynamicIdentifier):
            self._names.read_chosen(inner.this, "identifier")
            return rest
        if isinstance(inner, exp.Column) and self._markers.found(inner.name):
            self._names.found.dynamic.add(f"table({self._markers.written(inner.sql())})")
            return rest
        return [*self._function(inner, scope), *rest]

    def _function(self, node: object, scope: Scope) -> list[Item]:
        """Read a function in FROM: only its arguments can name relations."""
        if isinstance(node, exp.Anonymous) and node.name.upper() == "RESULT_SCAN":
            self._names.found.dynamic.add("RESULT_SCAN")
            return []
        return [(node, scope)]

    # targets

    def _insert(self, node: exp.Expr, scope: Scope) -> list[Item]:
        self._names.write(node.this)
        return children(node, scope, "this", "with_")

    def _create(self, node: exp.Expr, scope: Scope) -> list[Item]:
        if str(node.args.get("kind")).upper() not in {"TABLE", "VIEW"}:
            return []
        kept = (exp.LikeProperty, exp.Clone)
        properties = node.args.get("properties")
        listed = list(properties.expressions) if properties else []
        sources = [part for part in [*listed, node.args.get("clone")] if isinstance(part, kept)]
        # The query runs before the relation exists, so it is read first.
        for part in [node.args.get("expression"), *sources]:
            self._read_now(part, scope)
        temporary = any(isinstance(part, exp.TemporaryProperty) for part in listed)
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        temporary = temporary or (isinstance(target, exp.Table) and target.name.startswith("#"))
        self._names.write(node.this, temporary=temporary, makes=True)
        return []

    def _read_now(self, part: object, scope: Scope) -> None:
        stack: list[Item] = [(part, scope)]
        while stack:
            node, inner = stack.pop()
            if isinstance(node, exp.Expr):
                stack += reversed(self._visit(node, inner))

    def _into(self, node: exp.Expr, scope: Scope) -> list[Item]:
        del scope
        named = node.this.name if isinstance(node.this, exp.Table) else ""
        self._names.write(node.this, temporary=bool(node.args.get("temporary")) or named.startswith("#"), makes=True)
        return []

    def _drop(self, node: exp.Expr, scope: Scope) -> list[Item]:
        del scope
        if str(node.args.get("kind")).upper() in {"TABLE", "VIEW"}:
            for table in node.args.get("tables") or [node.this]:
                self._names.write(table)
        return []

    def _delete(self, node: exp.Expr, scope: Scope) -> list[Item]:
        self._names.write(node.this)
        return [*children(node, scope, "this", "tables", "with_"), *joins(node.this, scope)]

    def _update(self, node: exp.Expr, scope: Scope) -> list[Item]:
        self._names.write(node.this)
        return [*children(node, scope, "this", "with_"), *joins(node.this, scope)]

    def _merge(self, node: exp.Expr, scope: Scope) -> list[Item]:
        self._names.write(node.this)
        return children(node, scope, "this", "with_")

    def _copy(self, node: exp.Expr, scope: Scope) -> list[Item]:
        files = node.args.get("files") or []
        if not node.args.get("kind"):
            return [(node.this, scope)]
        unloads = isinstance(node.this, exp.Table) and isinstance(node.this.this, exp.Var)
        self._names.write(node.this)
        if unloads:
            return [(file, scope) for file in files]
        for file in files:
            if isinstance(file, exp.Table) and isinstance(file.this, exp.Var):
                self._names.read_stage(file.this.name)
        return [(file, scope) for file in files if not isinstance(file, exp.Table)]

    def _truncate(self, node: exp.Expr, scope: Scope) -> list[Item]:
        del scope
        for table in node.expressions:
            self._names.write(table)
        return []

    def _alter(self, node: exp.Expr, scope: Scope) -> list[Item]:
        del scope
        if str(node.args.get("kind")).upper() in {"TABLE", "VIEW"}:
            self._names.write(node.this)
            for action in node.args.get("actions") or []:
                if isinstance(action, exp.SwapTable):
                    self._names.write(action.this)
        return []

    # statements that change what follows

    def _use(self, node: exp.Expr, scope: Scope) -> list[Item]:
        del scope
        kind = str(node.args["kind"].name).upper() if node.args.get("kind") else "DATABASE"
        if not isinstance(node.this, exp.Table) or kind not in {"DATABASE", "SCHEMA", "CATALOG"}:
            return []
        self._names.use(node.this, kind)
        return []

    def _set(self, node: exp.Expr, scope: Scope) -> list[Item]:
        for item in node.expressions:
            assigned = item.this
            if isinstance(assigned, exp.EQ):
                self._names.assign(assigned.this.name.lower(), assigned.expression)
        return children(node, scope)

    def _command(self, node: exp.Expr, scope: Scope) -> list[Item]:
        word = str(node.this).upper()
        text = node.expression.name if isinstance(node.expression, exp.Expr) else str(node.expression or "")
        if word == "EXPLAIN":
            return self._explained(text, scope)
        if word in _HIDDEN_SQL:
            immediate = word == "EXECUTE" and text.upper().startswith("IMMEDIATE")
            self._names.found.dynamic.add("EXECUTE IMMEDIATE" if immediate else word)
        elif word == "SET" and (path := re.match(r"\s*search_path\s+to\s+(.*)", text, re.IGNORECASE | re.DOTALL)):
            self._names.search(path[1])
        elif not _SILENT_COMMANDS.fullmatch(word):
            self._names.found.faults.append(f"the statement {word} is in a form that cannot be read")
        return []

    def _explained(self, text: str, scope: Scope) -> list[Item]:
        options = r"\s*(?:using\s+\w+\s+|analyze\s+|verbose\s+|plan\s+for\s+|\([^()]*\)\s*)*(?=\w|\()"
        query = re.sub(options, "", text, count=1, flags=re.IGNORECASE)
        parsed = parse(query, self._dialect, self._markers)
        self._names.found.faults += [fault.reason for fault in parsed.faults]
        return [(statement, scope) for statement in parsed.statements]

    def _describe(self, node: exp.Expr, scope: Scope) -> list[Item]:
        return [(node.this, scope)] if isinstance(node.this, exp.Query) else []

    # what else needs care

    def _only_this(self, node: exp.Expr, scope: Scope) -> list[Item]:
        return [(node.this, scope)]

    def _predict(self, node: exp.Expr, scope: Scope) -> list[Item]:
        """Read ML.PREDICT: its model is no relation."""
        return children(node, scope, "this")

    def _select(self, node: exp.Expr, scope: Scope) -> list[Item]:
        if not self._dialect.arrays_of_rows:
            return children(node, scope, "with_")
        from_ = node.args.get("from_")
        items: list[Item] = []
        for source in [*([from_] if from_ else []), *(node.args.get("joins") or [])]:
            items.append((source, scope))
            if alias := self._alias(source.this):
                scope = replace(scope, rows=scope.rows | {alias})
        return items + children(node, scope, "with_", "from_", "joins")

    def _alias(self, source: object) -> str:
        if not isinstance(source, (exp.Table, exp.Subquery, exp.Unnest)):
            return ""
        alias = source.args.get("alias")
        name = alias.this if alias else source.this
        if alias and isinstance(source, exp.Unnest) and name is None:
            name = next(iter(alias.columns), None)  # BigQuery names the element
        if not isinstance(name, exp.Identifier):
            return ""
        return self._dialect.stored_cte(name.name, quoted=bool(name.args.get("quoted")))
