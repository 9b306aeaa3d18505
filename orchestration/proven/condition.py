"""The automation condition `proven`: request what is not as its proven inputs are, when it is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

import dagster as dg

from orchestration.proven.attempts import Attempt, Memory, read_memory
from orchestration.proven.history import newest_event
from orchestration.proven.policy import Policy, make_policy
from orchestration.proven.standing import Decision, Standing, State

LABEL = "proven"


def proven(**fields: Any) -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of an asset behind proven hours, `proven(lag="60 minutes")`; fields are those of `Policy`.

    Raises:
        PolicyError: a field is unknown or has no meaning.
    """
    return condition_of(make_policy(fields, LABEL))


def condition_of(policy: Policy) -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of a policy.

    A partition that is being built is not requested. An eager one also waits until its inputs are built, so that a
    backfill of 24 hours is one run of their day; one with a deadline does not.
    """
    free = ~dg.AutomationCondition.in_progress()
    if policy.is_eager:
        free = free & ~dg.AutomationCondition.any_deps_in_progress()
    return (free & ProvenCondition(policy)).with_label(LABEL)


class ProvenCondition(dg.AutomationCondition[dg.AssetKey]):
    """True for the partitions that are due: something that they are built from changed, and all of it is proven.

    It compares states and not ticks, so a change is not lost when a tick is, and neither a reload nor a lost cursor
    requests what is built.

    Args:
        policy: when the asset is due.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    @property
    def description(self) -> str:
        """What the UI shows."""
        how = "Eager" if self.policy.is_eager else "Lazy"
        deadline = self.policy.sentence()
        return f"{how}, built of proven hours{f', {deadline}' if deadline else ''}"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return the partitions to request, among the candidates."""
        tick, memory = _tick_of(context), read_memory(context.cursor)
        settled = tick.state_of(context.key)
        if memory.settled == settled:
            return dg.AutomationResult(context, context.get_empty_subset(), cursor=memory.model_dump_json())
        standing = tick.standing
        partitions = standing.expected(context.key)
        decisions = {one: standing.decide(context.key, one) for one in partitions}
        open_ones = {one: found for one, found in decisions.items() if _is_open(found)}
        due = {one: found for one, found in open_ones.items() if found.state is State.DUE}
        requested = self._requested(context, memory, due, standing)
        attempts = {one: its for one, its in memory.attempts.items() if (one or None) in open_ones}
        after = Memory(settled="" if open_ones else settled, attempts=attempts | requested)
        subset = _subset(context, {one or None for one in requested})
        return dg.AutomationResult(context, subset, cursor=after.model_dump_json())

    def _requested(
        self,
        context: dg.AutomationContext[dg.AssetKey],
        memory: Memory,
        due: Mapping[str | None, Decision],
        standing: Standing,
    ) -> dict[str, Attempt]:
        """Return an attempt for each due candidate that was not requested for the same state a moment ago."""
        now, found = standing.graph.now, {}
        for partition in _candidates(context, due):
            identity, name = standing.identity(context.key, partition), partition or ""
            before = memory.attempts.get(name)
            if before is None or before.allows(identity, now):
                found[name] = memory.request(name, identity, now)
        return found


class _Tick:
    """What all conditions of one tick share: the events are read once."""

    def __init__(self, context: dg.AutomationContext[Any]) -> None:
        instance = context.asset_graph_view.instance
        self.standing = Standing.of(context.asset_graph, instance, context.evaluation_time)
        graph = self.standing.graph
        read = {key for one in graph.policies for key in graph.upstream(one)}
        events = newest_event(instance, sorted(read | graph.policies.keys()))
        self._events = sha256(repr(sorted(events.items())).encode()).hexdigest()

    def state_of(self, key: dg.AssetKey) -> str:
        """Return a text that changes when anything can be due that was not: an event, a partition, code."""
        graph = self.standing.graph
        last = graph.partitions(key)[-1:]
        return f"{self._events} {last} {graph.code(key)} {graph.inputs(key)}"


_ticks: WeakKeyDictionary[Any, _Tick] = WeakKeyDictionary()


def _tick_of(context: dg.AutomationContext[Any]) -> _Tick:
    view = context.asset_graph_view
    if view not in _ticks:
        _ticks[view] = _Tick(context)
    return _ticks[view]


def _is_open(decision: Decision) -> bool:
    return bool(decision.because) or decision.since is not None


def _candidates(context: dg.AutomationContext[dg.AssetKey], due: Mapping[str | None, Decision]) -> Sequence[str | None]:
    candidates = context.candidate_subset
    if not candidates.is_partitioned:
        return [] if candidates.is_empty else list(due)
    keys = candidates.compute_intersection_with_partition_keys({one for one in due if one is not None})
    return sorted(keys.expensively_compute_partition_keys())


def _subset(context: dg.AutomationContext[dg.AssetKey], partitions: set[str | None]) -> Any:
    candidates = context.candidate_subset
    if not partitions:
        return context.get_empty_subset()
    if not candidates.is_partitioned:
        return candidates
    return candidates.compute_intersection_with_partition_keys({one for one in partitions if one is not None})
