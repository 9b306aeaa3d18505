"""What the names in the statements of one text mean, and what they refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.relations import PARTS_MAX, RelationName
from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.statements.walking import Scope, identifiers
from orchestration.metapipeline.sql.templates.rendering import Markers

_FILE = re.compile(r".*\.(parquet|csv|tsv|json|jsonl|ndjson|xlsx|arrow|db)(\.\w+)?|.*[/*].*", re.IGNORECASE)


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


class Names:
    """The names of one text, in the order of its statements: an earlier one changes what a later one means.

    Args:
        dialect: the rules of the text.
        place: the defaults of the connection.
        markers: in place of the parts that are filled in.
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

    # what is read

    def read_chosen(self, node: exp.Expr, function: str) -> None:
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

    def read_stage(self, text: str) -> None:
        """Read the name of a stage, such as `@loads/2025`; a user stage and the stage of a table are none."""
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

    def read(self, node: exp.Expr, scope: Scope) -> None:
        """Read the name of a table in FROM."""
        written = identifiers(node)
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

    # what is written

    def write(self, node: object, *, temporary: bool = False, makes: bool = False) -> None:
        """Write a relation, or a stage.

        Args:
            node: the target; what is no table is left out.
            temporary: whether the relation is gone after the text.
            makes: whether what follows means this relation by its name.
        """
        table = node.this if isinstance(node, exp.Schema) else node
        if not isinstance(table, exp.Table):
            return
        if isinstance(table.this, exp.Var):
            self.read_stage(table.this.name)
            return
        if isinstance(table.this, exp.DynamicIdentifier):
            return
        written = identifiers(table)
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

    # what changes the names behind it

    def use(self, node: exp.Table, kind: str) -> None:
        """Take the database or the schema of a USE statement as the default."""
        names = [self._dialect.stored(name, quoted=quoted) for name, quoted in identifiers(node)]
        if kind == "SCHEMA" or len(names) > 1 or self._dialect.name == "mysql":
            self._schema = names[-1]
            self._database = names[-2] if len(names) > 1 else self._database
        else:
            self._database, self._schema = names[0], "PUBLIC" if self._dialect.name == "snowflake" else None

    def assign(self, name: str, value: exp.Expr) -> None:
        """Set a session variable; a value that is no string makes it unknown."""
        if isinstance(value, exp.Literal) and value.is_string:
            self._variables[name] = value.name
        else:
            self._variables.pop(name, None)
        if name == "search_path":
            self.search(value.name)

    def search(self, path: str) -> None:
        """Take the only schema of a search path as the default; several leave it unknown."""
        schemas = [part.strip().strip("'\"") for part in path.split(",")]
        self._schema = self._dialect.fold(schemas[0]) if len(schemas) == 1 and schemas[0] else None


def _is_known_table(expression: str) -> bool:
    """Return whether a hole is a table that is no relation of its own: a card, or dbt's ref or source."""
    return bool(re.match(r"#\d|(?:builtins\.)?(?:ref|source)\s*\(|metrics\.|semantic_layer\.", expression))
