"""Relations that the SQL of a dbt project names without ref or source: reads that its manifest does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orchestration.metapipeline.bi.workspace import Place, Template
from orchestration.metapipeline.errors import DialectError
from orchestration.metapipeline.graph.additions import add_edges
from orchestration.metapipeline.graph.dbt_nodes import mapping, project_of
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.dialects import KNOWN_DIALECTS, dialect_of
from orchestration.metapipeline.sql.mentioned import Mentions
from orchestration.metapipeline.sql.references import References, Verdict, read_references
from orchestration.metapipeline.sql.resolution import Catalog, Certainty, with_schema
from orchestration.metapipeline.sql.templates.scanner import Piece, PieceKind, scan

_WITH_SQL = frozenset({"model", "snapshot", "seed", "operation", "function", "analysis", "test"})
_CODE = ("compiled_code", "compiled_sql", "raw_code", "raw_sql")
_HOOKS = ("pre-hook", "post-hook", "pre_hook", "post_hook")
_DIALECTS = {"sqlserver": "tsql", "synapse": "tsql", "fabric": "tsql"}
_BUILT = frozenset({NodeKind.MODEL, NodeKind.SEED, NodeKind.SNAPSHOT})
_TAGS = (PieceKind.OUTPUT, PieceKind.TAG)
_BLOCK = re.compile(r"\{%-?\s*(?:set\s+\w+|call\b[^%]*)\s*-?%\}(.*?)\{%-?\s*end(?:set|call)\b", re.DOTALL)
_PYTHON_COMMENT = re.compile(r"#[^\n]*")
_ONE_DATABASE = frozenset({"postgres"})
"""Dialects whose queries never leave the database of the connection, which is that of each node."""


@dataclass(frozen=True, slots=True)
class DbtText:
    """One SQL text of a dbt project.

    Args:
        reader: id of its node.
        sql: compiled, or raw with its Jinja.
        place: where it runs; without defaults, as far as dbt does not fix them.
        language: `sql`, `python`, or `macro`.
        declared: ids of the nodes that dbt knows it to read.
    """

    reader: str
    sql: str
    place: Place
    language: str = "sql"
    declared: frozenset[str] = frozenset()


def texts_of(manifest: Mapping[str, Any]) -> Iterator[DbtText]:
    """Yield the texts of models, snapshots, functions, singular tests, analyses, hooks and macros."""
    adapter = str(mapping(manifest.get("metadata")).get("adapter_type") or "snowflake")
    dialect = _DIALECTS.get(adapter, adapter)
    for section in ("nodes", "functions"):
        for unique_id, entry in sorted(mapping(manifest.get(section)).items()):
            if entry.get("resource_type") not in _WITH_SQL or entry.get("test_metadata"):
                continue
            place = Place(dialect, entry.get("database") if dialect in _ONE_DATABASE else None)
            declared = frozenset(mapping(entry.get("depends_on")).get("nodes") or ())
            code = next((str(entry[name]) for name in _CODE if entry.get(name)), "")
            yield DbtText(unique_id, code, place, str(entry.get("language") or "sql"), declared)
            yield from (DbtText(unique_id, hook, place, declared=declared) for hook in _hooks(entry))
    for unique_id, entry in sorted(mapping(manifest.get("macros")).items()):
        if (entry := mapping(entry)).get("package_name") not in {"dbt", f"dbt_{adapter}"}:
            yield DbtText(unique_id, str(entry.get("macro_sql") or ""), Place(dialect), "macro")


def _hooks(entry: Mapping[str, Any]) -> Iterator[str]:
    config = mapping(entry.get("config"))
    for name in _HOOKS:
        found = config.get(name) or ()
        for hook in found if isinstance(found, list) else [found]:
            yield str(mapping(hook).get("sql") or "") if isinstance(hook, Mapping) else str(hook)


def add_undeclared_reads(graph: PlatformGraph, manifests: Iterable[Mapping[str, Any]]) -> PlatformGraph:
    """Add an edge for each relation that the SQL of a dbt node names with all its parts, without ref or source.

    Each one has a gap of the kind UNDECLARED, too. Tests and analyses are no nodes, so theirs have the gap alone. A
    name that lacks a part, or stands in a text that cannot be read, is a gap of the kind ASSUMED or AMBIGUOUS with what
    it may mean. A hook that reads nothing else becomes a node.

    Args:
        graph: of the warehouse, with all projects.
        manifests: of these projects.
    """
    catalog = Catalog.of(graph)
    gaps: set[Gap] = set()
    hooks: dict[str, Node] = {}
    for manifest in manifests:
        found = frozenset(undeclared_reads(graph, manifest, catalog))
        gaps |= found
        for reader in {gap.reader for gap in found if gap.kind is GapKind.UNDECLARED} - graph.by_id.keys():
            entry = mapping(mapping(manifest.get("nodes")).get(reader))
            if entry.get("resource_type") == "operation":
                hooks[reader] = Node(reader, NodeKind.HOOK, str(entry.get("name") or ""), project_of(reader, entry))
    if not gaps:
        return graph
    nodes = tuple(sorted([*graph.nodes, *hooks.values()]))
    wider = PlatformGraph(nodes, graph.edges, tuple(sorted({*graph.gaps, *gaps})))
    edges = (
        (read, gap.reader)
        for gap in gaps
        if gap.kind is GapKind.UNDECLARED and gap.reader in wider.by_id
        for read in gap.candidates
    )
    return add_edges(wider, edges, _cycle)


def _cycle(read: str, reader: str) -> Gap:
    reason = f"the SQL of {reader} names the relation of {read}, which reads {reader}: remove one of the two reads"
    return Gap(GapKind.CYCLE, reader, read, reason, (read,))


def undeclared_reads(graph: PlatformGraph, manifest: Mapping[str, Any], catalog: Catalog) -> Iterator[Gap]:
    """List the relations that the texts of a project name, although its manifest has no edge for them.

    A text is parsed only where it names a relation that it is not known to read.
    """
    mentions = Mentions.of(catalog.relations)
    for text in texts_of(manifest):
        reader = _Reader(graph, catalog, text)
        if reader.unknown(mentions.qualified(text.sql)) or mentions.bare(text.sql) - reader.known_names:
            yield from reader.gaps(mentions)


class _Reader:
    """The reads of one text, without those that dbt knows."""

    def __init__(self, graph: PlatformGraph, catalog: Catalog, text: DbtText) -> None:
        self._graph = graph
        self._catalog = catalog
        self._text = text

    @cached_property
    def _known(self) -> frozenset[RelationName]:
        """The relations that dbt knows the text to read, its own, and those that its ephemeral models read."""
        found: set[RelationName] = set()
        seen = {self._text.reader, *self._text.declared, *self._graph.reads.get(self._text.reader, ())}
        queue = [*seen]
        while queue:
            node = self._graph.by_id.get(queue.pop())
            if node is not None and node.relation is not None:
                found.add(with_schema(node.relation))
            elif node is not None:
                more = set(self._graph.reads.get(node.id, ())) - seen
                seen |= more
                queue += more
        return frozenset(found)

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The last parts of the relations that are known, in lower case."""
        return frozenset(relation.parts[-1].lower() for relation in self._known)

    def unknown(self, relations: Iterable[RelationName]) -> list[RelationName]:
        """List the relations that dbt does not know the text to read, sorted."""
        return sorted(set(relations) - self._known)

    def gaps(self, mentions: Mentions) -> Iterator[Gap]:
        """Yield what the text names; each node once, with its most certain name."""
        references = self._references()
        found = [*self._read(references), *self._chosen(references)]
        found += self._mentioned(mentions, self._without_comments() if not references.whole else self._jinja())
        said: set[str] = set()
        for gap in sorted(found, key=lambda gap: gap.kind is not GapKind.UNDECLARED):
            if not said.issuperset(gap.candidates):
                said.update(gap.candidates)
                yield gap

    def _references(self) -> References:
        if self._text.language != "sql":
            return References(Verdict.UNPARSABLE, whole=False)
        try:
            return read_references(self._text.sql, self._text.place, Template.JINJA)
        except DialectError:
            return References(Verdict.UNPARSABLE, whole=False)

    def _read(self, references: References) -> Iterator[Gap]:
        for name in references.reads:
            resolution = self._catalog.resolve(name, self._text.place)
            if len(name.parts) > 1 or name.parts[-1].lower() not in self.known_names:
                certain = resolution.certainty is Certainty.READ
                nodes = resolution.nodes or self._catalog.elsewhere(name)
                yield from self._gap(str(name), nodes, certain=certain)

    def _chosen(self, references: References) -> Iterator[Gap]:
        for expression in references.dynamic:
            yield from self._gap(expression, self._catalog.matching(expression))

    def _mentioned(self, mentions: Mentions, text: str) -> Iterator[Gap]:
        for relation in self.unknown(mentions.qualified(text)):
            yield from self._gap(str(relation), self._catalog.relations[relation])

    def _gap(self, name: str, nodes: Iterable[str], *, certain: bool = False) -> Iterator[Gap]:
        left = tuple(node for node in nodes if self.unknown([self._relation(node)]))
        if not left or not (certain or any(self._graph.by_id[node].kind in _BUILT for node in left)):
            return
        call = _call_of(self._graph.by_id[left[0]])
        if certain:
            reason = f"its SQL names {name} without ref or source: write {call} instead"
            yield Gap(GapKind.UNDECLARED, self._text.reader, name, reason, left)
            return
        kind = GapKind.ASSUMED if len({self._relation(node) for node in left}) == 1 else GapKind.AMBIGUOUS
        reason = f"its text names {name} without ref or source: write {call} if it means that relation"
        yield Gap(kind, self._text.reader, name, reason, left)

    def _relation(self, node: str) -> RelationName:
        relation = self._graph.by_id[node].relation
        assert relation is not None  # noqa: S101 - the catalog holds nodes with a relation
        return with_schema(relation)

    def _without_comments(self) -> str:
        if self._text.language == "python":
            return _PYTHON_COMMENT.sub("", self._text.sql)
        return "".join(" " if self._is_comment(piece) else piece.text for piece in self._pieces())

    def _jinja(self) -> str:
        """Return what runs while dbt renders the text: expressions, and blocks such as the query of `run_query`."""
        said = [piece.text for piece in self._pieces() if piece.kind in _TAGS and not piece.commented]
        return "\n".join((*said, *_BLOCK.findall(self._without_comments())))

    def _pieces(self) -> Iterator[Piece]:
        known = self._text.place.dialect in KNOWN_DIALECTS
        dialect = dialect_of(self._text.place.dialect if known else "snowflake")
        return scan(self._text.sql, dialect, templated=True)

    @staticmethod
    def _is_comment(piece: Piece) -> bool:
        return piece.commented or piece.kind in (PieceKind.COMMENT, PieceKind.NOTE)


def _call_of(node: Node) -> str:
    if node.kind is NodeKind.SOURCE:
        return f"{{{{ source('{node.facts.get('source_name', '…')}', '{node.name}') }}}}"
    return f"{{{{ ref('{node.name}') }}}}"
