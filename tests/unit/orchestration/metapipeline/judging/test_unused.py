from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.metapipeline.errors import ConsumerError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.judging.unused import UnusedRules, find_unused, models_without_consumer
from orchestration.metapipeline.usage.evidence import Window
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, StepOf
from tests.unit.orchestration.metapipeline.graphs import graph_of, node, random_platform

HOUR = datetime(2025, 8, 1, 3, tzinfo=UTC)
ANY_SHARE = UnusedRules(plausible_share=1)
PARENTS = {
    "source.p.raw": [],
    "model.p.stg": ["source.p.raw"],
    "model.p.billing": ["model.p.stg"],
    "model.p.old": ["model.p.stg"],
    "model.p.older": ["model.p.old"],
    "exposure.p.invoices": ["model.p.billing"],
}
PROJECT = graph_of(PARENTS)


def run_of(model: str, seconds: float | None, state: RunState = RunState.SUCCEEDED) -> ModelRun:
    return ModelRun(StepOf("acme", "prod", None, "run", "step"), model, state, (HOUR,), seconds)


RUNS = [run_of("model.p.stg", 9)]


def found(graph: PlatformGraph, **more: Any) -> dict[str, Finding]:
    answer = find_unused(graph, RUNS, ANY_SHARE, **more)
    assert isinstance(answer, Found)
    return {finding.subject: finding for finding in answer.findings}


def reachable(edges: Iterable[tuple[str, str]], start: str) -> set[str]:
    """Follow the edges until no new node is found: slow, but obviously right."""
    reached = {start}
    while more := {b for a, b in edges if a in reached} - reached:
        reached |= more
    return reached


def consumes(one: Node) -> bool:
    """Return whether a node is a consumer, by the words of the rule."""
    facts = one.facts
    return {
        NodeKind.REPORT: not facts.get("archived"),
        NodeKind.ASSET: facts.get("group") != "metapipeline",
        NodeKind.MODEL: facts.get("access") == "public" or "time_spine" in facts,
    }.get(one.kind, one.kind.value in ["exposure", "use", "metric", "semantic_model", "saved_query", "hook"])


@settings(max_examples=150)
@given(seed=st.integers(0, 1_000_000))
def test_unused_is_what_brute_force_finds(seed: int) -> None:
    """A model is unused when no path from it ends at a consumer, over nodes of every kind and shared relations."""
    random = Random(seed)  # noqa: S311 (graphs, not secrets)
    parents, described = random_platform(random, random.randint(1, 30))
    graph = graph_of(parents, *described)
    chosen = frozenset(random.sample(sorted(parents), random.randint(0, min(2, len(parents)))))
    ends = chosen | {one.id for one in described if consumes(one)}
    written = [one for one in described if one.kind in (NodeKind.MODEL, NodeKind.SEED)]
    edges = list(graph.edges)
    for writer, source in sorted((a.id, b.id) for a in written for b in described if b.kind is NodeKind.SOURCE):
        same = graph.by_id[writer].relation == graph.by_id[source].relation
        if same and writer not in reachable(edges, source):
            edges.append((writer, source))
    expected = {one.id for one in described if one.kind is NodeKind.MODEL and not reachable(edges, one.id) & ends}
    assert expected == models_without_consumer(graph, chosen)


def test_an_unused_model_is_no_consumer() -> None:
    """A model that only unused models read is unused, too."""
    assert {"model.p.old", "model.p.older"} == models_without_consumer(PROJECT)


def test_a_configured_consumer_saves_what_it_reads() -> None:
    """A consumer that no source of readers knows is configured by its id."""
    assert frozenset() == models_without_consumer(PROJECT, frozenset({"model.p.older"}))


def test_a_consumer_that_is_not_in_the_graph_is_refused() -> None:
    """A misspelt consumer must not make models look unused."""
    with pytest.raises(ConsumerError, match=r"model\.p\.typo"):
        models_without_consumer(PROJECT, frozenset({"model.p.typo"}))


@pytest.mark.parametrize(
    "reader",
    [
        "exposure.p.board",
        "report.mode.w.1",
        "use.acme.prod",
        "asset.export",
        "metric.p.revenue",
        "semantic_model.p.orders",
        "saved_query.p.daily",
        "operation.p.p-on-run-end-0",
    ],
)
def test_what_a_consumer_reads_is_used(reader: str) -> None:
    """The semantic layer and the hooks need what they read, although nobody is seen to read them."""
    graph = graph_of({**PARENTS, "model.p.x": [], "model.p.y": ["model.p.x"], reader: ["model.p.y"]})
    assert {"model.p.old", "model.p.older"} == models_without_consumer(graph)


@pytest.mark.parametrize(
    "kept",
    [
        node("model.p.x", access="public"),
        node("model.p.x", time_spine={"standard_granularity_column": "day"}),
        node("model.p.metricflow_time_spine"),
    ],
)
def test_a_model_with_readers_that_no_manifest_names_is_used(kept: Node) -> None:
    """A public model is there for other projects, a time spine for the semantic layer."""
    graph = graph_of({**PARENTS, "model.p.x": ["model.p.y"], "model.p.y": [], kept.id: ["model.p.y"]}, kept)
    assert {"model.p.y", kept.id}.isdisjoint(models_without_consumer(graph))


@pytest.mark.parametrize(
    "reader",
    [
        node("report.mode.w.1", archived=True),
        node("asset.model_runs", group="metapipeline"),
        node("snapshot.p.history"),
        node("query.mode.w.q1"),
    ],
)
def test_who_is_no_consumer_leaves_a_model_unused(reader: Node) -> None:
    """An archived report, an asset of the metapipeline, a snapshot and a query without a report use nothing."""
    graph = graph_of({**PARENTS, "model.p.x": [], reader.id: ["model.p.x"]}, reader)
    assert "model.p.x" in models_without_consumer(graph)


def test_who_reads_a_source_reads_the_model_of_the_same_relation() -> None:
    """The relation has two nodes; quoting and case decide whether it is the same."""
    graph = graph_of(
        {"model.p.dates": [], "model.p.Dates": [], "source.p.util.dates": [], "exposure.p.e": ["source.p.util.dates"]},
        node("model.p.dates", "a.util.dates"),
        node("model.p.Dates", 'a.util."dates"'),
        node("source.p.util.dates", "A.UTIL.DATES"),
    )
    assert {"model.p.Dates"} == models_without_consumer(graph)


def test_the_costliest_unused_model_comes_first_with_its_runs() -> None:
    """A model that no event names has unknown runs, not zero runs."""
    runs = [run_of("model.p.older", 4.0), run_of("model.p.older", None, RunState.UNFINISHED), run_of("model.p.stg", 9)]
    answer = find_unused(PROJECT, runs, ANY_SHARE)
    assert isinstance(answer, Found)
    assert [("model.p.older", 2, 4.0, 0), ("model.p.old", None, None, 1)] == [
        (one.subject, one.numbers["runs"], one.numbers["seconds"], one.numbers["readers"]) for one in answer.findings
    ]
    older, old = answer.findings
    assert "Nothing reads it." in older.evidence
    assert "Runs shown by events: 2, with 4 seconds." in older.evidence
    assert "Only nodes without a consumer read it: model.p.older." in old.evidence
    assert "These consumers do not lead to it: exposure 1." in old.evidence


def test_the_order_of_runs_does_not_matter() -> None:
    """The answer is a function of the set of runs."""
    runs = [run_of("model.p.older", 4.0), run_of("model.p.old", 5.0), run_of("model.p.stg", 9)]
    answers = [find_unused(PROJECT, order, ANY_SHARE) for order in permutations(runs)]
    assert all(answers[0] == answer for answer in answers)


def test_a_finding_names_the_version_and_the_owners() -> None:
    """Two versions of a model have one name; owners are those of the node."""
    owned = Node("model.p.shared.v2", NodeKind.MODEL, "shared", "p", None, ("a@x.io",), {"version": 2, "tests": ["t"]})
    finding = found(graph_of({**PARENTS, owned.id: []}, owned))[owned.id]
    assert ("shared v2", ("a@x.io",)) == (finding.name, finding.owners)
    assert "A test is no consumer: t." in finding.evidence


@pytest.mark.parametrize(
    ("described", "said"),
    [
        (node("model.p.x", origin="package"), "package p"),
        (node("model.p.x", origin="other_project"), "project p"),
        (node("model.p.x", origin="unknown"), "does not name its project"),
    ],
)
def test_a_model_of_somebody_else_is_marked(described: Node, said: str) -> None:
    """It is listed, with the reason why it cannot be removed here; what it reads cannot be removed either."""
    findings = found(graph_of({**PARENTS, "model.p.x": ["model.p.y"], "model.p.y": []}, described))
    assert [False, False] == [findings[name].removable for name in ("model.p.x", "model.p.y")]
    assert said in findings["model.p.x"].evidence[-1]
    assert "model.p.x stays and reads it" in findings["model.p.y"].evidence[-1]
    assert findings["model.p.older"].removable


@pytest.mark.parametrize("reader", ["snapshot.p.history", "query.mode.w.saved", "asset.model_runs", "function.p.f"])
def test_what_something_else_than_a_model_reads_is_not_removable(reader: str) -> None:
    """Its removal would break a snapshot, a saved query, an asset or a function, none of which is a consumer."""
    parents = {**PARENTS, "model.p.x": [], "model.p.y": ["model.p.x"], reader: ["model.p.y"]}
    graph = graph_of(parents, node(reader, group="metapipeline"))
    findings = found(graph)
    assert {"model.p.x", "model.p.y"} == {name for name, one in findings.items() if not one.removable}
    assert f"{reader} stays and reads it" in findings["model.p.x"].evidence[-1]


def test_what_only_an_archived_report_reads_is_removable() -> None:
    """The query of an archived report goes with it."""
    graph = graph_of(
        {**PARENTS, "query.mode.w.q": ["model.p.older"], "report.mode.w.r": ["query.mode.w.q"]},
        node("report.mode.w.r", archived=True),
    )
    assert found(graph)["model.p.older"].removable


@pytest.mark.parametrize(
    ("gap", "marked"),
    [
        (Gap(GapKind.AMBIGUOUS, "query.q", "OLD", "two fit", ("model.p.old", "model.p.stg")), {"model.p.old"}),
        (Gap(GapKind.AMBIGUOUS, "query.q", "OLDER", "two fit", ("model.p.older",)), {"model.p.old", "model.p.older"}),
        (Gap(GapKind.UNPARSABLE, "query.q", "selec * fro p.OLD where", "no SQL"), {"model.p.old"}),
        (Gap(GapKind.DYNAMIC, "query.q", "identifier($t)", "chosen later"), set()),
        (Gap(GapKind.AMBIGUOUS, "query.archived", "OLD", "two fit", ("model.p.old",)), set()),
        (Gap(GapKind.ASSUMED, "model.p.billing", "S.OLD", "one fits", ("model.p.old",)), {"model.p.old"}),
        (Gap(GapKind.UNDECLARED, "test.p.t", "D.S.OLD", "without ref", ("model.p.old",)), {"model.p.old"}),
    ],
)
def test_what_a_query_may_read_is_marked(gap: Gap, marked: set[str]) -> None:
    """An ambiguous name or an unreadable text is no edge, and no proof that a model is unused either."""
    readers = {"query.q": [], "report.r": ["query.q"], "query.archived": [], "report.a": ["query.archived"]}
    graph = graph_of({**PARENTS, **readers}, node("report.a", archived=True), gaps=[gap])
    assert marked == {name for name, finding in found(graph).items() if not finding.removable}


def test_an_unused_reader_that_names_a_model_without_ref_is_evidence() -> None:
    """The manifest does not know it, so people have to."""
    gap = Gap(GapKind.UNDECLARED, "model.p.old", "D.S.X", "without ref", ("model.p.x",))
    findings = found(graph_of({**PARENTS, "model.p.x": [], "model.p.old": ["model.p.x"]}, gaps=[gap]))
    assert "These name it in SQL without ref: model.p.old." in findings["model.p.x"].evidence
    assert findings["model.p.x"].removable


def test_days_are_said_only_for_a_sealed_window() -> None:
    """The reason has the window of the evidence."""
    window = Window(HOUR - timedelta(days=90), HOUR)
    finding = found(PROJECT, window=window)["model.p.old"]
    assert "no event of the 90 days before 2025-08-01 shows a use" in finding.reason
    assert finding.numbers["window_days"] == 90
    assert "days" not in found(PROJECT)["model.p.old"].reason


def withheld(graph: PlatformGraph, runs: Iterable[ModelRun], rules: UnusedRules = ANY_SHARE, **more: Any) -> str:
    answer = find_unused(graph, runs, rules, **more)
    assert isinstance(answer, Withheld)
    assert answer.kind is FindingKind.UNUSED_MODEL
    return answer.reason


def test_an_hour_that_is_not_sealed_withholds_the_answer() -> None:
    """A use may be in it; the first five hours are named, with their number."""
    hours = tuple(HOUR + timedelta(hours=number) for number in range(7))
    reason = withheld(PROJECT, RUNS, window=Window(HOUR, HOUR + timedelta(days=1), hours))
    assert "unknown, because 7 hours of the window are not sealed: 2025-08-01T03, " in reason
    assert "2025-08-01T07 and 2 more" in reason


def test_without_events_of_this_graph_the_answer_is_withheld() -> None:
    """An empty table of events, or one of other projects, looks the same as a project without users."""
    assert "publish hours first" in withheld(PROJECT, [])
    assert "publish hours first" in withheld(PROJECT, [run_of("model.customer.x", 3)])


def test_without_a_consumer_that_reads_a_model_the_answer_is_withheld() -> None:
    """A missing file of exposures, and exposures that depend on nothing, look the same as models without readers."""
    graph = graph_of({"model.p.stg": [], "source.p.s": []})
    assert "has no consumer" in withheld(graph, RUNS)
    assert Found(()) == find_unused(graph, RUNS, UnusedRules(frozenset({"model.p.stg"})))
    for reads in ([], ["source.p.s"]):
        empty = graph_of({"model.p.stg": [], "source.p.s": [], "exposure.p.e": reads, "exposure.p.f": []})
        assert "none of the 2 consumers reads a model" in withheld(empty, RUNS)


def test_public_models_are_no_consumers_that_carry_an_answer() -> None:
    """They count as read, but nobody is seen to read anything."""
    graph = graph_of({"model.p.stg": [], "model.p.x": []}, node("model.p.stg", access="public"))
    assert "has no consumer" in withheld(graph, RUNS)


def test_an_empty_graph_is_withheld() -> None:
    """Without a graph there is no answer."""
    assert "has no consumer" in withheld(PlatformGraph((), ()), RUNS)


def test_more_unused_models_than_plausible_withhold_the_answer() -> None:
    """The share is limited; a source of readers is missing more often than a third of a project is unused."""
    reason = withheld(PROJECT, RUNS, UnusedRules(plausible_share=0.49))
    assert "2 of 4 models have no consumer, more than the plausible 49%" in reason
    assert isinstance(find_unused(PROJECT, RUNS, UnusedRules(plausible_share=0.5)), Found)
    assert "30%" in withheld(PROJECT, RUNS, UnusedRules())


def test_the_share_is_limited_among_the_models_of_the_project_itself_too() -> None:
    """Used models of packages do not hide that the own ones look unused."""
    tools: dict[str, list[str]] = {f"model.tools.m{number}": [] for number in range(20)}
    parents = {**PARENTS, **tools, "exposure.p.all": sorted(tools)}
    graph = graph_of(parents, *(node(name, origin="package") for name in tools))
    assert "2 of 4 models of the project itself" in withheld(graph, RUNS, UnusedRules())


def test_a_doubt_about_a_source_of_readers_withholds_the_answer() -> None:
    """Half of a workspace looks the same as a workspace with half of the readers."""
    assert "because page 3 did not answer" in withheld(PROJECT, RUNS, doubts=("page 3 did not answer",))
