"""Is a table up to date? Compare what is proven with what each model was built from, and name the hop that blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.built_hours import STREAM, WRITTEN, BuiltHour
from orchestration.dbt_runner.meta import hourglass_meta
from orchestration.dbt_runner.specs import Manifest

_THROUGH = frozenset({"view", "ephemeral"})


class UpToDate(StrEnum):
    """The answer for one model."""

    YES = "up to date"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Block:
    """One hop that keeps a model behind, or that cannot be asked.

    Args:
        hop: `landed`, `sealed`, `registered`, `published`, `listed` (in the table HOURS) or `built`.
        where: stream or model.
        hours: that lack it, oldest first; none where that is not known.
        reason: one sentence.
        repair: what to do; empty where waiting helps.
        is_known: False where a system did not answer.
    """

    hop: str
    where: str
    hours: tuple[Hour, ...]
    reason: str
    repair: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The answer for one model.

    Args:
        model: unique id.
        name: of the model.
        blocks: what keeps it behind, the first hop from the topic first; empty for a model that is up to date.
        newest: newest hour that it was built for; None for a view and for one that was never built.
    """

    model: str
    name: str
    blocks: tuple[Block, ...]
    newest: Hour | None

    @property
    def answer(self) -> UpToDate:
        """Whether it is up to date: behind as soon as one hop is known to block."""
        if any(block.is_known for block in self.blocks):
            return UpToDate.BEHIND
        return UpToDate.UNKNOWN if self.blocks else UpToDate.YES


@dataclass(frozen=True)
class ProvenModels:
    """The models of a project that are built by proven hours, and the views over them.

    Args:
        manifest: of the project.
    """

    manifest: Manifest

    @cached_property
    def inputs(self) -> Mapping[str, frozenset[str]]:
        """Unique id -> streams and models that it reads, through views, as the macro `proven_inputs` lists them.

        Each model comes behind the models that it reads.
        """
        found = {
            one: frozenset(self._inputs(one))
            for one, node in self.manifest.nodes.items()
            if node["resource_type"] == "model" and (self.is_proven(one) or _is_view(node))
        }
        order = TopologicalSorter({one: [read for read in reads if read in found] for one, reads in found.items()})
        return {one: found[one] for one in order.static_order() if found[one]}

    def is_proven(self, model: str) -> bool:
        """Return whether a model has the strategy `proven`; else it is a view over such models."""
        return bool(self.manifest.nodes[model]["config"].get("incremental_strategy") == "proven")

    def name(self, model: str) -> str:
        """Return the name of a model."""
        return str(self.manifest.nodes[model]["name"])

    def rests_on(self, model: str) -> tuple[str, ...]:
        """Return a model and all models that it reads, directly or not, each behind those that it reads."""
        wanted, left = {model}, [model]
        while left:
            read = {one for one in self.inputs[left.pop()] if one in self.inputs} - wanted
            wanted |= read
            left += read
        return tuple(one for one in self.inputs if one in wanted)

    def streams(self, model: str) -> frozenset[str]:
        """Return the names of the streams that a model rests on."""
        read = {one for its in self.rests_on(model) for one in self.inputs[its]}
        named = {one.removeprefix(STREAM) for one in read if one.startswith(STREAM)}
        return frozenset(named | {self.written[one] for one in read if one in self.written})

    @cached_property
    def written(self) -> Mapping[str, str]:
        """The tables that Python writes -> the stream whose hours they have."""
        sources = self.manifest.sources.values()
        return {
            _written(one): str(hourglass_meta(one).get("stream")) for one in sources if hourglass_meta(one).get("built")
        }

    def _inputs(self, unique_id: str) -> Iterator[str]:
        for parent in self.manifest.nodes[unique_id].get("depends_on", {}).get("nodes", []):
            if parent in self.manifest.sources:
                source = self.manifest.sources[parent]
                if hourglass_meta(source).get("built"):
                    yield _written(source)
                elif stream := hourglass_meta(source).get("stream"):
                    yield STREAM + str(stream)
            elif parent in self.manifest.nodes:
                if self.is_proven(parent):
                    yield parent
                elif self.manifest.nodes[parent]["config"].get("materialized") in _THROUGH:
                    yield from self._inputs(parent)


Fingerprints = Mapping[Hour, str | None]


@dataclass(frozen=True)
class BuildState:
    """What is proven and what was built.

    Args:
        published: of each stream, the fingerprint of each hour in the table `HOURS`.
        built: rows of `BUILT_HOURS`.
    """

    published: Mapping[str, Mapping[Hour, str]]
    built: Collection[BuiltHour]

    def stale(self, model: str, inputs: Iterable[str]) -> tuple[Hour, ...]:
        """Return the hours that every input has proven and that a model was not built from, oldest first."""
        proven = {one: self._proven(one) for one in inputs}
        if not proven:
            return ()
        common = set.intersection(*(set(hours) for hours in proven.values()))
        read = self._read
        differing = {
            hour
            for hour in common
            if any(hours[hour] != read.get((model, one), {}).get(hour, _NOT_BUILT) for one, hours in proven.items())
        }
        return tuple(sorted(differing))

    def lacking(self, table: str, stream: str) -> tuple[Hour, ...]:
        """Return the hours of a stream that a table, which Python writes, does not have, oldest first."""
        return tuple(sorted(self.published.get(stream, {}).keys() - self._versions.get(table, {}).keys()))

    def newest(self, model: str) -> Hour | None:
        """Return the newest hour that a model was built for."""
        return max(self._versions.get(model, ()), default=None)

    def _proven(self, name: str) -> Fingerprints:
        return (
            self.published.get(name.removeprefix(STREAM), {})
            if name.startswith(STREAM)
            else self._versions.get(name, {})
        )

    @cached_property
    def _read(self) -> Mapping[tuple[str, str], Fingerprints]:
        found: defaultdict[tuple[str, str], dict[Hour, str | None]] = defaultdict(dict)
        for row in self.built:
            if row.input is not None:
                found[row.model, row.input][row.hour] = row.fingerprint
        return found

    @cached_property
    def _versions(self) -> Mapping[str, Mapping[Hour, str]]:
        found: defaultdict[str, dict[Hour, str]] = defaultdict(dict)
        for row in self.built:
            known = found[row.model].get(row.hour)
            found[row.model][row.hour] = row.version if known is None else max(known, row.version)
        return found


_NOT_BUILT = object()


def statuses(
    models: ProvenModels, state: BuildState, of_streams: Mapping[str, Sequence[Block]], views: Collection[str]
) -> tuple[ModelStatus, ...]:
    """Return the status of every model, each behind the models that it reads.

    Args:
        models: of the project.
        state: what is proven and what was built.
        of_streams: of each stream, the hops that block its hours.
        views: names of the views that Snowflake has, as it stores them.
    """
    own = {one: tuple(_own_blocks(models, state, one, views)) for one in models.inputs}
    return tuple(
        ModelStatus(
            one,
            models.name(one),
            (
                *(block for stream in sorted(models.streams(one)) for block in of_streams.get(stream, ())),
                *(block for its in models.rests_on(one) for block in own[its]),
            ),
            state.newest(one),
        )
        for one in models.inputs
    )


def _own_blocks(models: ProvenModels, state: BuildState, model: str, views: Collection[str]) -> Iterator[Block]:
    name = models.name(model)
    for table in sorted(models.inputs[model] & models.written.keys()):
        if lacking := state.lacking(table, models.written[table]):
            where = table.removeprefix(WRITTEN)
            reason = f"{where}, which Python writes, lacks {len(lacking)} proven hours, {_shown(lacking)}"
            yield Block("built", table, lacking, reason, "run these partitions of its asset in Dagster")
    if models.is_proven(model):
        if stale := state.stale(model, models.inputs[model]):
            reason = f"{name} was not built from {len(stale)} proven hours, {_shown(stale)}"
            yield Block("built", model, stale, reason, f"dbt run --select {name}+")
    elif _is_stored(models.manifest.nodes[model]) and models.manifest.stored_name(model) not in views:
        yield Block("built", model, (), f"the view {name} is not there", f"dbt run --select {name}")


def _shown(hours: Sequence[Hour]) -> str:
    return hours[0].label if len(hours) == 1 else f"{hours[0]} to {hours[-1]}"


def _is_view(node: Mapping[str, object]) -> bool:
    config = node["config"]
    return isinstance(config, Mapping) and config.get("materialized") in _THROUGH


def _is_stored(node: Mapping[str, object]) -> bool:
    config = node["config"]
    return isinstance(config, Mapping) and config.get("materialized") == "view"


def _written(source: Mapping[str, Any]) -> str:
    """Return the name of a table that Python writes, as the macro `proven_inputs` does."""
    return WRITTEN + ".".join(str(source[part]) for part in ("database", "schema", "identifier")).upper()
