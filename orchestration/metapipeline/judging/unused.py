"""Models without a consumer, with what that rests on."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.dbt_nodes import Origin
from orchestration.metapipeline.graph.nodes import GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.shared_relations import join_shared_relations
from orchestration.metapipeline.judging.consumers import Consumers, consumers_of
from orchestration.metapipeline.usage.evidence import Window
from orchestration.metapipeline.usage.model_runs import ModelRun, ModelTimes, model_times

_SHOWN = 5
_OPAQUE = frozenset({GapKind.DYNAMIC, GapKind.UNPARSABLE})
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class UnusedRules:
    """What is configured.

    Args:
        consumers: ids of nodes that are read outside of everything that the graph shows.
        plausible_share: share of unused models, 0 to 1, above which there is no answer: a source of readers is missing.
        own_groups: groups of Dagster whose assets are no consumers.
        events: whether an answer needs events about models of the graph; without them it rests on the other readers.
    """

    consumers: frozenset[str] = frozenset()
    plausible_share: float = 0.30
    own_groups: frozenset[str] = frozenset({"metapipeline"})
    events: bool = True


def models_without_consumer(graph: PlatformGraph, consumers: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the models from which no path leads to a consumer, see `Consumers`; the given nodes are consumers, too.

    A consumer that is itself a model counts as used. A source leads back to the model that writes the same relation.

    Raises:
        ConsumerError: a given consumer is not in the graph.
    """
    rules = UnusedRules(consumers)
    joined = join_shared_relations(graph)
    return _without_consumer(joined, consumers_of(joined, rules.consumers, rules.own_groups))


def find_unused(
    graph: PlatformGraph,
    runs: Iterable[ModelRun],
    rules: UnusedRules = UnusedRules(),
    *,
    window: Window | None = None,
    doubts: Sequence[str] = (),
) -> Found | Withheld:
    """List the models without a consumer, most seconds of their runs first.

    A finding is marked as not removable, with the reason in its evidence, when the model is no file of the project
    itself, when a query that is not understood may read it, or when something that stays reads it.

    Its numbers are `runs` and `seconds` (None when no event names the model), `readers` (direct ones, none of them with
    a consumer) and `window_days` (None without a window).

    Args:
        graph: of the platform; the more sources of readers it holds, the fewer models are unused.
        runs: of the deployments that build the models of this graph; others are ignored by the ids of their models.
        rules: as configured.
        window: that the evidence of use covers; None makes no statement about events.
        doubts: why a reading of a source of readers may be partial.

    Returns:
        Withheld while a reading has doubts, an hour of the window is not sealed, no known consumer reads a model, no
        event is about a model of this graph, or more models than plausible are unused, counted among all models or
        among the project's own.

    Raises:
        ConsumerError: a configured consumer is not in the graph.
    """
    joined = join_shared_relations(graph)
    consumers = consumers_of(joined, rules.consumers, rules.own_groups)
    models = frozenset(joined.of_kind(NodeKind.MODEL))
    times = {row.model: row for row in model_times(runs) if row.model in models}
    unused = _without_consumer(joined, consumers)
    if reason := (
        _doubted(doubts)
        or _unsealed(window)
        or _unread(joined, consumers)
        or (_no_events(times) if rules.events else None)
        or _implausible(joined, unused, rules.plausible_share)
    ):
        return Withheld(FindingKind.UNUSED_MODEL, reason)
    obstacles = _obstacles(joined, consumers, unused)
    opaque = sum(gap.kind in _OPAQUE for gap in joined.gaps)
    case = _Case(joined, consumers.counted(joined), times, window, obstacles, opaque, _undeclared(joined), rules.events)
    found = (case.finding(joined.by_id[unique_id]) for unique_id in unused)
    return Found(tuple(sorted(found, key=lambda finding: (-_seconds(finding), finding.subject))))


def _seconds(finding: Finding) -> float:
    return float(finding.numbers["seconds"] or 0)


def _without_consumer(graph: PlatformGraph, consumers: Consumers) -> frozenset[str]:
    return frozenset(graph.of_kind(NodeKind.MODEL)) - graph.upstream_of(consumers.all)


def _doubted(doubts: Sequence[str]) -> str | None:
    return f"readers may be missing, because {'; '.join(doubts)}" if doubts else None


def _unsealed(window: Window | None) -> str | None:
    if window is None or not window.unsealed:
        return None
    hours = _listed([f"{hour:%Y-%m-%dT%H}" for hour in window.unsealed])
    count = len(window.unsealed)
    return f"unknown, because {count:,} hours of the window are not sealed: {hours}; seal them first"


def _unread(graph: PlatformGraph, consumers: Consumers) -> str | None:
    if not consumers.known:
        return "the graph has no consumer: describe exposures, connect a BI tool, or configure consumers"
    if graph.upstream_of(consumers.known).isdisjoint(graph.of_kind(NodeKind.MODEL)):
        return f"none of the {len(consumers.known):,} consumers reads a model: describe what the exposures depend on"
    return None


def _no_events(times: Mapping[str, ModelTimes]) -> str | None:
    return None if times else "no published event is about a run of a model of this graph: publish hours first"


def _implausible(graph: PlatformGraph, unused: frozenset[str], plausible_share: float) -> str | None:
    models = graph.of_kind(NodeKind.MODEL)
    own = [unique_id for unique_id in models if _origin(graph.by_id[unique_id]) is Origin.OWN]
    for among, name in ((models, "models"), (own, "models of the project itself")):
        count = len(unused.intersection(among))
        if count > plausible_share * len(among):
            return (
                f"{count:,} of {len(among):,} {name} have no consumer, more than the plausible {plausible_share:.0%}: "
                "a source of readers is probably missing; connect it, or raise plausible_share"
            )
    return None


def _origin(node: Node) -> Origin:
    return Origin(node.facts.get("origin", Origin.OWN))


def _obstacles(graph: PlatformGraph, consumers: Consumers, unused: frozenset[str]) -> dict[str, str]:
    """Return why an unused model cannot be removed, by its id."""
    found = {unique_id: reason for unique_id in unused if (reason := _foreign(graph.by_id[unique_id]))}
    for unique_id, reason in _perhaps_read(graph, consumers):
        found.setdefault(unique_id, reason)
    staying = sorted({*found, *(node.id for node in graph.nodes if _stays(graph, node))})
    for unique_id, reader in _nearest(graph, staying).items():
        found.setdefault(unique_id, f"{reader} stays and reads it, directly or through other models.")
    return found


def _foreign(node: Node) -> str | None:
    return {
        Origin.OWN: None,
        Origin.PACKAGE: f"It belongs to the package {node.project}: its files come back with the next `dbt deps`.",
        Origin.OTHER_PROJECT: f"It belongs to the project {node.project}: its removal is decided there.",
        Origin.UNKNOWN: "The manifest does not name its project, so the model may belong to a package.",
    }[_origin(node)]


def _perhaps_read(graph: PlatformGraph, consumers: Consumers) -> Iterator[tuple[str, str]]:
    """Yield what a query may read: the candidates of a name, and the models that an unreadable text names."""
    active = graph.upstream_of(consumers.all)
    named: dict[str, list[str]] = {}
    for unique_id in graph.of_kind(NodeKind.MODEL):
        node = graph.by_id[unique_id]
        for name in {node.name.lower(), str(node.facts.get("alias", node.name)).lower()}:
            named.setdefault(name, []).append(unique_id)
    for gap in graph.gaps:
        if gap.reader in graph.by_id and gap.reader not in active:
            continue
        words = {word.lower() for word in _WORD.findall(gap.read)} if gap.kind in _OPAQUE else set()
        for unique_id in (*gap.candidates, *(model for word in sorted(words) for model in named.get(word, ()))):
            yield unique_id, f"{gap.reader} may read it: {gap.reason}"


def _undeclared(graph: PlatformGraph) -> dict[str, list[str]]:
    """Return who names a node in SQL without ref or source, by its id."""
    found: dict[str, list[str]] = {}
    for gap in graph.gaps:
        if gap.kind is GapKind.UNDECLARED:
            for unique_id in gap.candidates:
                found.setdefault(unique_id, []).append(gap.reader)
    return found


def _stays(graph: PlatformGraph, node: Node) -> bool:
    """Return whether the removal of a model would break a node that is no model: a snapshot, an asset, a saved text."""
    if node.kind is NodeKind.QUERY:
        return node.id not in graph.readers
    return node.kind in (NodeKind.SNAPSHOT, NodeKind.FUNCTION, NodeKind.ASSET)


def _nearest(graph: PlatformGraph, starts: Iterable[str]) -> dict[str, str]:
    """Return for each node upstream of the starts the start that is nearest to it."""
    found = {start: start for start in starts}
    queue = deque(found)
    while queue:
        reader = queue.popleft()
        for read in graph.reads.get(reader, ()):
            if read not in found:
                found[read] = found[reader]
                queue.append(read)
    return found


@dataclass(frozen=True, slots=True)
class _Case:
    graph: PlatformGraph
    consumers: str
    times: Mapping[str, ModelTimes]
    window: Window | None
    obstacles: Mapping[str, str]
    opaque: int
    named: Mapping[str, Sequence[str]]
    events: bool

    def finding(self, node: Node) -> Finding:
        row = self.times.get(node.id)
        return Finding(
            kind=FindingKind.UNUSED_MODEL,
            subject=node.id,
            name=f"{node.name} v{node.facts['version']}" if "version" in node.facts else node.name,
            reason=self._reason(),
            evidence=tuple(self._evidence(node, row)),
            numbers={
                "runs": _runs(row) if row else None,
                "seconds": row.total_seconds if row else None,
                "readers": len(self.graph.readers.get(node.id, ())),
                "window_days": (self.window.end - self.window.start).days if self.window else None,
            },
            owners=node.owners,
            removable=node.id not in self.obstacles,
        )

    def _reason(self) -> str:
        if self.window is None:
            return "No report, exposure or asset reads it, directly or through other models."
        span, end = _span(self.window), _day(self.window.end)
        return (
            "No report, exposure or asset reads it, directly or through other models, and no event of the "
            f"{span} before {end} shows a use."
        )

    def _evidence(self, node: Node, row: ModelTimes | None) -> Iterator[str]:
        readers = self.graph.readers.get(node.id, ())
        yield f"Only nodes without a consumer read it: {_listed(readers)}." if readers else "Nothing reads it."
        if tests := node.facts.get("tests"):
            yield f"A test is no consumer: {_listed(tests)}."
        yield f"These consumers do not lead to it: {self.consumers}."
        if not self.events:
            yield "No platform event was read."
        elif row is None:
            yield "No event names it, which does not mean that it never ran."
        else:
            yield f"Runs shown by events: {_runs(row):,}, with {row.total_seconds:,.0f} seconds."
        if named := self.named.get(node.id):
            yield f"These name it in SQL without ref: {_listed(named)}."
        if self.opaque:
            yield f"{self.opaque:,} queries could not be read whole."
        if obstacle := self.obstacles.get(node.id):
            yield obstacle


def _runs(row: ModelTimes) -> int:
    return row.succeeded + row.failed + row.unfinished


def _span(window: Window) -> str:
    """Return the length of the window for people."""
    span = window.end - window.start
    return f"{span.days} days" if span >= timedelta(days=2) else f"{round(span / timedelta(hours=1))} hours"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
