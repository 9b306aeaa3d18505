from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.metapipeline.bi.workspace import Place, Query
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.columns import Sources, unused_columns
from orchestration.metapipeline.sql.resolution import QueryReads

PLACE = Place("duckdb", "memory", "main")


@dataclass(frozen=True)
class Model:
    """One model of a small project: its SQL, its columns, what it names of what it reads."""

    name: str
    reads: str
    outputs: tuple[tuple[str, tuple[str, ...]], ...]
    filtered: str | None
    stars: bool

    def sql(self, without: frozenset[str] = frozenset()) -> str:
        """Return the SQL without some of the columns."""
        columns = ", ".join(f"{' || '.join(made)} as {name}" for name, made in self.outputs if name not in without)
        where = f" where {self.filtered} <> 'q'" if self.filtered else ""
        if self.stars:
            return f"with base as (select * from {self.reads}) select {columns} from base{where}"  # noqa: S608
        return f"select {columns} from {self.reads}{where}"  # noqa: S608

    def named(self) -> set[str]:
        """Return the columns that the SQL names."""
        return {column for _, made in self.outputs for column in made} | ({self.filtered} if self.filtered else set())


@dataclass(frozen=True)
class Project:
    """Models in order, each reading an earlier one or the source, and queries on them."""

    models: tuple[Model, ...]
    queries: tuple[tuple[str, tuple[str, ...]], ...]

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a relation."""
        found = [[name for name, _ in model.outputs] for model in self.models if model.name == relation]
        return found[0] if found else list("abcd")


@st.composite
def projects(draw: st.DrawFn) -> Project:
    project = Project((), ())
    for index in range(draw(st.integers(2, 5))):
        upstream = draw(
            st.sampled_from([*(model.name for model in project.models[-2:]), *(["s"] if index < 2 else [])])
        )
        column = st.sampled_from(project.columns(upstream))
        names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=4, unique=True))
        outputs = tuple((name, tuple(draw(st.lists(column, min_size=1, max_size=2)))) for name in names)
        filtered = draw(column) if draw(st.integers(0, 2)) == 2 else None
        model = Model(f"m{index}", upstream, outputs, filtered, draw(st.booleans()))
        project = Project((*project.models, model), ())
    queries = []
    for _ in range(draw(st.integers(0, 3))):
        read = draw(st.sampled_from(project.models)).name
        named = draw(st.lists(st.sampled_from(project.columns(read)), min_size=1, max_size=3, unique=True))
        queries.append((read, tuple(named)))
    return Project(project.models, tuple(queries))


def node(name: str, kind: NodeKind = NodeKind.MODEL) -> Node:
    return Node(f"{kind}.p.{name}", kind, name, "p", RelationName(("memory", "main", name)))


def sources_of(project: Project, *, compiled: bool = True) -> Sources:
    queries = [
        QueryReads(
            Query(f"q{index}", None, "", f"select {', '.join(named)} from {read}", PLACE),  # noqa: S608
            (f"model.p.{read}",),
            (),
            reader=f"query.t.w.q{index}",
        )
        for index, (read, named) in enumerate(project.queries)
    ]
    key = {"s": "source.p.s"} | {model.name: f"model.p.{model.name}" for model in project.models}
    edges = {(key[model.reads], key[model.name]) for model in project.models}
    edges |= {(key[query.reads[0].split(".")[-1]], query.reader) for query in queries}
    nodes = [node("s", NodeKind.SOURCE), *(node(model.name) for model in project.models)]
    nodes += [Node(query.reader, NodeKind.QUERY) for query in queries]
    entries: dict[str, Any] = {
        key[model.name]: {"resource_type": "model", "name": model.name, **_code(model, compiled=compiled)}
        for model in project.models
    }
    source = {"resource_type": "source", "columns": {column: {} for column in "abcd"}}
    manifest = {"metadata": {"project_name": "p"}, "nodes": entries, "sources": {"source.p.s": source}}
    return Sources(PlatformGraph(tuple(sorted(nodes)), tuple(sorted(edges))), manifest, queries, place=PLACE)


def _code(model: Model, *, compiled: bool) -> dict[str, str]:
    if compiled:
        return {"compiled_code": model.sql()}
    call = "{{ source('p', 's') }}" if model.reads == "s" else f"{{{{ ref('{model.reads}') }}}}"
    raw = model.sql().replace(f"from {model.reads}", f"from {call}")
    return {"raw_code": "{{ config(materialized='view') }} {# a note #}\n" + raw}


def found(sources: Sources) -> dict[tuple[str, str], tuple[str, ...]]:
    answer = unused_columns(sources)
    assert isinstance(answer, Found)
    assert all(finding.removable is not bool(finding.evidence) for finding in answer.findings)
    return {(one.subject.split(".")[-1], str(one.numbers["column"])): one.evidence for one in answer.findings}


def expected(project: Project) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Compute by brute force which columns nobody needs, and which of them no SQL names."""
    read = {model.reads for model in project.models} | {read for read, _ in project.queries}
    needed = {(read, name) for read, named in project.queries for name in named}
    needed |= {(model.reads, model.filtered) for model in project.models if model.filtered}
    needed |= {(model.name, name) for model in project.models for name, _ in model.outputs if model.name not in read}
    for model in reversed(project.models):
        for name, made in model.outputs:
            needed |= {(model.reads, column) for column in made} if (model.name, name) in needed else set()
    unused = {(model.name, name) for model in project.models for name, _ in model.outputs} - needed
    named = {(model.reads, column) for model in project.models for column in model.named()}
    whole = {model.name for model in project.models if {(model.name, name) for name, _ in model.outputs} <= unused}
    return unused, {column for column in unused - named if column[0] not in whole}


def answers(project: Project, without: set[tuple[str, str]]) -> list[list[tuple[Any, ...]]]:
    """Build the project in DuckDB and run its queries."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table s as select 'a1' a, 'b1' b, 'c1' c, 'd1' d union all select 'q', 'b', 'q', 'd'"
        )
        for model in project.models:
            left_out = frozenset(column for name, column in without if name == model.name)
            connection.execute(f"create view {model.name} as {model.sql(left_out)}")
        terminal = {model.name for model in project.models} - {model.reads for model in project.models}
        texts = [f"select {', '.join(named)} from {read}" for read, named in project.queries]  # noqa: S608
        texts += [f"select count(*) from {name}" for name in sorted(terminal)]  # noqa: S608
        return [sorted(connection.execute(text).fetchall()) for text in texts]


@settings(max_examples=60, deadline=None)
@given(projects())
def test_unused_columns_equal_brute_force(project: Project) -> None:
    """The unused columns and the certain ones are exactly those of the structure the project was drawn from."""
    unused, certain = expected(project)
    answer = found(sources_of(project))
    assert unused == set(answer)
    assert certain == {column for column, doubts in answer.items() if not doubts}


@settings(max_examples=10, deadline=None)
@given(projects())
def test_queries_answer_the_same_without_the_removable_columns(project: Project) -> None:
    """All certain columns go at once, in a real database, and no view and no query breaks or changes."""
    certain = {column for column, doubts in found(sources_of(project)).items() if not doubts}
    assert answers(project, set()) == answers(project, certain)


@settings(max_examples=10, deadline=None)
@given(projects())
def test_raw_code_with_plain_refs_is_enough(project: Project) -> None:
    """`dbt parse` writes no compiled SQL; ref, source, config and comments are put in place here."""
    assert found(sources_of(project)) == found(sources_of(project, compiled=False))


SMALL = Project(
    (
        Model("m0", "s", (("a", ("a",)), ("b", ("b",)), ("c", ("c",))), None, stars=False),
        Model("m1", "m0", (("a", ("a",)), ("d", ("b",))), None, stars=True),
    ),
    (("m1", ("a",)), ("m0", ("a",))),
)


def test_a_column_that_a_reader_names_for_nothing_is_unused_but_not_removable() -> None:
    """m0.b only makes m1.d, which nobody reads: m1 must let it go first. m0.c is named nowhere."""
    assert found(sources_of(SMALL)) == {
        ("m0", "b"): ("the SQL of model.p.m1 names it: remove it there first",),
        ("m0", "c"): (),
        ("m1", "d"): (),
    }


def changed(sources: Sources, **more: Any) -> Sources:
    return Sources(**{name: more.get(name, getattr(sources, name)) for name in Sources.__slots__})


def entry_of(sources: Sources, model: str, **more: Any) -> Sources:
    nodes = {**sources.manifest["nodes"]}
    nodes[model] = {**nodes.get(model, {}), **more}
    return changed(sources, manifest={**sources.manifest, "nodes": nodes})


def query(sql: str, *gaps: Gap) -> QueryReads:
    return QueryReads(Query("x", None, "", sql, PLACE), ("model.p.m0",), gaps, reader="query.t.w.x")


def gap(kind: GapKind, *candidates: str) -> Gap:
    return Gap(kind, "query.t.w.x", "m0", "a reason", candidates)


BASE = sources_of(SMALL)
TEST = {"resource_type": "test", "depends_on": {"nodes": ["model.p.m0"]}, "column_name": "C"}
UNIT = {"resource_type": "unit_test", "depends_on": {"nodes": ["model.p.m0"]}, "given": [{"rows": [{"c": 1}]}]}


@pytest.mark.parametrize(
    ("sources", "doubt"),
    [
        (changed(BASE, queries=[*BASE.queries, query("select * from m0")]), "shows all columns"),
        (changed(BASE, queries=[*BASE.queries, query("select m0.* from m0")]), "shows all columns"),
        (changed(BASE, queries=[*BASE.queries, query("", gap(GapKind.AMBIGUOUS, "model.p.m0"))]), "may read it"),
        (changed(BASE, queries=[*BASE.queries, query("", gap(GapKind.UNPARSABLE, "model.p.m0"))]), "may read it"),
        (changed(BASE, queries=[*BASE.queries, query("", gap(GapKind.DYNAMIC))]), "chooses what it reads"),
        (entry_of(BASE, "model.p.m0", access="public"), "public"),
        (entry_of(BASE, "model.p.m0", contract={"enforced": True}), "contract"),
        (entry_of(BASE, "model.p.m0", config={"unique_key": ["c"]}), "configuration"),
        (entry_of(BASE, "model.p.m0", package_name="other"), "package"),
        (entry_of(BASE, "test.p.t", **TEST), "test.p.t names it"),
        (entry_of(BASE, "unit_test.p.u", **UNIT), "unit_test.p.u names it"),
        (entry_of(BASE, "model.p.m1", language="python"), "written in python"),
        (entry_of(BASE, "model.p.m1", compiled_code="select * from m0"), "shows all columns"),
        (entry_of(BASE, "model.p.m1", compiled_code="select * exclude (a) from m0"), "is not followed"),
        (entry_of(BASE, "model.p.m1", compiled_code="select frm m0 x"), "is not followed"),
    ],
)
def test_a_doubt_keeps_a_column(sources: Sources, doubt: str) -> None:
    """Each doubt is told, and the column is not proposed."""
    assert any(doubt in told for told in found(sources)["m0", "c"])
    [finding] = [one for one in unused_columns(sources).findings if one.name == "m0.c"]  # type: ignore[union-attr]
    only_edited_first = "names it" in doubt or doubt == "configuration"
    assert only_edited_first is not finding.numbers["may_be_read"]


@pytest.mark.parametrize(
    "told",
    [
        Gap(GapKind.ASSUMED, "model.p.m1", "m0", "a part is missing", ("model.p.m0",)),
        Gap(GapKind.UNDECLARED, "test.p.t", "memory.main.m0", "without ref", ("model.p.m0",)),
    ],
)
def test_what_sql_may_read_beside_the_edges_keeps_all_columns(told: Gap) -> None:
    """Which columns it needs is not followed."""
    graph = PlatformGraph(BASE.graph.nodes, BASE.graph.edges, (told,))
    assert any(f"{told.reader} may read it" in one for one in found(changed(BASE, graph=graph))["m0", "c"])


def test_a_partial_reading_makes_every_column_uncertain() -> None:
    """A query that was not read may need it."""
    found_now = found(changed(BASE, doubts=["mode acme: a space is not listed"]))
    assert all("mode acme: a space is not listed" in doubts for doubts in found_now.values())


def test_a_query_that_names_the_column_needs_it() -> None:
    """In any case and anywhere in its text: too much is kept rather than too little."""
    named = changed(BASE, queries=[*BASE.queries, query("select upper(C) from m0")])
    assert ("m0", "c") not in found(named)
    shared = changed(BASE, queries=[*BASE.queries, query("select a from {{ @d }}")], definitions=["select c from m0"])
    assert ("m0", "c") not in found(shared)


def test_an_exposure_keeps_all_columns() -> None:
    """It names no columns; nothing is said about a model that only exposures read."""
    graph = BASE.graph
    board = Node("exposure.p.board", NodeKind.EXPOSURE)
    edges = tuple(sorted((*graph.edges, ("model.p.m0", board.id))))
    found_now = found(changed(BASE, graph=PlatformGraph(tuple(sorted((*graph.nodes, board))), edges)))
    assert found_now["m0", "c"] == ("exposure.p.board reads it and names no columns",)
    only = PlatformGraph(tuple(sorted((*graph.nodes, board))), tuple(sorted((*edges, ("model.p.m1", board.id)))))
    alone = found(changed(BASE, graph=only, queries=[]))
    assert not [column for model, column in alone if model == "m1"]


def test_no_followed_model_is_no_answer() -> None:
    """A manifest without any readable SQL gets no findings, not findings about everything."""
    nodes = {
        name: {**entry, "compiled_code": "", "raw_code": "{{ magic() }}"}
        for name, entry in BASE.manifest["nodes"].items()
    }
    answer = unused_columns(changed(BASE, manifest={**BASE.manifest, "nodes": nodes}))
    assert isinstance(answer, Withheld)
    assert "dbt compile" in answer.reason
