"""Which relations the parsed statements of one text read and write. Import this module only where SQL is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.relations import PARTS_MAX, RelationName
from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.rendering import Markers
from orchestration.metapipeline.sql.statements import parse


@dataclass(slots=True)
class Found:
    """What the statements of one text refer to."""

    reads: set[RelationName] = field(default_factory=set)
    writes: set[RelationName] = field(default_factory=set)
    dynamic: set[str] = field(default_factory=set)
    stages: set[RelationName] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    statements: int = 0

    def add(self, other: Found) -> None:
        """Add what another text refers to."""
        self.reads |= other.reads
        self.writes |= other.writes
        self.dynamic |= other.dynamic
        self.stages |= other.stages
        self.faults += other.faults
        self.statements += other.statements


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


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a name may mean at one place of a statement.

    Args:
        ctes: names of the visible CTEs, folded.
        rows: aliases of the relations whose arrays FROM may name.
    """

    ctes: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()


_Item = tuple[object, _Scope]
_SILENT_COMMANDS = re.compile(
    "SHOW|DESC|DESCRIBE|ALTER|GRANT|REVOKE|VACUUM|ANALY[SZ]E|OPTIMIZE|LIST|LS|PUT|GET|REMOVE|RM|UNSET|SET|COMMENT"
    "|REFRESH|LOCK|FLUSH|KILL|CHECKPOINT|ROLLBACK|BEGIN|START|END|COMMIT|PRAGMA|LOAD|INSTALL|ATTACH|DETACH|RESET"
    "|DISCARD|CLUSTER|REINDEX|SAVEPOINT|RELEASE|LISTEN|NOTIFY|ABORT|CACHE|UNCACHE|MSCK"
)
_HIDDEN_SQL = frozenset({"EXECUTE", "EXEC", "CALL", "DO", "PREPARE", "UNLOAD"})
_FILE = re.compile(r".*\.(parquet|csv|tsv|json|jsonl|ndjson|xlsx|arrow|db)(\.\w+)?|.*[/*].*", re.IGNORECASE)
_LEAVES = (exp.Identifier, exp.Literal, exp.Star, exp.Hint, exp.Lock, exp.Reference, exp.DataType)
_SILENT = (
    exp.Show,
    exp.Grant,
    exp.Revoke,
    exp.Comment,
    exp.Undrop,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Kill,
    exp.Attach,
    exp.Detach,
    exp.Pragma,
    exp.Analyze,
    exp.Semicolon,
)


class StatementReader:
    """Reads the statements of one text in order; an earlier one changes what a later one means.

    Args:
        dialect: the rules of the text.
        place: the defaults of the connection.
        markers: what stands for the parts that are filled in.
    """

    def __init__(self, dialect: Dialect, place: Place, markers: Markers) -> None:
        self.found = Found()
        self._dialect = dialect
        self._place = place
        self._markers = markers
        self._database: str | None = None
        self._schema: str | None = None
        self._made: set[RelationName] = set()
        self._variables: dict[str, str] = {}
        self._handlers: dict[type[exp.Expr], Callable[[exp.Expr, _Scope], list[_Item]]] = {
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

    def read(self, statement: exp.Expr) -> None:
        """Read one statement.

        A tree can be thousands of levels deep, so the walk keeps its own stack.
        """
        if not isinstance(statement, _STATEMENTS):
            self._no_statement(statement)
            return
        stack: list[_Item] = [(statement, _Scope())]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, exp.Expr):
                stack += reversed(self._visit(node, scope))

    def _no_statement(self, node: exp.Expr) -> None:
        text = node.name if isinstance(node, exp.Column) else ""
        if self._markers.pattern.fullmatch(text):
            self.found.dynamic.add(self._markers.written(text))
        else:
            self.found.faults.append("the text is no statement of SQL")

    def _visit(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        if isinstance(node, (*_LEAVES, *_SILENT)):
            return []
        handler = self._handlers.get(type(node))
        with_ = node.args.get("with_")
        items: list[_Item] = []
        if isinstance(with_, exp.With):
            items, scope = self._with(with_, scope)
        return items + (handler(node, scope) if handler else _children(node, scope, "with_"))

    # CTEs

    def _with(self, with_: exp.With, scope: _Scope) -> tuple[list[_Item], _Scope]:
        """Open the CTEs one after the other: each sees those before it, and itself only where it is recursive."""
        items: list[_Item] = []
        names = [self._cte_name(cte) for cte in with_.expressions]
        recursive = bool(with_.args.get("recursive"))
        if recursive:
            scope = replace(scope, ctes=scope.ctes | set(names))
        for cte, name in zip(with_.expressions, names, strict=True):
            items += self._cte_body(cte.this, name, scope)
            scope = replace(scope, ctes=scope.ctes | {name})
        return items, scope

    def _cte_body(self, body: exp.Expr, name: str, scope: _Scope) -> list[_Item]:
        if not (self._dialect.recursive_unsaid and isinstance(body, exp.SetOperation)):
            return [(body, scope)]
        # The first branch is the anchor and reads no CTE of its own name; the others do.
        within = replace(scope, ctes=scope.ctes | {name})
        items: list[_Item] = []
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

    def _table(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        inner = node.this
        rest = _children(node, scope, "this", "db", "catalog", "alias", "format", "pattern", "with_")
        if isinstance(inner, (exp.Identifier, exp.Dot)):
            self._read_name(node, scope)
            return rest
        if isinstance(inner, exp.DynamicIdentifier):
            self._read_chosen(inner.this, "identifier")
            return rest
        if isinstance(inner, (exp.Parameter, exp.SessionParameter, exp.Placeholder)):
            self._read_chosen(inner, "")
            return rest
        if isinstance(inner, (exp.Var, exp.Literal)):
            self._read_stage(inner.name)
            return rest
        return [*self._function(inner, scope), *rest]

    def _table_from_rows(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        inner = node.this
        rest = _children(node, scope, "this", "alias", "with_")
        if isinstance(inner, (exp.Literal, exp.Parameter, exp.Placeholder)):
            self._read_chosen(inner, "table")
            return rest
        if isinstance(inner, exp.DynamicIdentifier):
            self._read_chosen(inner.this, "identifier")
            return rest
        if isinstance(inner, exp.Column) and self._markers.found(inner.name):
            self.found.dynamic.add(f"table({self._markers.written(inner.sql())})")
            return rest
        return [*self._function(inner, scope), *rest]

    def _function(self, node: object, scope: _Scope) -> list[_Item]:
        """Read a function in FROM: only its arguments can name relations."""
        if isinstance(node, exp.Anonymous) and node.name.upper() == "RESULT_SCAN":
            self.found.dynamic.add("RESULT_SCAN")
            return []
        return [(node, scope)]

    def _read_chosen(self, node: exp.Expr, function: str) -> None:
        """Read a relation that is named by a string or a session variable."""
        if isinstance(node, exp.Literal) and node.is_string:
            self._read_text(node.name)
            return
        name = node.name.lower()
        if isinstance(node, exp.Parameter) and name in self._variables:
            self._read_text(self._variables[name])
            return
        written = self._markers.written(f"${node.name}" if isinstance(node, exp.Parameter) else node.sql())
        self.found.dynamic.add(f"{function}({written})" if function else written)

    def _read_text(self, text: str) -> None:
        if self._markers.found(text):
            self.found.dynamic.add(self._markers.written(text))
            return
        try:
            self._add_read(RelationName.parse(text))
        except RelationNameError as exc:
            self.found.faults.append(str(exc))

    def _read_stage(self, text: str) -> None:
        path = text.removeprefix("@").split("/", 1)[0]
        if not text.startswith("@") or not path or path.startswith(("~", "%")):
            return
        if self._markers.found(path):
            self.found.dynamic.add("@" + self._markers.written(path))
            return
        try:
            self.found.stages.add(self._placed(RelationName.parse(path)))
        except RelationNameError:
            return

    def _read_name(self, node: exp.Expr, scope: _Scope) -> None:
        written = _identifiers(node)
        names = [name for name, _ in written]
        text = ".".join(names)
        first, first_quoted = written[0]
        if len(names) == 1 and self._dialect.stored_cte(first, quoted=first_quoted) in scope.ctes:
            return
        if len(names) > 1 and self._dialect.stored_cte(first, quoted=first_quoted) in scope.rows:
            return
        holes = self._markers.found(text)
        if holes:
            if not (len(holes) == 1 and self._markers.pattern.fullmatch(text) and _is_known_table(holes[0].expression)):
                self.found.dynamic.add(self._markers.written(text))
        elif self._dialect.name == "bigquery" and "*" in names[-1]:
            self.found.dynamic.add(text)
        elif self._dialect.name == "duckdb" and len(names) == 1 and first_quoted and _FILE.fullmatch(first):
            pass
        elif name := self._relation(written):
            self._add_read(name)

    def _relation(self, written: list[tuple[str, bool]]) -> RelationName | None:
        if len(written) > PARTS_MAX:
            text = ".".join(name for name, _ in written)
            self.found.faults.append(f"{text} has {len(written)} parts; a relation has at most {PARTS_MAX}")
            return None
        try:
            return RelationName(tuple(self._dialect.stored(name, quoted=quoted) for name, quoted in written))
        except RelationNameError as exc:
            self.found.faults.append(str(exc))
            return None

    def _add_read(self, name: RelationName) -> None:
        if not any(self._is_same(name, made) for made in self._made):
            self.found.reads.add(self._placed(name))

    def _placed(self, name: RelationName) -> RelationName:
        """Complete a name with what earlier statements of the text chose with USE."""
        if len(name.parts) == 1 and self._schema is not None:
            name = RelationName((self._schema, *name.parts))
        if len(name.parts) == PARTS_MAX - 1 and self._database is not None:
            name = RelationName((self._database, *name.parts))
        return name

    def _is_same(self, name: RelationName, made: RelationName) -> bool:
        """Return whether a name means a relation that the text made; a name that says more means another one."""
        parts, others = self._whole(name).parts, self._whole(made).parts
        return parts == others[-len(parts) :]

    def _whole(self, name: RelationName) -> RelationName:
        placed = self._placed(name)
        return placed.within(self._place.database, self._place.schema) or placed

    # targets

    def _write(self, node: object, *, temporary: bool = False, makes: bool = False) -> None:
        table = node.this if isinstance(node, exp.Schema) else node
        if not isinstance(table, exp.Table):
            return
        if isinstance(table.this, exp.Var):
            self._read_stage(table.this.name)
            return
        if isinstance(table.this, exp.DynamicIdentifier):
            return
        written = _identifiers(table)
        if self._markers.found(".".join(name for name, _ in written)):
            return
        name = self._relation(written)
        if name is None:
            return
        own = any(self._is_same(name, made) for made in self._made) and name not in self.found.writes
        if not temporary and not own:
            self.found.writes.add(self._placed(name))
        if makes:
            self._made.add(self._placed(name))

    def _insert(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        self._write(node.this)
        return _children(node, scope, "this", "with_")

    def _create(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
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
        self._write(node.this, temporary=temporary, makes=True)
        return []

    def _read_now(self, part: object, scope: _Scope) -> None:
        stack: list[_Item] = [(part, scope)]
        while stack:
            node, inner = stack.pop()
            if isinstance(node, exp.Expr):
                stack += reversed(self._visit(node, inner))

    def _into(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        del scope
        named = node.this.name if isinstance(node.this, exp.Table) else ""
        self._write(node.this, temporary=bool(node.args.get("temporary")) or named.startswith("#"), makes=True)
        return []

    def _drop(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        del scope
        if str(node.args.get("kind")).upper() in {"TABLE", "VIEW"}:
            for table in node.args.get("tables") or [node.this]:
                self._write(table)
        return []

    def _delete(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        self._write(node.this)
        return [*_children(node, scope, "this", "tables", "with_"), *_joins(node.this, scope)]

    def _update(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        self._write(node.this)
        return [*_children(node, scope, "this", "with_"), *_joins(node.this, scope)]

    def _merge(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        self._write(node.this)
        return _children(node, scope, "this", "with_")

    def _copy(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        files = node.args.get("files") or []
        if not node.args.get("kind"):
            return [(node.this, scope)]
        unloads = isinstance(node.this, exp.Table) and isinstance(node.this.this, exp.Var)
        self._write(node.this)
        if unloads:
            return [(file, scope) for file in files]
        for file in files:
            if isinstance(file, exp.Table) and isinstance(file.this, exp.Var):
                self._read_stage(file.this.name)
        return [(file, scope) for file in files if not isinstance(file, exp.Table)]

    def _truncate(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        del scope
        for table in node.expressions:
            self._write(table)
        return []

    def _alter(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        del scope
        if str(node.args.get("kind")).upper() in {"TABLE", "VIEW"}:
            self._write(node.this)
            for action in node.args.get("actions") or []:
                if isinstance(action, exp.SwapTable):
                    self._write(action.this)
        return []

    # statements that change what follows

    def _use(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        del scope
        kind = str(node.args["kind"].name).upper() if node.args.get("kind") else "DATABASE"
        if not isinstance(node.this, exp.Table) or kind not in {"DATABASE", "SCHEMA", "CATALOG"}:
            return []
        names = [self._dialect.stored(name, quoted=quoted) for name, quoted in _identifiers(node.this)]
        if kind == "SCHEMA" or len(names) > 1 or self._dialect.name == "mysql":
            self._schema = names[-1]
            self._database = names[-2] if len(names) > 1 else self._database
        else:
            self._database, self._schema = names[0], "PUBLIC" if self._dialect.name == "snowflake" else None
        return []

    def _set(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        for item in node.expressions:
            assigned = item.this
            if not isinstance(assigned, exp.EQ):
                continue
            name, value = assigned.this.name.lower(), assigned.expression
            if isinstance(value, exp.Literal) and value.is_string:
                self._variables[name] = value.name
            else:
                self._variables.pop(name, None)
            if name == "search_path":
                self._search(value.name)
        return _children(node, scope)

    def _search(self, path: str) -> None:
        schemas = [part.strip().strip("'\"") for part in path.split(",")]
        self._schema = self._dialect.fold(schemas[0]) if len(schemas) == 1 and schemas[0] else None

    def _command(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        word = str(node.this).upper()
        text = node.expression.name if isinstance(node.expression, exp.Expr) else str(node.expression or "")
        if word == "EXPLAIN":
            return self._explained(text, scope)
        if word in _HIDDEN_SQL:
            immediate = word == "EXECUTE" and text.upper().startswith("IMMEDIATE")
            self.found.dynamic.add("EXECUTE IMMEDIATE" if immediate else word)
        elif word == "SET" and (path := re.match(r"\s*search_path\s+to\s+(.*)", text, re.IGNORECASE | re.DOTALL)):
            self._search(path[1])
        elif not _SILENT_COMMANDS.fullmatch(word):
            self.found.faults.append(f"the statement {word} is in a form that cannot be read")
        return []

    def _explained(self, text: str, scope: _Scope) -> list[_Item]:
        options = r"\s*(?:using\s+\w+\s+|analyze\s+|verbose\s+|plan\s+for\s+|\([^()]*\)\s*)*(?=\w|\()"
        query = re.sub(options, "", text, count=1, flags=re.IGNORECASE)
        parsed = parse(query, self._dialect, self._markers)
        self.found.faults += [fault.reason for fault in parsed.faults]
        return [(statement, scope) for statement in parsed.statements]

    def _describe(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        return [(node.this, scope)] if isinstance(node.this, exp.Query) else []

    # what else needs care

    def _only_this(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        return [(node.this, scope)]

    def _predict(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        """Read ML.PREDICT: its model is no relation."""
        return _children(node, scope, "this")

    def _select(self, node: exp.Expr, scope: _Scope) -> list[_Item]:
        if not self._dialect.arrays_of_rows:
            return _children(node, scope, "with_")
        from_ = node.args.get("from_")
        items: list[_Item] = []
        for source in [*([from_] if from_ else []), *(node.args.get("joins") or [])]:
            items.append((source, scope))
            if alias := self._alias(source.this):
                scope = replace(scope, rows=scope.rows | {alias})
        return items + _children(node, scope, "with_", "from_", "joins")

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


_STATEMENTS = (
    exp.Query,
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Use,
    exp.Set,
    exp.Drop,
    exp.Copy,
    exp.Alter,
    exp.TruncateTable,
    exp.Describe,
    exp.MultitableInserts,
    exp.Pivot,
    exp.Summarize,
    exp.Values,
    exp.ListStage,
    exp.Get,
    exp.Put,
    exp.Cache,
    exp.Uncache,
    *_SILENT,
)


def _is_known_table(expression: str) -> bool:
    """Return whether a hole is a table that is no relation of its own: a card, or dbt's ref or source."""
    return bool(re.match(r"#\d|(?:builtins\.)?(?:ref|source)\s*\(|metrics\.|semantic_layer\.", expression))


def _children(node: exp.Expr, scope: _Scope, *left_out: str) -> list[_Item]:
    items: list[_Item] = []
    for key, value in node.args.items():
        if key in left_out or not value:
            continue
        if isinstance(value, list):
            items += [(part, scope) for part in value]
        else:
            items.append((value, scope))
    return items


def _joins(node: object, scope: _Scope) -> Iterator[_Item]:
    if isinstance(node, exp.Table):
        yield from ((join, scope) for join in node.args.get("joins") or [])


def _identifiers(table: exp.Expr) -> list[tuple[str, bool]]:
    """List the parts of a name with whether each is quoted; an empty part in the middle is kept."""
    parts = [table.args.get("catalog"), table.args.get("db"), table.this]
    while parts and parts[0] is None:
        parts = parts[1:]
    found: list[tuple[str, bool]] = []
    for part in parts:
        flat = part.flatten() if isinstance(part, exp.Dot) else [part]
        found += [
            (one.name, bool(one.args.get("quoted"))) if isinstance(one, exp.Expr) else ("", False) for one in flat
        ]
    return found
