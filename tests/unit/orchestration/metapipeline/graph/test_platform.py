from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import dagster as dg
import pytest

from orchestration.metapipeline.bi.workspace import Place, Query, Report, Workspace
from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.graph.assets import AssetFacts, add_assets, facts_of_specs, read_assets
from orchestration.metapipeline.graph.nodes import Gap, GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.paths import ancestors, path_between
from orchestration.metapipeline.graph.platform import (
    Platform,
    QueryReads,
    WorkspaceReads,
    platform_graph,
    query_id,
    report_id,
    use_id,
    warehouse_graph,
)
from orchestration.metapipeline.judging.unused import models_without_consumer
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.usage.evidence import Named, Use
from tests.unit.orchestration.metapipeline.graphs import graph_of, node

AT = datetime(2025, 8, 1, 3, tzinfo=UTC)
TABLE = RelationName.parse("db.s.events")
DBT = graph_of(
    {
        "source.p.raw.events": [],
        "model.p.stg": ["source.p.raw.events"],
        "model.p.mart": ["model.p.stg"],
        "model.p.secret": ["model.p.stg"],
    },
    node("source.p.raw.events", "db.s.events", source_name="raw"),
    node("model.p.stg", "db.s.stg"),
    node("model.p.mart", "db.s.mart"),
    node("model.p.secret", 'db.s."secret"'),
)
ASSETS = (
    AssetFacts("topic", kinds=("kafka",)),
    AssetFacts("landed_hour", deps=("topic",)),
    AssetFacts("ext", deps=("landed_hour",), relation=TABLE),
    AssetFacts("published_hour", deps=("ext", "landed_hour")),
    AssetFacts("stg", "models", deps=("ext", "published_hour"), dbt_unique_id="model.p.stg", owners=("team:x",)),
    AssetFacts("mart", "models", deps=("stg",), dbt_unique_id="model.p.mart"),
    AssetFacts("export", "exports", deps=("mart",), description="to the bank"),
)
BOARD = Query("q1", "r1", "revenue", "select * from mart", Place(database="DB", schema="S"))
LOOSE = Query("q2", None, "", "select 1")
WORKSPACE = Workspace(
    "mode",
    "acme",
    (Report("r1", "Board", "Finance", ("ann@x.io",), created_at=AT, runs=0), Report("r2", "Old", archived=True)),
    (BOARD, LOOSE),
)


def use(named: Named, used: str, deployment: str = "prod", events: int = 1, hours: int = 0) -> Use:
    moment = AT + timedelta(hours=hours)
    return Use("acme", deployment, named, used, events, moment, moment, f"e{hours}")


def platform(*uses: Use) -> Platform:
    warehouse = warehouse_graph([DBT], ASSETS)
    return platform_graph(warehouse, [WorkspaceReads(WORKSPACE, (QueryReads(BOARD, ("model.p.mart",)),))], uses)


def test_the_way_leads_from_the_topic_to_the_report() -> None:
    """Every station is on it: assets, external table, source, models, query and report."""
    assert (
        "asset.topic",
        "asset.landed_hour",
        "asset.ext",
        "source.p.raw.events",
        "model.p.stg",
        "model.p.mart",
        "query.mode.acme.q1",
        "report.mode.acme.r1",
    ) == path_between(platform().graph, "asset.topic", "report.mode.acme.r1")


def test_the_way_is_that_of_the_data_and_has_every_station() -> None:
    """An asset before a model orders their runs, however many others are before it; a shortcut is not the way."""
    graph = graph_of(
        {
            "asset.a": [],
            "asset.gate1": ["asset.a"],
            "asset.gate2": ["asset.gate1"],
            "asset.gate3": ["asset.gate2"],
            "source.p.s": ["asset.a"],
            "model.p.m": ["source.p.s", "asset.gate3"],
            "model.p.n": ["model.p.m", "asset.gate3"],
            "model.p.o": ["model.p.n", "model.p.m"],
        }
    )
    expected = ("asset.a", "source.p.s", "model.p.m", "model.p.n", "model.p.o")
    assert expected == path_between(graph, "asset.a", "model.p.o")
    assert ("asset.gate2", "asset.gate3", "model.p.m") == path_between(graph, "asset.gate2", "model.p.m")


def test_ways_and_ancestors_need_nodes_that_are_there() -> None:
    """No way is an empty one, and a misspelt id is an error."""
    graph = platform().graph
    assert () == path_between(graph, "report.mode.acme.r1", "asset.topic")
    assert ("asset.topic",) == path_between(graph, "asset.topic", "asset.topic")
    assert ("asset.landed_hour", "asset.topic") == ancestors(graph, "asset.ext")
    with pytest.raises(GraphError, match="no node x"):
        path_between(graph, "asset.topic", "x")
    with pytest.raises(GraphError, match="no node x"):
        ancestors(graph, "x")


def test_an_asset_of_dbt_is_its_dbt_node() -> None:
    """The node takes the asset's edges; those that dbt has itself, or by a source, are not doubled."""
    graph = add_assets(DBT, ASSETS)
    assert {"asset.topic", "asset.landed_hour", "asset.ext", "asset.published_hour", "asset.export"} == set(
        graph.of_kind(NodeKind.ASSET)
    )
    stg = graph.by_id["model.p.stg"]
    assert ("stg", "models", ("team:x",)) == (stg.facts["asset_key"], stg.facts["asset_group"], stg.owners)
    assert ("asset.published_hour", "source.p.raw.events") == graph.reads["model.p.stg"]
    assert ("model.p.stg",) == graph.reads["model.p.mart"]
    assert ("model.p.mart",) == graph.reads["asset.export"]
    assert {"key": "export", "group": "exports", "description": "to the bank"} == graph.by_id["asset.export"].facts


def test_a_source_reads_the_asset_of_its_key_or_of_its_relation() -> None:
    """The key wins; a relation that a dbt node has is not that of the asset, too."""
    other = RelationName(("A", "B", "C"))
    by_relation = add_assets(DBT, [AssetFacts("ext", relation=TABLE), AssetFacts("other", relation=other)])
    assert (("asset.ext", "source.p.raw.events"),) == tuple(set(by_relation.edges) - set(DBT.edges))
    assert by_relation.by_id["asset.ext"].relation is None
    assert by_relation.by_id["asset.other"].relation == other
    by_default_key = add_assets(DBT, [AssetFacts("ext", relation=TABLE), AssetFacts("raw/events")])
    assert "asset.raw/events" in by_default_key.reads["source.p.raw.events"]
    assert "asset.ext" not in by_default_key.reads["source.p.raw.events"]
    keyed = node("source.p.raw.events", source_name="raw", meta={"dagster": {"asset_key": ["aws", "ext"]}})
    by_key = add_assets(graph_of({keyed.id: []}, keyed), [AssetFacts("aws/ext")])
    assert (("asset.aws/ext", keyed.id),) == by_key.edges


def test_a_key_without_an_asset_is_a_node_or_a_source() -> None:
    """A dependency of another code location is kept, and a source that no asset is stays the source."""
    graph = add_assets(DBT, [AssetFacts("reader", deps=("elsewhere", "raw/events"))])
    assert ("asset.elsewhere", "source.p.raw.events") == graph.reads["asset.reader"]


def test_assets_of_one_key_are_one() -> None:
    """Another code location may describe an asset as external, with dependencies of its own."""
    here = AssetFacts("export", "exports", deps=("a",), owners=("team:x",), code_location="here")
    graph = add_assets(PlatformGraph((), ()), [AssetFacts("export", deps=("b",)), here])
    assert ("asset.a", "asset.b") == graph.reads["asset.export"]
    export = graph.by_id["asset.export"]
    assert ("exports", ("team:x",), "here") == (export.facts["group"], export.owners, export.project)


def test_an_asset_of_a_dbt_node_that_is_not_there_is_an_asset() -> None:
    """The manifest may be older than the code location."""
    graph = add_assets(DBT, [AssetFacts("new", dbt_unique_id="model.p.new"), AssetFacts("reader", deps=("new",))])
    assert ("asset.new",) == graph.reads["asset.reader"]


def test_an_asset_that_writes_what_it_reads_through_dbt_is_a_gap() -> None:
    """A loop back into a source is no cycle of the graph."""
    graph = add_assets(DBT, [AssetFacts("loop", deps=("stg",), relation=TABLE), ASSETS[4]])
    assert [(GapKind.CYCLE, "source.p.raw.events", "asset.loop")] == [
        (gap.kind, gap.reader, gap.read) for gap in graph.gaps
    ]
    assert ("model.p.stg",) == graph.reads["asset.loop"]


def test_assets_are_read_from_a_code_location() -> None:
    """External assets are there, too; a table name that is no relation is left out."""
    external = dg.AssetSpec("topic", kinds={"kafka"}, metadata={"dagster/table_name": "a.b.c.d"})

    @dg.asset(key=["db", "model"], deps=["topic"], group_name="g", owners=["team:x"], kinds={"dbt"}, description="d",
              metadata={"dbt/unique_id": "model.p.model", "dagster/table_name": "DB.S.model"})  # fmt: skip
    def model() -> None: ...

    repository = dg.Definitions(assets=[external, model]).get_repository_def()
    expected = (
        AssetFacts(
            "db/model",
            "g",
            ("dbt",),
            ("team:x",),
            ("topic",),
            "model.p.model",
            RelationName(("DB", "S", "MODEL")),
            "d",
            "here",
        ),
        AssetFacts("topic", "default", ("kafka",), code_location="here"),
    )
    assert expected == read_assets(repository, "here")
    assert expected[1].key == facts_of_specs([external])[0].key


def test_reports_and_queries_are_nodes_with_their_facts() -> None:
    """What the tool does not say is absent, and 0 is a value."""
    graph = platform().graph
    report = graph.by_id[report_id(WORKSPACE, "r1")]
    assert ("Board", "acme", ("ann@x.io",)) == (report.name, report.project, report.owners)
    assert {
        "tool": "mode",
        "collection": "Finance",
        "created_at": "2025-08-01T03:00:00+00:00",
        "never_run": False,
        "runs": 0,
        "archived": False,
    } == report.facts
    assert graph.by_id["report.mode.acme.r2"].facts["archived"]
    query = graph.by_id[query_id(WORKSPACE, "q1")]
    expected = {"tool": "mode", "report": report.id, "dialect": "snowflake", "database": "DB", "schema": "S"}
    assert expected == query.facts
    assert ("q2", ()) == (graph.by_id["query.mode.acme.q2"].name, graph.readers.get("query.mode.acme.q2", ()))


def test_gaps_of_a_query_are_those_of_its_node() -> None:
    """The reader of a gap is the id in the graph; a query of a report that is not listed is a gap itself."""
    lost = Query("q3", "gone", "", "select")
    workspace = Workspace("mode", "acme", (), (BOARD, lost))
    gap = Gap(GapKind.UNPARSABLE, "q1", "select", "no SQL")
    graph = platform_graph(DBT, [WorkspaceReads(workspace, (QueryReads(BOARD, gaps=(gap,)),))]).graph
    assert {
        (GapKind.UNPARSABLE, "query.mode.acme.q1", "select"),
        (GapKind.MISSING, "report.mode.acme.r1", "query.mode.acme.q1"),
        (GapKind.MISSING, "report.mode.acme.gone", "query.mode.acme.q3"),
    } == {(one.kind, one.reader, one.read) for one in graph.gaps}


def test_two_workspaces_with_the_same_ids_are_apart() -> None:
    """Also when a name has a dot; one workspace twice is refused."""
    reports = (Report("1", "x"),)
    apart = [Workspace("mode", "a", (Report("b.1", "x"),), ()), Workspace("mode", "a.b", reports, ())]
    apart += [Workspace("superset", "a", reports, ()), Workspace("mode", "a", reports, ())]
    assert 4 == len({report_id(one, report.id) for one in apart for report in one.reports})
    with pytest.raises(GraphError, match="same id"):
        platform_graph(DBT, [WorkspaceReads(apart[1]), WorkspaceReads(apart[1])])


def test_uses_are_one_node_for_each_deployment() -> None:
    """By id, by whole relation name in any spelling, or by asset key; other names are counted."""
    matched = [
        use(Named.DBT, "model.p.secret", events=3),
        use(Named.RELATION, "db.S.mart", hours=2),
        use(Named.RELATION, 'DB.s."secret"', "dev"),
        use(Named.ASSET, "stg"),
        use(Named.ASSET, "export", "dev"),
    ]
    unmatched = [
        use(Named.DBT, "model.customer.x"),
        use(Named.DBT, "asset.export"),
        use(Named.RELATION, "mart"),
        use(Named.RELATION, "s.mart"),
        use(Named.RELATION, "db.s.secret"),
        use(Named.RELATION, "a.b.c.d"),
        use(Named.ASSET, "secret"),
    ]
    found = platform(*matched, *unmatched)
    graph = found.graph
    assert sorted(unmatched) == list(found.unmatched)
    assert ("model.p.mart", "model.p.secret", "model.p.stg") == graph.reads[use_id("acme", "prod")]
    assert ("asset.export", "model.p.secret") == graph.reads[use_id("acme", "dev")]
    facts = graph.by_id["use.acme.prod"].facts
    assert (5, AT.isoformat(), (AT + timedelta(hours=2)).isoformat()) == tuple(
        facts[name] for name in ("events", "first_at", "last_at")
    )
    assert {
        "id": "model.p.secret",
        "named": "dbt",
        "name": "model.p.secret",
        "events": 3,
        "last_at": AT.isoformat(),
        "example": "e0",
    } in facts["used"]


def test_a_model_that_only_the_events_know_is_used() -> None:
    """It is unused for every other source of readers."""
    assert {"model.p.secret"} == models_without_consumer(platform().graph)
    assert frozenset() == models_without_consumer(platform(use(Named.DBT, "model.p.secret")).graph)


def test_the_order_of_the_inputs_does_not_matter() -> None:
    """The same platform is the same graph."""
    uses = [use(Named.DBT, "model.p.stg"), use(Named.DBT, "model.p.mart"), use(Named.ASSET, "stg", "dev")]
    assert 1 == len({repr(platform(*order)) for order in permutations(uses)})


def test_nothing_is_an_empty_platform() -> None:
    """Each source is optional."""
    assert Platform(PlatformGraph((), ())) == platform_graph(warehouse_graph([]))
