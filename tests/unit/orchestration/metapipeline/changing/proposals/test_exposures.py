from __future__ import annotations

from datetime import date

import pytest

from orchestration.metapipeline.changing.proposals.exposures import exposures_plan
from orchestration.metapipeline.changing.proposals.steps import Plan, apply_steps
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import load
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from tests.fakes.dbt_parser import project_of

TODAY = date(2026, 11, 30)
PATH = "models/hourglass_exposures.yml"
FILES = {"models/a.sql": "select 1", "models/b.sql": "select 1", "models/m.yml": "models:\n- name: a\n"}
URL = "https://bi.example.com/r/1"


def report(number: int, name: str, *, owner: str = "", **facts: object) -> Node:
    return Node(f"report.mode.acme.{number}", NodeKind.REPORT, name, owners=(owner,) if owner else (), facts=facts)


def graph_of(*reports: Node, reads: str = "a") -> PlatformGraph:
    """Each report has one query, which reads one model."""
    queries = [Node(f"query.mode.acme.{node.id[-1]}", NodeKind.QUERY) for node in reports]
    model = Node(f"model.shop.{reads}", NodeKind.MODEL)
    edges = [(model.id, query.id) for query in queries]
    edges += [(query.id, node.id) for query, node in zip(queries, reports, strict=True)]
    return PlatformGraph(tuple(sorted([model, *queries, *reports])), tuple(sorted(edges)))


def planned(graph: PlatformGraph, files: dict[str, str] | None = None) -> Plan | None:
    return exposures_plan(project_of(FILES | (files or {})), graph, PATH, TODAY)


def written(graph: PlatformGraph, files: dict[str, str] | None = None) -> str:
    plan = planned(graph, files)
    assert plan is not None
    return apply_steps(FILES | (files or {}), plan.steps)[PATH] or ""


def test_a_report_becomes_an_exposure() -> None:
    text = written(graph_of(report(1, "Weekly Sales", owner="bi@example.com", url=URL)))

    assert [
        {
            "name": "weekly_sales",
            "label": "Weekly Sales",
            "type": "dashboard",
            "url": URL,
            "owner": {"email": "bi@example.com"},
            "config": {"meta": {"hourglass_report": "report.mode.acme.1"}},
            "depends_on": ["ref('a')"],
        }
    ] == load(text)["exposures"]


def test_no_difference_is_no_plan() -> None:
    graph = graph_of(report(1, "Sales"), report(2, "Costs"))

    assert planned(graph, {PATH: written(graph)}) is None


def test_a_new_report_changes_no_line_of_the_others() -> None:
    before = written(graph_of(report(2, "Sales")))
    after = written(graph_of(report(1, "Sales"), report(2, "Sales")), {PATH: before})

    assert after.startswith(before.rstrip("\n"))
    assert ["sales", "sales"] == [entry["name"][:5] for entry in load(after)["exposures"]]
    assert 2 == len({entry["name"] for entry in load(after)["exposures"]})


def test_a_renamed_report_keeps_the_name_of_its_exposure() -> None:
    """Readers of dbt's documentation link to it."""
    before = written(graph_of(report(1, "Sales")))
    entry = load(written(graph_of(report(1, "Revenue")), {PATH: before}))["exposures"][0]

    assert ("sales", "Revenue") == (entry["name"], entry["label"])


@pytest.mark.parametrize(
    "now", [graph_of(report(2, "Costs")), graph_of(report(1, "Sales", archived=True), report(2, "Costs"))]
)
def test_an_archived_report_leaves(now: PlatformGraph) -> None:
    before = written(graph_of(report(1, "Sales"), report(2, "Costs")))

    assert ["costs"] == [entry["name"] for entry in load(written(now, {PATH: before}))["exposures"]]


HAND_WRITTEN = """\
exposures:
  # ours by hand
  - name: sales   # keep
    type: dashboard
    owner: {name: x}
    depends_on: [ref('b')]
"""


@pytest.mark.parametrize(
    "entry",
    ["name: sales", f"name: x\n  url: {URL}/", "name: x\n  label: SALES"],
)
def test_a_report_that_a_person_described_gets_no_second_exposure(entry: str) -> None:
    other = {"models/e.yml": f"exposures:\n- {entry}\n  type: dashboard\n  owner: {{name: x}}\n"}

    assert planned(graph_of(report(1, "Sales", url=URL)), other) is None


def test_entries_of_people_in_our_file_keep_every_character() -> None:
    before = {PATH: HAND_WRITTEN}
    one = written(graph_of(report(1, "Sales"), report(2, "Costs")), before)
    none = written(graph_of(report(3, "Nothing", archived=True)), {PATH: one})

    assert one.startswith(HAND_WRITTEN.rstrip("\n"))
    assert ["sales", "costs"] == [entry["name"] for entry in load(one)["exposures"]]
    assert HAND_WRITTEN.rstrip() == none.rstrip()


def test_an_empty_graph_removes_nothing() -> None:
    """A BI tool that did not answer is no proof that its reports are gone."""
    before = written(graph_of(report(1, "Sales")))

    with pytest.raises(ProposalError, match="no report"):
        planned(graph_of(), {PATH: before})


def test_a_report_that_reads_nothing_of_the_project_is_no_exposure() -> None:
    assert planned(graph_of(report(1, "Sales"), reads="elsewhere")) is None


@pytest.mark.parametrize(
    "name", ["{{ env_var('TOKEN') }}", "x: [y] # z", "a\nb: c", "日本", "", '"; drop', "1 %} {% do"]
)
def test_hostile_names_are_text(name: str) -> None:
    """No Jinja for dbt, no structure for YAML, and a name that dbt accepts."""
    entry = load(written(graph_of(report(1, name, owner="x\n{%", url="javascript:alert(1)"))))["exposures"][0]

    assert entry["name"].isidentifier()
    assert entry["name"].isascii()
    assert not any(mark in str(entry) for mark in ("{{", "{%", "{#", "\n"))
    assert "url" not in entry


def test_versions_packages_and_sources_are_named_as_dbt_wants_them() -> None:
    project = project_of(FILES)
    nodes = {
        "model.shop.a.v2": {"resource_type": "model", "package_name": "shop", "name": "a", "version": 2},
        "model.other.c": {"resource_type": "model", "package_name": "other", "name": "c"},
    }
    project.manifest["nodes"].update(nodes)
    project.manifest["sources"]["source.shop.raw.t"] = {"source_name": "raw", "name": "t"}
    sales = report(1, "Sales")
    read = [
        Node("model.shop.a.v2", NodeKind.MODEL),
        Node("model.other.c", NodeKind.MODEL),
        Node("source.shop.raw.t", NodeKind.SOURCE),
    ]
    graph = PlatformGraph(tuple(sorted([sales, *read])), tuple(sorted((node.id, sales.id) for node in read)))

    plan = exposures_plan(project, graph, PATH, TODAY)

    assert plan is not None
    calls = load(apply_steps(FILES, plan.steps)[PATH] or "")["exposures"][0]["depends_on"]
    assert ["ref('a', v=2)", "ref('other', 'c')", "source('raw', 't')"] == calls
