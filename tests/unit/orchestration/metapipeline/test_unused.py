from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.metapipeline.errors import ConsumerError
from orchestration.metapipeline.graph.manifest import graph_from_manifest
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.unused import (
    Found,
    UnusedModel,
    Withheld,
    find_unused,
    models_without_consumer,
)
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, StepOf
from tests.unit.orchestration.metapipeline.manifests import manifest_of, random_parents

HOUR = datetime(2025, 8, 1, 3, tzinfo=UTC)
PROJECT = graph_from_manifest(
    manifest_of(
        {
            "source.p.raw": [],
            "model.p.stg": ["source.p.raw"],
            "model.p.billing": ["model.p.stg"],
            "model.p.old": ["model.p.stg"],
            "model.p.older": ["model.p.old"],
            "test.p.older_unique": ["model.p.older"],
            "exposure.p.invoices": ["model.p.billing"],
        }
    )
)


def run_of(model: str, seconds: float | None, state: RunState = RunState.SUCCEEDED) -> ModelRun:
    return ModelRun(StepOf("acme", "prod", None, "run", "step"), model, state, (HOUR,), seconds)


def reachable(edges: Iterable[tuple[str, str]], start: str) -> set[str]:
    """Follow the edges until no new node is found: slow, but obviously right."""
    found = {start}
    while more := {b for a, b in edges if a in found} - found:
        found |= more
    return found


@settings(max_examples=100)
@given(seed=st.integers(0, 100_000))
def test_unused_is_what_brute_force_finds(seed: int) -> None:
    """A model is unused when no path from it ends at an exposure or a named consumer."""
    random = Random(seed)  # noqa: S311 (graphs, not secrets)
    parents = random_parents(random, random.randint(1, 20), random.randint(0, 3))
    graph = graph_from_manifest(manifest_of(parents))
    readable = [node.id for node in graph.nodes]
    consumers = frozenset(random.sample(readable, random.randint(0, 2)))
    ends = consumers | {name for name in parents if name.startswith("exposure.")}
    edges = [(parent, name) for name, found in parents.items() if not name.startswith("test.") for parent in found]
    expected = {name for name in parents if name.startswith("model.") and not reachable(edges, name) & ends}
    assert expected == models_without_consumer(graph, consumers)


def test_a_test_is_no_consumer_and_neither_is_an_unused_model() -> None:
    """A model that only unused models and tests read is unused, too."""
    assert {"model.p.old", "model.p.older"} == models_without_consumer(PROJECT)


def test_a_named_consumer_saves_what_it_reads() -> None:
    """A consumer that dbt does not know is configured by its unique id."""
    assert frozenset() == models_without_consumer(PROJECT, frozenset({"model.p.older"}))


def test_a_consumer_that_is_not_in_the_graph_is_refused() -> None:
    """A misspelt consumer must not make models look unused."""
    with pytest.raises(ConsumerError, match=r"model\.p\.typo"):
        models_without_consumer(PROJECT, frozenset({"model.p.typo"}))


def test_the_costliest_unused_model_comes_first_with_its_runs() -> None:
    """A model that no event names has unknown runs, not zero runs."""
    runs = [run_of("model.p.older", 4.0), run_of("model.p.older", None, RunState.UNFINISHED), run_of("model.p.stg", 9)]
    assert Found(
        (UnusedModel("model.p.older", runs=2, seconds=4.0), UnusedModel("model.p.old", runs=None, seconds=None))
    ) == find_unused(PROJECT, runs)


def test_the_order_of_runs_does_not_matter() -> None:
    """The answer is a function of the set of runs."""
    runs = [run_of("model.p.older", 4.0), run_of("model.p.old", 5.0), run_of("model.p.stg", 9)]
    assert len({find_unused(PROJECT, order) for order in permutations(runs)}) == 1


def test_without_events_the_answer_is_withheld() -> None:
    """An empty table of events looks the same as a project without users."""
    answer = find_unused(PROJECT, [])
    assert isinstance(answer, Withheld)
    assert "publish hours first" in answer.reason


def test_without_any_consumer_the_answer_is_withheld() -> None:
    """A missing file of exposures looks the same as models without readers."""
    graph = graph_from_manifest(manifest_of({"model.p.a": []}))
    assert isinstance(find_unused(graph, [run_of("model.p.a", 1)]), Withheld)
    assert Found(()) == find_unused(graph, [run_of("model.p.a", 1)], frozenset({"model.p.a"}))


def test_an_empty_graph_is_withheld() -> None:
    """Without a graph there is no answer."""
    assert isinstance(find_unused(PlatformGraph((), ()), [run_of("model.p.a", 1)]), Withheld)
