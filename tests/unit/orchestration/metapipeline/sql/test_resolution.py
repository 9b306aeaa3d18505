import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.bi.workspace import Place, Query, Template, Workspace
from orchestration.metapipeline.graph.nodes import GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import WorkspaceReads, platform_graph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.resolution import Catalog, Certainty, resolve_queries

READ, ASSUMED, AMBIGUOUS, OUTSIDE = Certainty.READ, Certainty.ASSUMED, Certainty.AMBIGUOUS, Certainty.OUTSIDE
PLACE = Place("snowflake", "FLEET", "HARBOR")
NOWHERE = Place()


def node(node_id: str, relation: str | None = None, name: str = "", **facts: object) -> Node:
    kind, project, *_, last = node_id.split(".")
    parsed = RelationName.parse(relation) if relation else None
    return Node(node_id, NodeKind(kind), name or last, project, parsed, facts=facts)


def graph_of(*nodes: Node, edges: tuple[tuple[str, str], ...] = ()) -> PlatformGraph:
    return PlatformGraph(tuple(sorted(nodes)), edges)


GRAPH = graph_of(
    node("model.shop.ships", "fleet.harbor.ships"),
    node("model.other.ships", "other.harbor.ships"),
    node("source.shop.app.ships", "raw.app.ships"),
    node("model.shop.stg_calls", "fleet.staging.stg_calls"),
    node("model.shop.dates", "fleet.util.dates"),
    node("source.shop.util.dates", "fleet.util.dates"),
    node("model.shop.rates.v1", "fleet.harbor.rates_v1", "rates", latest_version=2),
    node("model.shop.rates.v2", "fleet.harbor.rates_v2", "rates", latest_version=2),
    node("model.shop.mixed", 'fleet.harbor."Mixed"'),
    node("model.shop.lower", '"fleet".harbor.lower'),
    node("model.shop.helper"),
    node("model.shop.in_public", "fleet..in_public"),
    node("metric.shop.late_ships"),
    node("model.shop.default.view", name="default.view"),
    node("seed.shop.flags", "fleet.harbor.flags"),
)
CATALOG = Catalog.of(GRAPH)


@pytest.mark.parametrize(
    ("name", "place", "certainty", "nodes"),
    [
        ("fleet.harbor.ships", NOWHERE, READ, ["model.shop.ships"]),
        ("harbor.ships", PLACE, READ, ["model.shop.ships"]),
        ("ships", PLACE, READ, ["model.shop.ships"]),
        ("ships", Place("snowflake", "RAW", "APP"), READ, ["source.shop.app.ships"]),
        ("fleet.util.dates", NOWHERE, READ, ["model.shop.dates", "source.shop.util.dates"]),
        ("fleet.harbor.rates_v1", NOWHERE, READ, ["model.shop.rates.v1"]),
        ('fleet.harbor."Mixed"', NOWHERE, READ, ["model.shop.mixed"]),
        ('"fleet".harbor.lower', NOWHERE, READ, ["model.shop.lower"]),
        ("fleet..in_public", NOWHERE, READ, ["model.shop.in_public"]),
        ("fleet.public.in_public", NOWHERE, READ, ["model.shop.in_public"]),
        ("stg_calls", NOWHERE, ASSUMED, ["model.shop.stg_calls"]),
        ("dates", NOWHERE, ASSUMED, ["model.shop.dates", "source.shop.util.dates"]),
        ("ships", Place("snowflake", "RAW"), ASSUMED, ["source.shop.app.ships"]),
        ("in_public", PLACE, ASSUMED, ["model.shop.in_public"]),
        ("ships", NOWHERE, AMBIGUOUS, ["model.other.ships", "model.shop.ships", "source.shop.app.ships"]),
        ("harbor.ships", NOWHERE, AMBIGUOUS, ["model.other.ships", "model.shop.ships"]),
        ("ships", Place("snowflake", None, "HARBOR"), AMBIGUOUS, ["model.other.ships", "model.shop.ships"]),
        ("fleet.ships", NOWHERE, OUTSIDE, []),
        ("fleet.harbor.mixed", NOWHERE, OUTSIDE, []),
        ("fleet.harbor.lower", NOWHERE, OUTSIDE, []),
        ("helper", NOWHERE, OUTSIDE, []),
        ("stg_calls", PLACE, OUTSIDE, []),
        ("in_public", Place("postgres", "FLEET", "HARBOR"), OUTSIDE, []),
        ("snowflake.account_usage.query_history", PLACE, OUTSIDE, []),
    ],
)
def test_a_name_means_the_nodes_of_its_relation(
    name: str, place: Place, certainty: Certainty, nodes: list[str]
) -> None:
    """Only a name with all its parts is read; less is assumed or ambiguous, and never an edge."""
    found = CATALOG.resolve(RelationName.parse(name), place)
    assert (certainty, nodes) == (found.certainty, list(found.nodes))


WORDS = st.sampled_from(["A", "B", "C"])


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=12), WORDS, st.none() | WORDS, st.none() | WORDS)
def test_resolution_equals_a_search_over_all_relations(
    relations: list[tuple[str, str, str]], name: str, database: str | None, schema: str | None
) -> None:
    """Candidates are all relations that differ in no known part; READ needs every part."""
    nodes = [Node(f"model.p.{i}", NodeKind.MODEL, "", "p", RelationName(parts)) for i, parts in enumerate(relations)]
    found = Catalog.of(graph_of(*nodes)).resolve(RelationName((name,)), Place("postgres", database, schema))
    fitting = [
        node
        for node in nodes
        if node.relation
        and all(want in {None, part} for want, part in zip((database, schema, name), node.relation.parts, strict=True))
    ]
    assert sorted(node.id for node in fitting) == list(found.nodes)
    several = len({node.relation for node in fitting}) > 1
    complete = database is not None and schema is not None
    assert found.certainty is (OUTSIDE if not fitting else READ if complete else AMBIGUOUS if several else ASSUMED)


@pytest.mark.parametrize(
    ("name", "certainty", "nodes"),
    [
        ("stg_calls", READ, ["model.shop.stg_calls"]),
        ("flags", READ, ["seed.shop.flags"]),
        ("helper", READ, ["model.shop.helper"]),
        ("shop.ships", READ, ["model.shop.ships"]),
        ("ships", AMBIGUOUS, ["model.other.ships", "model.shop.ships"]),
        ("rates", READ, ["model.shop.rates.v2"]),
        ("rates.v1", READ, ["model.shop.rates.v1"]),
        ("shop.rates.v1", READ, ["model.shop.rates.v1"]),
        ("rates.v3", OUTSIDE, []),
        ("gone", OUTSIDE, []),
        ("default.view", READ, ["model.shop.default.view"]),
    ],
)
def test_a_ref_resolves_by_name(name: str, certainty: Certainty, nodes: list[str]) -> None:
    """A package and a version narrow it; without a version it is the latest one."""
    found = CATALOG.ref(name)
    assert (certainty, nodes) == (found.certainty, list(found.nodes))


def resolve(sql: str, place: Place = PLACE, template: Template = Template.LIQUID) -> dict[str, object]:
    query = Query("7", "1", "late ships", sql, place)
    (found,) = resolve_queries(Workspace("mode", "acme", (), (query,), template), CATALOG)
    assert found.query is query
    assert {"query.mode.acme.7"} >= {gap.reader for gap in found.gaps}
    return {"reads": list(found.reads), "gaps": [(gap.kind, gap.read, list(gap.candidates)) for gap in found.gaps]}


def test_the_reads_of_a_query_are_edges() -> None:
    """Relations outside of the graph are neither edges nor gaps."""
    sql = "select * from ships join util.dates using (i) join snowflake.account_usage.query_history"
    assert resolve(sql) == {
        "reads": ["model.shop.dates", "model.shop.ships", "source.shop.util.dates"],
        "gaps": [],
    }


def test_the_reader_is_the_node_of_the_query() -> None:
    """Also where the name of the workspace has a dot, which the id of a node escapes."""
    workspace = Workspace("mode", "ac.me", (), (Query("7", None, "late ships", "select 1", PLACE),), Template.LIQUID)
    (read,) = resolve_queries(workspace, CATALOG)
    assert read.reader in platform_graph(PlatformGraph((), ()), [WorkspaceReads(workspace)]).graph.by_id


def test_half_names_are_gaps_with_their_candidates() -> None:
    """Nothing is guessed: the reader of the gap sees what it may be."""
    assert resolve("select * from ships join stg_calls", NOWHERE) == {
        "reads": [],
        "gaps": [
            (GapKind.AMBIGUOUS, "SHIPS", ["model.other.ships", "model.shop.ships", "source.shop.app.ships"]),
            (GapKind.ASSUMED, "STG_CALLS", ["model.shop.stg_calls"]),
        ],
    }


def test_a_chosen_relation_is_a_gap_beside_the_reads() -> None:
    """The fixed parts of the name narrow the candidates."""
    assert resolve("select * from harbor.rates_{{ v }} join flags join {{ t }}") == {
        "reads": ["seed.shop.flags"],
        "gaps": [
            (GapKind.DYNAMIC, "harbor.rates_{{ v }}", ["model.shop.rates.v1", "model.shop.rates.v2"]),
            (GapKind.DYNAMIC, "{{ t }}", []),
        ],
    }


def test_a_text_that_is_no_sql_is_a_gap_with_what_it_mentions() -> None:
    """A model that such a text may read is not called unused without a look."""
    found = resolve("select * frm fleet.harbor.\n  FLAGS")
    assert found == {
        "reads": [],
        "gaps": [(GapKind.UNPARSABLE, "select * frm fleet.harbor. FLAGS", ["seed.shop.flags"])],
    }


def test_an_unknown_dialect_is_a_gap_of_its_query() -> None:
    """One odd connection does not end the reading of a workspace."""
    found = resolve("select * from ships", Place("access"))
    assert [kind for kind, *_ in found["gaps"]] == [GapKind.UNPARSABLE]  # type: ignore[attr-defined]


def test_dbt_names_resolve_within_the_projects() -> None:
    """A name of several packages is ambiguous, an unknown one is missing."""
    sql = (
        "select * from {{ ref('stg_calls') }} join {{ source('app', 'ships') }} join {{ ref('ships') }}"
        " join {{ ref('gone') }} join flags"
    )
    assert resolve(sql) == {
        "reads": ["model.shop.stg_calls", "seed.shop.flags", "source.shop.app.ships"],
        "gaps": [
            (GapKind.AMBIGUOUS, "ships", ["model.other.ships", "model.shop.ships"]),
            (GapKind.MISSING, "gone", []),
        ],
    }


def test_the_rest_of_a_dbt_text_that_is_no_sql_is_a_gap() -> None:
    """The names of ref are known, what else it reads is not."""
    found = resolve("select * frm flags where a in {{ ref('stg_calls') }}; select * from {{ ref('stg_calls') }}")
    assert found["reads"] == ["model.shop.stg_calls"]
    assert [gap[0] for gap in found["gaps"]] == [GapKind.UNPARSABLE]  # type: ignore[attr-defined]


def test_a_dbt_metric_is_read() -> None:
    """A metric stands between the query and its models."""
    sql = "{% raw %}select * from {{ metrics.calculate(metric('late_ships')) }}{% endraw %}"
    assert resolve(sql)["reads"] == ["metric.shop.late_ships"]
