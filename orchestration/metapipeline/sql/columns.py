"""Columns of dbt models that no reader needs.

A column is needed when a query names it, when it decides about the rows of a model (in a join, a filter, a group), or
when a needed column is made of it. A model that nobody reads is an unused model: its columns count as needed.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.manifest import digests_of_readers
from orchestration.metapipeline.graph.nodes import GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.dbt_code import with_relations
from orchestration.metapipeline.sql.dialects import dialect_of
from orchestration.metapipeline.sql.resolution import QueryReads

if TYPE_CHECKING:
    from orchestration.metapipeline.sql.lineage import Lineage

Column = tuple[str, str]
"""Id of a node and the name of a column, as stored."""

_BUILT = frozenset({NodeKind.MODEL, NodeKind.SNAPSHOT})


@dataclass(frozen=True, slots=True)
class Sources:
    """What the columns are found in.

    Args:
        graph: with the queries of `queries`.
        manifest: of the project whose columns are judged, after `dbt compile`: with the compiled SQL of its models.
        queries: of all BI tools.
        definitions: texts of the shared parts of queries.
        columns: id of a node -> its columns as stored, from a catalog; the manifest's are used otherwise.
        place: where dbt runs.
        doubts: why readers may be missing; each is a doubt of every column.
    """

    graph: PlatformGraph
    manifest: Mapping[str, Any]
    queries: Sequence[QueryReads] = ()
    definitions: Sequence[str] = ()
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    place: Place = Place()  # noqa: RUF009 (it is frozen)
    doubts: Sequence[str] = ()


def unused_columns(sources: Sources) -> Found | Withheld:
    """Find the columns of models that no reader needs, by model and column.

    `removable` is True only when it is certain: every reader was followed, none names the column or shows all columns
    with `*`, no gap may mean the model, and nobody outside of the graph may read it. The evidence lists the doubts
    otherwise. The answer is withheld when the SQL of no model can be followed.
    """
    judged = _Judgement(sources)
    if not judged.followed:
        reason = "the SQL of no model can be followed: give it the manifest that `dbt compile` writes"
        return Withheld(FindingKind.UNUSED_COLUMN, reason)
    findings = []
    for model in judged.models():
        unneeded = [column for column in judged.columns[model] if (model, column) not in judged.needed]
        for column in unneeded:
            left = len(unneeded) < len(judged.columns[model])
            findings.append(_finding(judged, model, column, [] if left else ["the model would have no column left"]))
    return Found(tuple(findings))


def _finding(judged: _Judgement, model: str, column: str, more: list[str]) -> Finding:
    doubts = (*more, *judged.doubts(model, column))
    node = judged.sources.graph.by_id[model]
    certain = "" if not doubts else ", but this is not certain"
    return Finding(
        FindingKind.UNUSED_COLUMN,
        model,
        f"{node.name}.{column}",
        f"no text that reads {node.name} needs its column {column}{certain}",
        doubts,
        {"column": column, "digest": judged.digests.get(model), "may_be_read": bool(judged.unknown_readers(model))},
        node.owners,
        removable=not doubts,
    )


class _Judgement:
    """What is known about the columns of one project."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.columns: dict[str, tuple[str, ...]] = {}
        self.needed: set[Column] = set()
        self._dialect = dialect_of(sources.place.dialect)
        self._entries = _entries(sources.manifest)
        self._lineages: dict[str, Lineage] = {}
        self._model_doubts: defaultdict[str, set[str]] = defaultdict(set)
        self._column_doubts: defaultdict[Column, set[str]] = defaultdict(set)
        self._made_of: dict[Column, frozenset[Column]] = {}
        self._of_relation: defaultdict[RelationName, list[str]] = defaultdict(list)
        for node in sources.graph.nodes:
            if node.relation is not None:
                self._of_relation[node.relation].append(node.id)
        self._follow_models()
        self._read_queries()
        self._doubt_other_readers()
        self._doubt_undeclared_readers()
        self._doubt_what_the_manifest_names()
        self._spread()

    def models(self) -> Iterator[str]:
        """List the models whose columns are known and that a followed model or a query reads, sorted."""
        for node in self.sources.graph.nodes:
            entry = self._entries.get(node.id)
            # An ephemeral model has no relation; its columns are those of the SQL of its readers.
            judged = entry and node.kind is NodeKind.MODEL and node.relation and node.id in self.columns
            if judged and self._names_columns.intersection(self._readers(node.id)):
                yield node.id

    @cached_property
    def _names_columns(self) -> frozenset[str]:
        """The readers whose text says which columns they read."""
        return frozenset({*self._lineages, *(query.reader for query in self.sources.queries)})

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """What the judgement of a model rests on, to be compared with the code that is changed."""
        return digests_of_readers(self.sources.manifest)

    @property
    def followed(self) -> bool:
        """Whether the SQL of at least one model was followed."""
        return bool(self._lineages)

    def doubts(self, model: str, column: str) -> list[str]:
        """Return why the column may be needed all the same, or what has to be edited before it can go, sorted."""
        return sorted({*self.unknown_readers(model), *self._column_doubts[model, column]})

    def unknown_readers(self, model: str) -> set[str]:
        """Return why any column of the model may be read, whoever names it."""
        own = set() if model in self._lineages else {"its own SQL is not followed, so its columns may be others"}
        return {*self.sources.doubts, *own, *self._model_doubts[model]}

    # models, from the first to the last

    def _follow_models(self) -> None:
        for node_id in self._in_order():
            node = self.sources.graph.by_id[node_id]
            entry = self._entries.get(node_id, {})
            self.columns[node_id] = self._listed(node_id, entry)
            if node.kind in _BUILT and entry:
                self._follow(node_id, entry)
            if not self.columns[node_id]:
                del self.columns[node_id]

    def _in_order(self) -> Iterable[str]:
        sorter: TopologicalSorter[str] = TopologicalSorter({node.id: () for node in self.sources.graph.nodes})
        for upstream, downstream in self.sources.graph.edges:
            sorter.add(downstream, upstream)
        return sorter.static_order()

    def _listed(self, node_id: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
        if node_id in self.sources.columns:
            return tuple(self.sources.columns[node_id])
        columns = entry.get("columns") or {}
        return tuple(self._dialect.stored(name, quoted=bool((columns[name] or {}).get("quote"))) for name in columns)

    def _follow(self, node_id: str, entry: Mapping[str, Any]) -> None:
        from orchestration.metapipeline.sql.lineage import LineageFault, read_lineage  # noqa: PLC0415 (imports sqlglot)

        try:
            sql = self._sql(node_id, entry)
            known = {
                relation: self.columns[one]
                for upstream in self._upstream(node_id)
                if (relation := self.sources.graph.by_id[upstream].relation) is not None
                for one in self._of_relation[relation]
                if one in self.columns
            }
            lineage = read_lineage(sql, self.sources.place, known)
        except LineageFault as exc:
            for upstream in self._upstream(node_id):
                self._doubt(upstream, f"the SQL of {node_id} is not followed: {exc}")
            return
        self._lineages[node_id] = lineage
        self.columns[node_id] = tuple(lineage.outputs)
        self._take(node_id, lineage)

    def _upstream(self, node_id: str) -> list[str]:
        """List what a model reads; its SQL holds that of ephemeral models."""
        found: list[str] = []
        for upstream in self.sources.graph.reads.get(node_id, ()):
            inside = self.sources.graph.by_id[upstream].relation is None
            found += self._upstream(upstream) if inside else [upstream]
        return found

    def _take(self, node_id: str, lineage: Lineage) -> None:
        for name, made_of in lineage.outputs.items():
            self._made_of[node_id, name] = frozenset(self._columns_of(made_of))
        self.needed.update(self._columns_of(lineage.always))
        for column in self._columns_of(lineage.named):
            self._column_doubts[column].add(f"the SQL of {node_id} names it: remove it there first")
        for relation in lineage.starred:
            for one in self._of_relation[relation]:
                self._doubt(one, f"{node_id} shows all columns with `*`")

    def _columns_of(self, columns: Iterable[tuple[RelationName, str]]) -> Iterator[Column]:
        for relation, name in columns:
            yield from ((node_id, name) for node_id in self._of_relation[relation])

    def _sql(self, node_id: str, entry: Mapping[str, Any]) -> str:
        from orchestration.metapipeline.sql.lineage import LineageFault  # noqa: PLC0415 (imports sqlglot)

        if entry.get("language", "sql") != "sql":
            raise LineageFault(f"it is written in {entry['language']}")
        if compiled := entry.get("compiled_code") or entry.get("compiled_sql"):
            return str(compiled)
        raw = str(entry.get("raw_code") or entry.get("raw_sql") or "")
        read = [self.sources.graph.by_id[one] for one in self.sources.graph.reads.get(node_id, ())]
        sql = with_relations(raw, self._dialect, read)
        if not sql:
            raise LineageFault("the manifest has no compiled SQL and the raw code is no plain SQL: run `dbt compile`")
        return sql

    # queries

    def _read_queries(self) -> None:
        shared = "\n".join(self.sources.definitions)
        for query in self.sources.queries:
            text = f"{query.query.sql}\n{shared}" if "@" in query.query.sql else query.query.sql
            for node_id in query.reads:
                if _STAR.search(text):
                    self._doubt(node_id, f"{query.reader or query.query.id} shows all columns with `*`")
                self.needed.update((node_id, name) for name in _named(text, self.columns.get(node_id, ())))
            for gap in query.gaps:
                self._doubt_gap(gap.kind, gap.reader, gap.candidates)

    def _doubt_gap(self, kind: GapKind, reader: str, candidates: tuple[str, ...]) -> None:
        if candidates:
            for node_id in candidates:
                self._doubt(node_id, f"{reader} may read it ({kind.value})")
        elif kind is GapKind.DYNAMIC:
            for node_id in self._entries:
                self._doubt(node_id, f"{reader} chooses what it reads when it runs")

    # what names no columns

    def _doubt_other_readers(self) -> None:
        for node in self.sources.graph.nodes:
            if node.id in self._names_columns or (node.kind in _BUILT and node.id in self._entries):
                continue
            for upstream in self.sources.graph.reads.get(node.id, ()):
                self._doubt_unless_same(upstream, node.id)

    def _doubt_undeclared_readers(self) -> None:
        """Doubt what the SQL of dbt may read beside the edges; of a node that names it for certain there is an edge."""
        graph = self.sources.graph
        for gap in graph.gaps:
            if gap.kind is not GapKind.UNDECLARED or gap.reader not in graph.by_id:
                self._doubt_gap(gap.kind, gap.reader, gap.candidates)

    def _doubt_unless_same(self, upstream: str, reader: str) -> None:
        """Doubt a model that somebody reads without naming columns; a source of its relation is the model itself."""
        graph = self.sources.graph
        relation = graph.by_id[upstream].relation
        if relation is None or graph.by_id[reader].relation != relation:
            self._doubt(upstream, f"{reader} reads it and names no columns")

    def _doubt_what_the_manifest_names(self) -> None:
        for node_id, entry in self._entries.items():
            config = entry.get("config") or {}
            if "public" in {entry.get("access"), config.get("access")}:
                self._doubt(node_id, "the model is public: other projects may read it")
            if (entry.get("contract") or config.get("contract") or {}).get("enforced"):
                self._doubt(node_id, "its contract is enforced")
            project = (self.sources.manifest.get("metadata") or {}).get("project_name")
            if project and entry.get("package_name", project) != project:
                self._doubt(node_id, f"it belongs to the package {entry['package_name']}")
            self._doubt_named(node_id, json.dumps(config, default=str), "its configuration names it")
        for test_id, test in _tests(self.sources.manifest):
            text = json.dumps([test.get(key) for key in _TEXTS_OF_TEST], default=str)
            for node_id in (test.get("depends_on") or {}).get("nodes") or ():
                self._doubt_named(node_id, text, f"{test_id} names it")

    def _doubt_named(self, node_id: str, text: str, reason: str) -> None:
        for column in _named(text, self.columns.get(node_id, ())):
            self._column_doubts[node_id, column].add(reason)

    def _doubt(self, node_id: str, reason: str) -> None:
        self._model_doubts[node_id].add(reason)

    # from the last columns to the first

    def _spread(self) -> None:
        """Need what a needed column is made of; what another one is made of is named by its SQL or shown with `*`."""
        for node_id in self._lineages:
            if not self._readers(node_id):
                self.needed.update((node_id, name) for name in self.columns[node_id])
        queue = deque(self.needed)
        while queue:
            for column in self._made_of.get(queue.popleft(), ()):
                if column not in self.needed:
                    self.needed.add(column)
                    queue.append(column)

    def _readers(self, node_id: str) -> list[str]:
        """List the readers of a model; a source of the same relation is none, its readers are."""
        graph = self.sources.graph
        relation = graph.by_id[node_id].relation
        ids = {node_id, *(self._of_relation[relation] if relation else ())}
        return sorted({reader for one in ids for reader in graph.readers.get(one, ())} - ids)


_STAR = re.compile(r"(?:\bselect\s+(?:distinct\s+|all\s+|top\s+\d+\s+)?|,\s*|\.)\*", re.IGNORECASE)
_TEXTS_OF_TEST = ("column_name", "test_metadata", "raw_code", "raw_sql", "compiled_code", "given", "expect")


def _named(text: str, columns: Iterable[str]) -> Iterator[str]:
    """List the columns whose name stands in a text, in any case and anywhere."""
    lowered = text.lower()
    words = frozenset(re.findall(r"[^\W\d][\w$]*", lowered))
    for column in columns:
        plain = re.fullmatch(r"[^\W\d][\w$]*", column)
        if column.lower() in (words if plain else lowered):
            yield column


def _entries(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        unique_id: entry
        for section in ("nodes", "sources")
        for unique_id, entry in (manifest.get(section) or {}).items()
        if entry.get("resource_type") in {"model", "snapshot", "seed", "source"}
    }


def _tests(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for section in ("nodes", "unit_tests"):
        for unique_id, entry in (manifest.get(section) or {}).items():
            if entry.get("resource_type") in {"test", "unit_test", "analysis"}:
                yield unique_id, entry
