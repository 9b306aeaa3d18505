"""Render a template into the SQL texts that it can become, with markers for what only the tool can fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.metapipeline.bi.workspace import Template
from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.templates.conditions import Path, Paths
from orchestration.metapipeline.sql.templates.scanner import PieceKind, scan
from orchestration.metapipeline.sql.templates.template import (
    Assign,
    Body,
    Branches,
    Hole,
    Loop,
    TemplateFault,
    Text,
    read_template,
)

CHARACTERS_MAX = 1_000_000


@dataclass(slots=True)
class Markers:
    """The names that stand in the SQL where something is filled in.

    Args:
        stem: of the names; occurs nowhere in the texts.
        holes: what is filled in, by the order of first use; one source has one marker.
    """

    stem: str
    holes: list[Hole] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def of(self, hole: Hole) -> str:
        """Return the marker of a hole."""
        number = self._numbers.setdefault(hole.source, len(self.holes))
        if number == len(self.holes):
            self.holes.append(hole)
        return f"{self.stem}{number}z"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of a marker, its number in the first group."""
        return re.compile(self.stem + r"(\d+)z", re.IGNORECASE)

    def found(self, text: str) -> list[Hole]:
        """List the holes in a piece of SQL."""
        return [self.holes[int(found[1])] for found in self.pattern.finditer(text)]

    def written(self, text: str) -> str:
        """Put the sources back into a piece of SQL."""
        return self.pattern.sub(lambda found: self.holes[int(found[1])].source, text)


def markers_for(*texts: str) -> Markers:
    """Choose names that occur in none of the texts."""
    stem = "zzhole"
    while any(stem in text.lower() for text in texts):
        stem += "q"
    return Markers(stem)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One SQL text that the template can become.

    Args:
        sql: the text.
        arms: which parts of the template that are not in every text are in this one.
    """

    sql: str
    arms: frozenset[int]


@dataclass(slots=True)
class Renderer:
    """Renders one text and the definitions in it.

    Args:
        template: language of the text.
        dialect: of the text.
        definitions: name -> text of a shared part.
        markers: collects what is filled in.
        iterations: how often a loop is written out.
        short: whether branches that are only conditions are written without trying them both ways.
    """

    template: Template
    dialect: Dialect
    definitions: Mapping[str, str]
    markers: Markers
    iterations: int = 2
    short: bool = True
    _known: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _written: int = 0
    _arms: set[int] = field(default_factory=set)
    _bodies: dict[str, Body] = field(default_factory=dict)

    def render_all(self, body: Body) -> tuple[list[Rendered], bool]:
        """Render a body on each path.

        Returns:
            The texts, each once, and whether each branch is in one of them.

        Raises:
            TemplateFault: the text becomes too large, or a definition in it is no template.
        """
        paths = Paths()
        found: dict[str, set[int]] = {}
        for path in paths:
            self._known, self._written, self._arms = {}, 0, set()
            sql = self._render(body, path)
            found.setdefault(sql, set()).update(self._arms)
            if sum(map(len, found)) > CHARACTERS_MAX:
                break
        return [Rendered(sql, frozenset(arms)) for sql, arms in found.items()], paths.complete

    def _render(self, body: Body, path: Path) -> str:
        texts: list[str] = []
        for element in body:
            match element:
                case Text(text):
                    self._count(text)
                    texts.append(text)
                case Hole():
                    texts.append(self._fill(element, path, "".join(texts[-2:])))
                case Branches(arms) if self.short and all(_is_condition(arm) for _, arm in arms):
                    texts.append(self._render(next((arm for _, arm in arms if arm), ()), path))
                case Branches(arms):
                    arm = next((arm for condition, arm in arms if path.holds(condition, self._known)), ())
                    self._arms.update({id(arm)} if _says_something(arm) else ())
                    texts.append(self._render(arm, path))
                case Loop():
                    texts.append(self._repeat(element, path))
                case Assign(name, value, inner):
                    self._assign(name, value, inner, path)
        return "".join(texts)

    def _count(self, text: str) -> None:
        self._written += len(text)
        if self._written > CHARACTERS_MAX:
            raise TemplateFault(f"it becomes more than {CHARACTERS_MAX:,} characters of SQL")

    def _assign(self, name: str, value: str | None, inner: Body, path: Path) -> None:
        literal = re.fullmatch(r"""(['"])((?:(?!\1).)*)\1""", value or "", re.DOTALL)
        if value is None:
            self._known[name] = self._render(inner, path)
        elif literal:
            self._known[name] = literal[2]
        elif _DBT_CALL.fullmatch(value):
            self._known[name] = self.markers.of(Hole(value, value))
        elif value in self._known:
            self._known[name] = self._known[value]
        else:
            self._known.pop(name, None)

    def _repeat(self, loop: Loop, path: Path) -> str:
        if loop.otherwise and not path.holds(f"any({loop.over})", self._known):
            return self._render(loop.otherwise, path)
        texts: list[str] = []
        for turn in range(self.iterations):
            for name in ("loop", "forloop"):
                last = turn == self.iterations - 1
                self._known |= {f"{name}.first": "" if turn else "yes", f"{name}.last": "yes" if last else ""}
                self._known |= {f"{name}.index": str(turn + 1), f"{name}.index0": str(turn)}
            texts.append(self._render(loop.body, path))
        return "".join(texts)

    def _fill(self, hole: Hole, path: Path, before: str) -> str:
        expression = hole.expression
        if self.template is Template.LIQUID and (shared := _DEFINITION.fullmatch(expression)):
            return self._expand(hole, shared[1], path, f" as {shared[2]}" if shared[2] else "")
        if self.template is Template.METABASE and (snippet := _SNIPPET.fullmatch(expression)):
            return self._expand(hole, snippet[1], path, None)
        if expression in self._known:
            self._count(self._known[expression])
            return self._known[expression]
        if self.template is Template.METABASE and expression.startswith("#"):
            return _derived(self.markers.of(hole))
        return "0" if _NUMBER.search(before) else self.markers.of(hole)

    def _expand(self, hole: Hole, name: str, path: Path, alias: str | None) -> str:
        """Write out a shared part; without an alias its text stands as it is, else in brackets."""
        if name not in self.definitions or name in self._open:
            if alias is None:
                return self.markers.of(hole)
            return _derived(self.markers.of(Hole(f"@{name}", hole.expression))) + alias
        if name not in self._bodies:
            self._bodies[name] = read_template(self.definitions[name], self.template, self.dialect)
        self._open.append(name)
        text = _without_last_semicolon(self._render(self._bodies[name], path), self.dialect)
        self._open.pop()
        return text if alias is None else f"({text}\n){alias}"


def _says_something(body: Body) -> bool:
    return any(not isinstance(element, Text) or element.text.strip() for element in body)


_CONDITION = re.compile(
    r"\s*(?:and|or|where|having|limit)\b(?!.*\b(?:select|from|join|table|identifier)\b)", re.IGNORECASE | re.DOTALL
)


def _is_condition(body: Body) -> bool:
    """Return whether a part of a template is one more condition, which names no relation."""
    if not _says_something(body):
        return True
    texts = [element.text if isinstance(element, Text) else " x " for element in body]
    plain = all(isinstance(element, Text) or (isinstance(element, Hole) and _is_value(element)) for element in body)
    return plain and bool(_CONDITION.match("".join(texts)))


def _is_value(hole: Hole) -> bool:
    return bool(re.match(r"[\w.]+\s*(\||$)", hole.expression))


def _derived(marker: str) -> str:
    """Return a query in brackets: what a card and a definition are in the SQL."""
    return "(select * from " + marker + ")"  # noqa: S608 (it is parsed, never run)


_DBT_CALL = re.compile(r"(?:ref|source)\s*\([^()]*\)")
_DEFINITION = re.compile(r"@\s*([\w-]+)(?:\s+as\s+([\w\"]+))?", re.IGNORECASE)
_SNIPPET = re.compile(r"snippet:\s*(.+)", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w\"$])\d+$")


def _without_last_semicolon(sql: str, dialect: Dialect) -> str:
    if ";" not in sql:
        return sql
    pieces = list(scan(sql, dialect, templated=False))
    texts = [piece.text for piece in pieces]
    for index in range(len(pieces) - 1, -1, -1):
        if pieces[index].kind is PieceKind.CODE and texts[index].strip():
            texts[index] = re.sub(r"[\s;]+$", " ", texts[index])
            break
    return "".join(texts)
