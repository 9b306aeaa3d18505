"""Models without a consumer, with the times of their runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.metapipeline.errors import ConsumerError
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.usage.model_runs import ModelRun, model_times


@dataclass(frozen=True, slots=True)
class UnusedModel:
    """A model without a path to a consumer.

    Args:
        unique_id: of dbt.
        runs: finished and unfinished; None when no event names the model, which does not mean that it never ran.
        seconds: of its finished runs; None when no event names the model.
    """

    unique_id: str
    runs: int | None
    seconds: float | None


class Answer:
    """The result of the search for unused models: `Found` or `Withheld`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Found(Answer):
    """The unused models, most seconds first; none when every model has a consumer."""

    models: tuple[UnusedModel, ...]


@dataclass(frozen=True, slots=True)
class Withheld(Answer):
    """No answer, because an input was empty and every model would look unused."""

    reason: str


def models_without_consumer(graph: PlatformGraph, consumers: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the models from which no path leads to an exposure or to one of the given consumers.

    A consumer that is itself a model counts as used.

    Raises:
        ConsumerError: a consumer is not in the graph.
    """
    if unknown := sorted(consumers - {node.id for node in graph.nodes}):
        raise ConsumerError(f"not in the dbt graph: {', '.join(unknown)}; correct the consumers of unused_models")
    used = graph.upstream_of([*graph.of_kind(NodeKind.EXPOSURE), *consumers])
    return frozenset(graph.of_kind(NodeKind.MODEL)) - used


def find_unused(
    graph: PlatformGraph, runs: Iterable[ModelRun], consumers: frozenset[str] = frozenset()
) -> Found | Withheld:
    """List the models without a consumer, with their runs.

    Withheld when there is no exposure and no configured consumer, or when no event about a model was read: a missing
    file of exposures and an empty table of events look the same as a project without users.
    """
    if not graph.of_kind(NodeKind.EXPOSURE) and not consumers:
        return Withheld("the dbt graph has no exposure and no consumer is configured: nothing can be called unused")
    times = {row.model: row for row in model_times(runs)}
    if not times:
        return Withheld("no published event is about a run of a model: publish hours first")
    found = []
    for unique_id in models_without_consumer(graph, consumers):
        row = times.get(unique_id)
        count = row.succeeded + row.failed + row.unfinished if row else None
        found.append(UnusedModel(unique_id, count, row.total_seconds if row else None))
    return Found(tuple(sorted(found, key=lambda model: (-(model.seconds or 0), model.unique_id))))
