"""Which nodes of the platform graph the queries of a BI tool read. A name that fits several is reported."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from orchestration.metapipeline.bi.workspace import Place, Query, Template, Workspace
from orchestration.metapipeline.errors import DialectError
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import query_id
from orchestration.metapipeline.relations import PARTS_MAX, RelationName
from orchestration.metapipeline.sql.references import References, Verdict, read_references
from orchestration.metapipeline.text import one_line


class Certainty(StrEnum):
    """How sure it is which nodes a name means."""

    READ = "read"
    """Database, schema and name are those of the nodes."""
    ASSUMED = "assumed"
    """A part is missing, and exactly one relation fits: reported, no edge."""
    AMBIGUOUS = "ambiguous"
    """Several fit: reported, no edge."""
    OUTSIDE = "outside"
    """None fits: a relation that no node is."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name means.

    Args:
        nodes: ids, sorted: those that are read, or the candidates; empty when OUTSIDE.
        certainty: of the answer.
    """

    nodes: tuple[str, ...]
    certainty: Certainty


_NOTHING = Resolution((), Certainty.OUTSIDE)
_DBT_KINDS = frozenset({NodeKind.MODEL, NodeKind.SEED, NodeKind.SNAPSHOT})
_NAMED_RELATION = frozenset({*_DBT_KINDS, NodeKind.SOURCE, NodeKind.ASSET})


@dataclass(frozen=True, slots=True)
class Catalog:
    """The relations and the names of the nodes of a platform graph.

    Args:
        relations: with all three parts -> ids of the nodes that are this relation, sorted.
        nodes: by id; what ref, source and metric name.
    """

    relations: Mapping[RelationName, tuple[str, ...]]
    nodes: Mapping[str, Node]
    _by_name: Mapping[str, tuple[RelationName, ...]] = field(default_factory=dict)
    _by_word: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: PlatformGraph) -> Catalog:
        """Build the catalog of a graph."""
        relations: defaultdict[RelationName, list[str]] = defaultdict(list)
        for node in graph.nodes:
            if node.relation is not None and node.kind in _NAMED_RELATION:
                relations[with_schema(node.relation)].append(node.id)
        by_name: defaultdict[str, list[RelationName]] = defaultdict(list)
        by_word: defaultdict[str, list[str]] = defaultdict(list)
        for relation, ids in sorted(relations.items()):
            by_name[relation.parts[-1]].append(relation)
            by_word[relation.parts[-1].lower()] += ids
        return cls(
            {relation: tuple(sorted(ids)) for relation, ids in relations.items()},
            graph.by_id,
            {name: tuple(found) for name, found in by_name.items()},
            {word: tuple(ids) for word, ids in by_word.items()},
        )

    def resolve(self, name: RelationName, place: Place) -> Resolution:
        """Find the nodes that a name in a query means.

        Args:
            name: as `read_references` returns it.
            place: the defaults of the connection complete it.
        """
        whole = name.within(place.database, place.schema)
        if whole is not None:
            if found := self.relations.get(whole):
                return Resolution(found, Certainty.READ)
            if found := self._in_public(name, place):
                return Resolution(found, Certainty.ASSUMED)
        # Without defaults, or beside relations that the manifest names without a database.
        named = self._by_name.get(name.parts[-1], ())
        return self._fitting((one for one in named if whole is None or len(one.parts) < PARTS_MAX), name, place)

    def _in_public(self, name: RelationName, place: Place) -> tuple[str, ...]:
        """Look where Snowflake's default search path looks next for a bare name; the first schema may hold one, too."""
        public = name.within(place.database, "PUBLIC")
        bare = len(name.parts) == 1 and place.dialect == "snowflake"
        return self.relations.get(public, ()) if public and bare else ()

    def _fitting(self, relations: Iterable[RelationName], name: RelationName, place: Place) -> Resolution:
        known = _known_parts(name, place)
        fitting = [relation for relation in relations if _fits(relation, known)]
        nodes = tuple(sorted({node for relation in fitting for node in self.relations[relation]}))
        if not nodes:
            return _NOTHING
        return Resolution(nodes, Certainty.ASSUMED if len(fitting) == 1 else Certainty.AMBIGUOUS)

    def ref(self, name: str) -> Resolution:
        """Find the node of a dbt ref: `name`, `package.name`, either with `.v2`."""
        if whole := self._named(_DBT_KINDS, name, lambda _: True):
            return _one(_of_latest(whole))
        versionless, _, version = name.rpartition(".v") if re.search(r"\.v[\w.]+$", name) else (name, "", "")
        package, _, bare = versionless.rpartition(".")
        found = self._named(_DBT_KINDS, bare, lambda node: not package or node.project == package)
        if version:
            return _one([node for node in found if node.id.endswith(f".v{version}")])
        return _one(_of_latest(found))

    def source(self, source: str, table: str) -> Resolution:
        """Find the node of a dbt source."""
        ending = f".{source}.{table}"
        return _one([node for node in self.nodes.values() if node.kind is NodeKind.SOURCE and node.id.endswith(ending)])

    def metric(self, name: str) -> Resolution:
        """Find the node of a dbt metric."""
        return _one(self._named(frozenset({NodeKind.METRIC}), name, lambda _: True))

    def elsewhere(self, name: RelationName) -> tuple[str, ...]:
        """List the nodes of the schema and the name of a name, whatever their database; sorted."""
        ending = name.parts[-2:]
        named = self._by_name.get(name.parts[-1], ()) if len(ending) > 1 else ()
        return tuple(sorted(node for one in named if one.parts[-2:] == ending for node in self.relations[one]))

    def mentioned(self, text: str) -> tuple[str, ...]:
        """List the nodes whose relation is named like a word of a text that cannot be read; sorted."""
        words = {word.lower() for word in re.findall(r"[^\W\d][\w$]*", text)}
        return tuple(sorted({node for word in words for node in self._by_word.get(word, ())}))

    def matching(self, pattern: str) -> tuple[str, ...]:
        """List the nodes that a name with filled-in parts can mean: all parts that it fixes are theirs; sorted."""
        parts = [_matcher(part) for part in _split_dynamic(pattern)]
        if all(part is None for part in parts) or len(parts) > PARTS_MAX:
            return ()
        found: set[str] = set()
        for relation, ids in self.relations.items():
            ending = relation.parts[-len(parts) :]
            if all(part is None or part.fullmatch(name) for part, name in zip(parts, ending, strict=False)):
                found.update(ids)
        return tuple(sorted(found))

    def _named(self, kinds: frozenset[NodeKind], name: str, fits: Callable[[Node], bool]) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind in kinds and node.name == name and fits(node)]


def with_schema(name: RelationName) -> RelationName:
    """Return a whole name with its schema: an empty one is PUBLIC."""
    return name.within(None, None) or name


def _fits(relation: RelationName, known: tuple[str | None, str | None]) -> bool:
    """Return whether no part that is known on both sides differs."""
    missing = PARTS_MAX - len(relation.parts)
    return all(want in {None, part} for want, part in zip(known[missing:], relation.parts, strict=False))


def _known_parts(name: RelationName, place: Place) -> tuple[str | None, str | None]:
    """Return database and schema as far as the name or the connection gives them."""
    parts = (None,) * (PARTS_MAX - len(name.parts)) + name.parts[:-1]
    database = parts[0] if parts[0] is not None else place.database
    schema = parts[1] if parts[1] is not None else place.schema
    return database, "PUBLIC" if not schema and schema is not None else schema


def _of_latest(versions: list[Node]) -> list[Node]:
    """Choose the latest of several versions of one model; nodes of several projects stay."""
    latest = [node for node in versions if node.id.endswith(f".v{node.facts.get('latest_version')}")]
    return latest if latest and len({node.project for node in versions}) == 1 else versions


def _one(found: list[Node]) -> Resolution:
    ids = tuple(sorted(node.id for node in found))
    if not ids:
        return _NOTHING
    return Resolution(ids, Certainty.READ if len(ids) == 1 else Certainty.AMBIGUOUS)


_FILLED_IN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|[$@]\{.*?\}|\[\[.*?\]\]|\[.*?\]|\$\w+|\*", re.DOTALL)


def _split_dynamic(text: str) -> list[str]:
    """Split a name at the dots that lie outside of what is filled in."""
    return _FILLED_IN.sub("\0", text).split(".")


def _matcher(part: str) -> re.Pattern[str] | None:
    """Return the pattern of a part; None when all of it is filled in."""
    fixed = part.replace("\0", "").strip('"` ')
    if not re.search(r"\w", fixed) or "(" in part:
        return None
    return re.compile(".*".join(re.escape(piece.strip('"` ')) for piece in part.split("\0")), re.IGNORECASE)


# The queries of a workspace


_UNREAD = References(Verdict.EMPTY)


@dataclass(frozen=True, slots=True)
class QueryReads:
    """What one query reads.

    Args:
        query: of the workspace.
        reads: ids of nodes, sorted, each an edge.
        gaps: what is no edge, sorted; their reader is the query's node.
        references: what its text refers to.
        reader: id of the query's node.
    """

    query: Query
    reads: tuple[str, ...]
    gaps: tuple[Gap, ...]
    references: References = _UNREAD
    reader: str = ""


def resolve_queries(workspace: Workspace, catalog: Catalog) -> Iterator[QueryReads]:
    """Read the text of each query and find the nodes that it reads."""
    definitions = tuple(sorted(workspace.definitions.items()))
    for query in workspace.queries:
        try:
            references = _read_once(query.sql, query.place, workspace.template, definitions)
        except DialectError as exc:
            references = References(Verdict.UNPARSABLE, reason=str(exc), whole=False)
        reader = query_id(workspace, query.id)
        reads: set[str] = set()
        gaps = set(_unread(reader, query, references, catalog))
        for name, resolution in ((str(name), catalog.resolve(name, query.place)) for name in references.reads):
            if resolution.certainty is Certainty.READ:
                reads.update(resolution.nodes)
            elif resolution.certainty is not Certainty.OUTSIDE:
                gaps.add(_uncertain(reader, name, resolution))
        for name, resolution in _dbt_resolutions(references, catalog):
            if resolution.certainty is Certainty.READ:
                reads.update(resolution.nodes)
            else:
                gaps.add(_unclear_dbt_name(reader, name, resolution))
        yield QueryReads(query, tuple(sorted(reads)), tuple(sorted(gaps)), references, reader)


@lru_cache(maxsize=20_000)
def _read_once(sql: str, place: Place, template: Template, definitions: tuple[tuple[str, str], ...]) -> References:
    """Read a text once in a process: the graph and the columns need the same references, and parsing is slow."""
    return read_references(sql, place, template, dict(definitions))


def _dbt_resolutions(references: References, catalog: Catalog) -> Iterator[tuple[str, Resolution]]:
    yield from ((name, catalog.ref(name)) for name in references.dbt_refs)
    yield from ((".".join(pair), catalog.source(*pair)) for pair in references.dbt_sources)
    yield from ((name, catalog.metric(name)) for name in references.dbt_metrics)


def _unclear_dbt_name(reader: str, name: str, resolution: Resolution) -> Gap:
    if not resolution.nodes:
        return Gap(GapKind.MISSING, reader, name, "no dbt project has this name: correct it in the query")
    reason = f"{len(resolution.nodes)} nodes of dbt have this name: give ref its package or its version"
    return Gap(GapKind.AMBIGUOUS, reader, name, reason, resolution.nodes)


def _uncertain(reader: str, name: str, resolution: Resolution) -> Gap:
    if resolution.certainty is Certainty.ASSUMED:
        reason = f"{name} lacks a database or a schema and fits one relation: give the connection its defaults"
        return Gap(GapKind.ASSUMED, reader, name, reason, resolution.nodes)
    reason = f"{name} fits {len(resolution.nodes)} nodes: name its database and schema in the query"
    return Gap(GapKind.AMBIGUOUS, reader, name, reason, resolution.nodes)


EXCERPT_CHARACTERS_MAX = 120


def _unread(reader: str, query: Query, references: References, catalog: Catalog) -> Iterator[Gap]:
    """Report what a text may read beyond its references."""
    for expression in references.dynamic:
        reason = "the query chooses this relation when it runs: name it in the text, or list it as an exposure"
        yield Gap(GapKind.DYNAMIC, reader, expression, reason, catalog.matching(expression))
    if not references.whole:
        excerpt = one_line(query.sql[: 2 * EXCERPT_CHARACTERS_MAX])[:EXCERPT_CHARACTERS_MAX]
        reason = f"{references.reason}: correct the query, or list what it reads as an exposure"
        yield Gap(GapKind.UNPARSABLE, reader, excerpt, reason, catalog.mentioned(query.sql))
