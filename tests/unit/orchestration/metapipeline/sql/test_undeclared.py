"""Reads that only the SQL of a dbt project shows."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.metapipeline.bi.workspace import Place, Template
from orchestration.metapipeline.graph.manifest import graph_from_manifest
from orchestration.metapipeline.graph.nodes import Gap, GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import warehouse_graph
from orchestration.metapipeline.judging.unused import models_without_consumer
from orchestration.metapipeline.sql.references import References, read_references
from orchestration.metapipeline.sql.undeclared import add_undeclared_reads

Manifest = dict[str, Any]
ORDERS, SHIPS = "model.shop.orders", "model.shop.ships"
READER = "model.shop.reader"


def manifest_of(*entries: Manifest, adapter: str = "snowflake") -> Manifest:
    """Return a manifest of one project that reads nothing through dbt but what `reads` says."""
    nodes = {entry["unique_id"]: entry for entry in entries}
    metadata = {"project_name": "shop", "adapter_type": adapter}
    board = {"resource_type": "exposure", "name": "board", "depends_on": {"nodes": [READER]}}
    return {"metadata": metadata, "nodes": nodes, "exposures": {"exposure.shop.board": board}}


def entry(
    unique_id: str, sql: str = "", relation: str | None = None, reads: tuple[str, ...] = (), **more: object
) -> Manifest:
    kind, *_, name = unique_id.split(".")
    return {
        "unique_id": unique_id,
        "resource_type": kind,
        "name": name,
        "package_name": "shop",
        "relation_name": relation,
        "raw_code": sql,
        "depends_on": {"nodes": list(reads)},
        **more,
    }


def orders() -> Manifest:
    return entry(ORDERS, "select 1 as id", "fleet.harbor.orders")


def reader(sql: str, **more: Any) -> Manifest:
    return entry(READER, sql, "fleet.harbor.reader", **more)


def read(*entries: Manifest, adapter: str = "snowflake") -> PlatformGraph:
    manifest = manifest_of(*entries, adapter=adapter)
    return add_undeclared_reads(warehouse_graph([graph_from_manifest(manifest)]), [manifest])


def said(graph: PlatformGraph) -> list[tuple[GapKind, str, str, tuple[str, ...]]]:
    return [(gap.kind, gap.reader, gap.read, gap.candidates) for gap in graph.gaps]


def gap_of(graph: PlatformGraph) -> Gap:
    assert len(graph.gaps) == 1
    return graph.gaps[0]


def test_a_whole_name_in_the_sql_of_a_used_model_is_a_read() -> None:
    """The named model has a consumer, and the gap says what to write instead."""
    graph = read(orders(), reader("select * from fleet.harbor.orders"))
    assert (ORDERS, READER) in graph.edges
    assert frozenset() == models_without_consumer(graph)
    assert GapKind.UNDECLARED is gap_of(graph).kind
    assert "write {{ ref('orders') }} instead" in gap_of(graph).reason


def test_without_the_text_the_named_model_has_no_consumer() -> None:
    """The edge comes from the SQL alone."""
    assert frozenset({ORDERS}) == models_without_consumer(read(orders(), reader("select 1")))


@pytest.mark.parametrize(
    "sql",
    [
        'select * from "FLEET".HARBOR."ORDERS"',
        "select * from fleet . harbor . orders o",
        "with o as (select * from fleet.harbor.orders) select * from o",
        "{{ config(materialized='table') }} select * from {{ ref('ships') }} join fleet.harbor.orders using (id)",
        "{% if is_incremental() %} select 1 {% else %} select * from FLEET.HARBOR.ORDERS {% endif %}",
        "select (select max(id) from fleet.harbor.orders) as newest",
        "select * from table('fleet.harbor.orders')",
    ],
)
def test_a_whole_name_is_found_wherever_sql_reads(sql: str) -> None:
    """In any case and quoting that means the relation, beside Jinja, in a CTE, in a branch."""
    ships = entry(SHIPS, "select 1 as id", "fleet.harbor.ships")
    assert (ORDERS, READER) in read(orders(), ships, reader(sql, reads=(SHIPS,))).edges


@pytest.mark.parametrize(
    "sql",
    [
        "select * from {{ ref('orders') }} as orders where orders.id > 0",
        "select * from fleet.harbor.reader",
        "select * from fleet.harbor.ships",
        "select 1 -- from fleet.harbor.orders",
        "select 1 {# from fleet.harbor.orders #}",
        "with orders as (select * from fleet.harbor.ships) select * from orders",
        'select * from fleet.harbor."orders"',
        "select harbor.orders from fleet.harbor.ships as harbor",
        "insert into fleet.harbor.orders select 1",
    ],
)
def test_what_dbt_knows_and_what_only_looks_alike_is_no_read(sql: str) -> None:
    """A known relation, itself, a comment, a CTE, another case in quotes, a column, a write."""
    ships = entry(SHIPS, "select 1 as id", "fleet.harbor.ships")
    found = read(orders(), ships, reader(sql, reads=(SHIPS,)))
    assert (ORDERS, READER) not in found.edges
    assert () == found.gaps


def test_a_declared_read_stays_the_only_one() -> None:
    """The compiled SQL names what ref named, directly or through an ephemeral model."""
    inner = entry("model.shop.inner", "select 1", reads=(ORDERS,), config={"materialized": "ephemeral"})
    compiled = "with __dbt__cte__inner as (select * from fleet.harbor.orders) select * from __dbt__cte__inner"
    found = read(orders(), inner, reader("", compiled_code=compiled, reads=("model.shop.inner",)))
    assert () == found.gaps
    assert {(ORDERS, "model.shop.inner"), ("model.shop.inner", READER), (READER, "exposure.shop.board")} == set(
        found.edges
    )


@pytest.mark.parametrize(
    ("sql", "kind", "candidates"),
    [
        ("select * from harbor.orders", GapKind.ASSUMED, (ORDERS,)),
        ("select * from orders", GapKind.AMBIGUOUS, ("model.shop.old_orders", ORDERS)),
        ("select * from elsewhere.harbor.orders", GapKind.ASSUMED, (ORDERS,)),
        ("select * from {{ target.database }}.harbor.orders", GapKind.ASSUMED, (ORDERS,)),
        (
            "select * from fleet.{{ target.schema }}.orders",
            GapKind.AMBIGUOUS,
            ("model.shop.old_orders", ORDERS),
        ),
        ("selec t frm fleet.harbor.orders ((", GapKind.ASSUMED, (ORDERS,)),
        ("select {{ columns_of('fleet.harbor.orders') }} from x", GapKind.ASSUMED, (ORDERS,)),
        (
            "{% set q %}select id from fleet.harbor.orders{% endset %}{% set r = run_query(q) %} select 1",
            GapKind.ASSUMED,
            (ORDERS,),
        ),
    ],
)
def test_a_name_that_is_not_certain_is_a_doubt_of_its_models(
    sql: str, kind: GapKind, candidates: tuple[str, ...]
) -> None:
    """A part is missing, filled in, of another database, or the text is no SQL: no edge, but never silence."""
    old = entry("model.shop.old_orders", "select 1", "fleet.old.orders")
    found = read(orders(), old, reader(sql))
    assert [(kind, READER, candidates)] == [(gap.kind, gap.reader, gap.candidates) for gap in found.gaps]
    assert [(READER, "exposure.shop.board")] == list(found.edges)


def test_a_macro_that_names_a_relation_is_a_doubt() -> None:
    """Which models call it is not followed: whoever removes the model has to change the macro first."""
    manifest = manifest_of(orders(), reader("select 1"))
    text = (
        "{% macro newest(alias) %} {# fleet.harbor.reader #} -- fleet.harbor.reader\n"
        "(select max(id), {{ alias }}.reader from fleet.harbor.orders) {% endmacro %}"
    )
    manifest["macros"] = {
        "macro.shop.newest": {"package_name": "shop", "macro_sql": text},
        "macro.dbt.newest": {"package_name": "dbt", "macro_sql": text},
        "macro.shop.null": None,
    }
    graph = add_undeclared_reads(warehouse_graph([graph_from_manifest(manifest)]), [manifest])
    assert [(GapKind.ASSUMED, "macro.shop.newest", "FLEET.HARBOR.ORDERS", (ORDERS,))] == said(graph)


def test_a_doubt_is_about_what_dbt_builds() -> None:
    """A source is never proposed for removal."""
    manifest = manifest_of(reader("select * from harbor.raw_orders"))
    source = {"resource_type": "source", "name": "o", "relation_name": "fleet.harbor.raw_orders"}
    manifest["sources"] = {"source.shop.app.o": source}
    assert () == add_undeclared_reads(warehouse_graph([graph_from_manifest(manifest)]), [manifest]).gaps


def test_python_names_a_relation_in_a_string() -> None:
    """Python is not parsed: what it names with its schema is a doubt, its comments are none."""
    python = 'def model(dbt, session):\n    return session.table("fleet.harbor.orders")  # not fleet.harbor.ships\n'
    ships = entry(SHIPS, "select 1", "fleet.harbor.ships")
    found = read(orders(), ships, reader(python, language="python"))
    assert [(GapKind.ASSUMED, READER, "FLEET.HARBOR.ORDERS", (ORDERS,))] == said(found)


def test_an_unknown_dialect_leaves_doubts() -> None:
    """The text is searched where it cannot be parsed."""
    found = read(orders(), reader("select * from fleet.harbor.orders"), adapter="glue")
    assert [(GapKind.ASSUMED, READER, "FLEET.HARBOR.ORDERS", (ORDERS,))] == said(found)


def test_postgres_has_one_database() -> None:
    """A schema and a name are whole there."""
    model = entry(ORDERS, "select 1", '"fleet"."harbor"."orders"')
    found = read(model, reader("select * from harbor.orders", database="fleet"), adapter="postgres")
    assert (ORDERS, READER) in found.edges


def test_hooks_of_the_project_and_of_models_read() -> None:
    """A hook that reads nothing through dbt becomes a node; a post-hook is a read of its model."""
    hook = entry("operation.shop.end", "insert into audit.a.b select count(*) from fleet.harbor.orders")
    ships = entry(SHIPS, "select 1", "fleet.harbor.ships")
    configured = {"post-hook": [{"sql": "insert into a.b.c select * from fleet.harbor.ships", "transaction": True}]}
    found = read(orders(), ships, hook, reader("select 1", config=configured))
    assert {(ORDERS, "operation.shop.end"), (SHIPS, READER)} < set(found.edges)
    assert NodeKind.HOOK is found.by_id["operation.shop.end"].kind
    assert frozenset() == models_without_consumer(found)


@pytest.mark.parametrize("kind", ["test", "analysis"])
def test_a_singular_test_and_an_analysis_are_listed_and_no_nodes(kind: str) -> None:
    """They are no consumers, but a removal would break them."""
    found = read(orders(), reader("select 1"), entry(f"{kind}.shop.t", "select * from fleet.harbor.orders"))
    assert [(GapKind.UNDECLARED, f"{kind}.shop.t", "FLEET.HARBOR.ORDERS", (ORDERS,))] == said(found)
    assert frozenset({ORDERS}) == models_without_consumer(found)


def test_a_generic_test_is_not_searched() -> None:
    """Its text is a call of a macro, and dbt knows what it reads."""
    generic = entry("test.shop.unique", "select * from fleet.harbor.orders", test_metadata={"name": "unique"})
    assert () == read(orders(), reader("select 1"), generic).gaps


def test_a_snapshot_reads() -> None:
    """Its SQL is searched like that of a model."""
    snapshot = entry("snapshot.shop.kept", "select * from fleet.harbor.orders", "fleet.snapshots.kept")
    assert (ORDERS, "snapshot.shop.kept") in read(orders(), reader("select 1"), snapshot).edges


def test_a_name_that_closes_a_cycle_is_a_doubt() -> None:
    """A model that names a later model by its relation: the graph stays without cycles, the later model is kept."""
    later = entry(ORDERS, "select 1", "fleet.harbor.orders", reads=(READER,))
    found = read(later, reader("select * from fleet.harbor.orders"))
    assert (ORDERS, READER) not in found.edges
    assert {(GapKind.UNDECLARED, (ORDERS,)), (GapKind.CYCLE, (ORDERS,))} == {
        (gap.kind, gap.candidates) for gap in found.gaps
    }


def test_a_relation_of_a_source_is_read_by_its_name() -> None:
    """The model that writes it is read through the source."""
    manifest = manifest_of(orders(), reader("select * from fleet.harbor.orders"))
    source = {
        "resource_type": "source",
        "name": "o",
        "package_name": "shop",
        "source_name": "app",
        "relation_name": "fleet.harbor.orders",
    }
    manifest["sources"] = {"source.shop.app.o": source}
    graph = add_undeclared_reads(warehouse_graph([graph_from_manifest(manifest)]), [manifest])
    assert {(ORDERS, READER), ("source.shop.app.o", READER)} < set(graph.edges)


def test_a_text_that_names_no_unknown_relation_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aliases, columns and CTEs of the names of relations are common: parsing all of them takes minutes."""
    asked: list[str] = []

    def counted(sql: str, place: Place, template: Template) -> References:
        asked.append(sql)
        return read_references(sql, place, template)

    monkeypatch.setattr("orchestration.metapipeline.sql.undeclared.read_references", counted)
    ships = entry(SHIPS, "select 1", "fleet.harbor.ships")
    quiet = (
        "with orders as (select id, orders, s.orders from {{ ref('ships') }} as s), b as (select * from orders)\n"
        "select orders.id, orders from b join orders using (id)"
    )
    read(orders(), ships, reader(quiet, reads=(SHIPS,)))
    assert [] == asked
    read(orders(), ships, reader("with orders as (select * from orders) select * from orders", reads=(SHIPS,)))
    assert 1 == len(asked)
