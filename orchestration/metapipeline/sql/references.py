"""The relations that one SQL text of a BI tool refers to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestration.metapipeline.bi.workspace import Place, Template
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.dialects import Dialect, dialect_of
from orchestration.metapipeline.sql.templates.conditions import PATHS_MAX
from orchestration.metapipeline.sql.templates.rendering import CHARACTERS_MAX, Markers, Rendered, Renderer, markers_for
from orchestration.metapipeline.sql.templates.scanner import PieceKind, scan
from orchestration.metapipeline.sql.templates.template import TemplateFault, read_template

if TYPE_CHECKING:
    from orchestration.metapipeline.sql.statements.names import Found


class Verdict(StrEnum):
    """What could be read from a text."""

    OK = "ok"
    """Every relation that it reads or writes is known."""
    EMPTY = "empty"
    """It has no statement."""
    NO_RELATION = "no_relation"
    """It has statements, and none reads or writes a relation."""
    DYNAMIC = "dynamic"
    """It chooses a relation when it runs; those that it names itself are known."""
    UNPARSABLE = "unparsable"
    """It, or a part of it, is no SQL; what the rest reads is known."""
    DBT = "dbt"
    """It holds dbt's ref, source or metric, which resolve by name."""


@dataclass(frozen=True, slots=True)
class References:
    """What one text refers to.

    Args:
        verdict: what could be read.
        reads: relations, sorted; a name has as many parts as the text and its USE statements give it.
        writes: relations that the text creates or changes, sorted; temporary ones are none.
        dynamic: expressions that name a relation when the text runs, as written, sorted.
        dbt_refs: names of dbt's ref, sorted; `package.name` with a package, `name.v2` with a version.
        dbt_sources: source and table of dbt's source, sorted.
        dbt_metrics: names of dbt metrics, sorted.
        stages: that it reads or writes, sorted.
        cards: ids of Metabase's saved questions, sorted.
        reason: one sentence when the verdict is not OK; empty otherwise.
        whole: False when a part of the text is no SQL, whatever the verdict.
    """

    verdict: Verdict
    reads: tuple[RelationName, ...] = ()
    writes: tuple[RelationName, ...] = ()
    dynamic: tuple[str, ...] = ()
    dbt_refs: tuple[str, ...] = ()
    dbt_sources: tuple[tuple[str, str], ...] = ()
    dbt_metrics: tuple[str, ...] = ()
    stages: tuple[RelationName, ...] = ()
    cards: tuple[int, ...] = ()
    reason: str = ""
    whole: bool = True


def read_references(
    sql: str, place: Place, template: Template = Template.NONE, definitions: Mapping[str, str] | None = None
) -> References:
    """Read which relations a text refers to; a part that is filled in when it runs never becomes a relation.

    Args:
        sql: as its author wrote it; never executed.
        place: dialect and defaults of the connection.
        template: language around the SQL.
        definitions: name -> text of a shared part.

    Raises:
        DialectError: the dialect of the place is not known.
    """
    dialect = dialect_of(place.dialect)
    if len(sql) > CHARACTERS_MAX:
        reason = f"the text has {len(sql):,} characters; {CHARACTERS_MAX:,} are read"
        return References(Verdict.UNPARSABLE, reason=reason, whole=False)
    template = Template.JINJA if template is Template.NONE and _DBT.search(sql) else template
    text = _Text(sql, place, dialect, template, definitions or {})
    found = _read(text, iterations=2, short=True)
    # Optional conditions may exclude each other, and a loop may make a statement only in one round.
    for iterations in (2, 1):
        if found.verdict is Verdict.UNPARSABLE and _BRANCHES.search(sql):
            found = _read(text, iterations=iterations, short=False)
    return found


@dataclass(frozen=True, slots=True)
class _Text:
    """One text and what is needed to read it."""

    sql: str
    place: Place
    dialect: Dialect
    template: Template
    definitions: Mapping[str, str]


_BRANCHES = re.compile(r"\{%|\[\[|\{\{")


def _read(text: _Text, *, iterations: int, short: bool) -> References:
    markers = markers_for(text.sql, *text.definitions.values())
    renderer = Renderer(text.template, text.dialect, text.definitions, markers, iterations, short)
    try:
        body = read_template(text.sql, text.template, text.dialect)
        rendered, complete = renderer.render_all(body)
    except (TemplateFault, RecursionError) as exc:
        return References(Verdict.UNPARSABLE, reason=_template_reason(exc), whole=False)
    return _merged(rendered, text, markers, complete=complete)


def _tags_with_dbt_names(text: _Text) -> list[str]:
    """List the tags, such as `{% set t = ref('x') %}`, that call ref or source."""
    if text.template is Template.NONE or not _DBT_TAG.search(text.sql):
        return []
    pieces = scan(text.sql, text.dialect, templated=True)
    return [piece.text for piece in pieces if piece.kind is PieceKind.TAG and not piece.commented]


def _template_reason(error: Exception) -> str:
    return (
        f"the template cannot be read: {error}"
        if isinstance(error, TemplateFault)
        else "the template is nested too deeply"
    )


def _merged(rendered: list[Rendered], text: _Text, markers: Markers, *, complete: bool) -> References:
    """Read each SQL that the template can become; all of them together are the references of the text."""
    from orchestration.metapipeline.sql.statements.names import Found  # noqa: PLC0415 (imports sqlglot)
    from orchestration.metapipeline.sql.statements.reading import read_statements  # noqa: PLC0415

    whole = Found()
    readable: set[int] = set()
    failed: set[int] = set()
    lost: list[str] = []
    for one in rendered:
        found = read_statements(one.sql, text.dialect, text.place, markers)
        if found.faults and (("<%" in one.sql and "%>" in one.sql) or "{{" in one.sql or "{%" in one.sql):
            found.faults.insert(0, "the text holds a template that was not filled in")
        if found.faults and len(rendered) > 1:
            # Two branches need not go together: what is no SQL is lost only where no other text has it.
            failed |= one.arms
            lost += found.faults
        else:
            readable |= one.arms
            whole.add(found)
    if lost and (failed - readable or not whole.statements):
        whole.faults += lost
    if not complete:
        whole.faults.append(f"its template has more than {PATHS_MAX} ways to go")
    named = _names_in([*(hole.expression for hole in markers.holes), *_tags_with_dbt_names(text)])
    return _judged(whole, named, empty=not whole.statements and not lost)


def _judged(found: Found, named: _Named, *, empty: bool) -> References:
    verdict, reason = _verdict(found, named, empty=empty)
    return References(
        verdict,
        reads=tuple(sorted(found.reads)),
        writes=tuple(sorted(found.writes)),
        dynamic=tuple(sorted(found.dynamic)),
        dbt_refs=named.refs,
        dbt_sources=named.sources,
        dbt_metrics=named.metrics,
        stages=tuple(sorted(found.stages)),
        cards=named.cards,
        reason=reason,
        whole=not found.faults,
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """What the expressions of the template name without SQL."""

    refs: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]
    cards: tuple[int, ...]


def _verdict(found: Found, named: _Named, *, empty: bool) -> tuple[Verdict, str]:
    faults, dynamic = found.faults, sorted(found.dynamic)
    if named.refs or named.sources or named.metrics:
        more = f"; {faults[0]}" if faults else ""
        return Verdict.DBT, f"the text is dbt's own: its names resolve within the projects{more}"
    if faults:
        return Verdict.UNPARSABLE, faults[0]
    if empty:
        return Verdict.EMPTY, "the text has no statement"
    if dynamic:
        return Verdict.DYNAMIC, f"the text chooses what it reads when it runs: {', '.join(dynamic)}"
    if not (found.reads or found.writes or named.cards):
        return Verdict.NO_RELATION, "the text reads no relation"
    return Verdict.OK, ""


_DBT_TAG = re.compile(r"\b(?:ref|source)\s*\(")
_DBT = re.compile(r"\{\{[^{}]*\b(?:ref|source)\s*\(")
_STRING = r"""\s*['"]([^'"]+)['"]\s*"""
_REF = re.compile(
    rf"(?<![\w.])(?:builtins\.)?ref\s*\({_STRING}(?:,{_STRING})?(?:,\s*(?:v|version)\s*=\s*['\"]?([\w.]+)['\"]?\s*)?\)"
)
_SOURCE = re.compile(rf"(?<![\w.])(?:builtins\.)?source\s*\({_STRING},{_STRING}\)")
_METRICS = re.compile(r"(?:metrics\.calculate|semantic_layer\.query)\s*\((.*)\)", re.DOTALL)
_METRIC = re.compile(rf"(?:metric\s*\(|metrics\s*=\s*\[|,){_STRING}")
_CARD = re.compile(r"#(\d+)(?:-.*)?")


def _names_in(expressions: Iterable[str]) -> _Named:
    refs: set[str] = set()
    sources: set[tuple[str, str]] = set()
    metrics: set[str] = set()
    cards: set[int] = set()
    for expression in expressions:
        for found in _REF.finditer(expression):
            name = ".".join(part for part in (found[1], found[2]) if part)
            refs.add(f"{name}.v{found[3].removeprefix('v')}" if found[3] else name)
        sources.update((found[1], found[2]) for found in _SOURCE.finditer(expression))
        for call in _METRICS.finditer(expression):
            metrics.update(_METRIC.findall(call[1]))
        if card := _CARD.fullmatch(expression):
            cards.add(int(card[1]))
    return _Named(tuple(sorted(refs)), tuple(sorted(sources)), tuple(sorted(metrics)), tuple(sorted(cards)))
