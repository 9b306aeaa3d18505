"""Which stage of its removal a model is due for: deprecated, then disabled, then removed, with a grace time each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from orchestration.metapipeline.changing.proposals.reading.model import Model
from orchestration.metapipeline.changing.proposals.reading.project import DbtProject
from orchestration.metapipeline.changing.proposals.removal import NOTE
from orchestration.metapipeline.changing.proposals.steps import PlanKind
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Address, compose, trail
from orchestration.metapipeline.errors import ProposalError, RelationNameError
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.usage.evidence import Named, Use, Window

SinceLine = Callable[[str, int], datetime]
"""Path and line, from 1 -> when the base branch got the line."""


class TombstoneSettings(BaseModel):
    """The grace times of a removal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deprecated_days: Annotated[
        int, Field(ge=1, description="Days between the deprecation and the switch to disabled.")
    ] = 30
    disabled_days: Annotated[int, Field(ge=1, description="Days between the switch to disabled and the removal.")] = 30


class Stage(StrEnum):
    """Where a model is on the base branch."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The state of one model on the base branch.

    Args:
        unique_id: of the model.
        stage: by its YAML.
        ours: its description has our note; a stage that a person began is never taken back.
        since: when the base branch got the line of the stage, which is the time of the merge; None while it is active.
        until: its deprecation date.
    """

    unique_id: str
    stage: Stage
    ours: bool = False
    since: datetime | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """The change that is due for a model now.

    Args:
        kind: of the change; None is nothing now.
        reason: one sentence.
    """

    kind: PlanKind | None
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the use of one model.

    Args:
        now: UTC.
        unused: today's findings list the model as unused; a disabled model is in no finding.
        uses: of the model since `Tombstone.since`, the newest last.
        window: of the evidence; a disabled model is removed only when it is sealed and covers the grace time.
    """

    now: datetime
    unused: bool
    uses: tuple[Use, ...] = ()
    window: Window | None = None


def tombstone_of(model: Model, since: SinceLine) -> Tombstone:
    """Read the state of a model from its YAML and the history of the base branch."""
    properties = model.properties
    ours = str(properties.get("description") or "").strip().endswith(NOTE)
    until = properties.get("deprecation_date")
    day = until.date() if isinstance(until, datetime) else until if isinstance(until, date) else None
    if (properties.get("config") or {}).get("enabled") is False:
        return Tombstone(model.unique_id, Stage.DISABLED, ours, _since(model, ("config", "enabled"), since), day)
    if until is not None:
        return Tombstone(model.unique_id, Stage.DEPRECATED, ours, _since(model, ("deprecation_date",), since), day)
    return Tombstone(model.unique_id, Stage.ACTIVE)


def our_tombstones(project: DbtProject) -> Iterator[Model]:
    """Yield the models of the project whose description has our note, also the disabled ones."""
    sections = (project.manifest.get("nodes") or {}, project.manifest.get("disabled") or {})
    named = {entry.data.get("name") for entry in project.entries("models", NOTE)}
    for unique_id in sorted(
        unique_id for section in sections for unique_id in section if unique_id.startswith("model.")
    ):
        node = project.node(unique_id)
        if node.get("name") in named and node.get("package_name") == project.name:
            model = Model(project, unique_id)
            if str(model.properties.get("description") or "").strip().endswith(NOTE):
                yield model


def due(tombstone: Tombstone, settings: TombstoneSettings, evidence: Evidence) -> Due:
    """Return what is due for a model."""
    if tombstone.stage is Stage.ACTIVE:
        return _due_active(evidence)
    if evidence.uses:
        return _taken_back(tombstone, _told(evidence.uses[-1]))
    since = tombstone.since or evidence.now
    if tombstone.stage is Stage.DEPRECATED:
        end = max(since + timedelta(days=settings.deprecated_days), _midnight(tombstone.until) or since)
        return _due_deprecated(tombstone, since, end, evidence)
    return _due_disabled(since, since + timedelta(days=settings.disabled_days), evidence)


def _due_active(evidence: Evidence) -> Due:
    if evidence.uses:
        return Due(None, f"it is used: {_told(evidence.uses[-1])}")
    return Due(PlanKind.DEPRECATE, "it is unused") if evidence.unused else Due(None, "it is not listed as unused")


def _due_deprecated(tombstone: Tombstone, since: datetime, end: datetime, evidence: Evidence) -> Due:
    if not evidence.unused:
        return _taken_back(tombstone, "it is not listed as unused any more")
    if evidence.now < end:
        return _waiting(end)
    return Due(PlanKind.DISABLE, f"it is deprecated since {since:%Y-%m-%d}")


def _due_disabled(since: datetime, end: datetime, evidence: Evidence) -> Due:
    if evidence.now < end:
        return _waiting(end)
    window = evidence.window
    if window is None or window.unsealed or window.start > since or window.end < end:
        return Due(None, "the evidence does not cover the whole grace time with sealed hours: land them first")
    return Due(PlanKind.REMOVE, f"it is disabled since {since:%Y-%m-%d}")


def uses_of(model: Model, uses: Sequence[Use], since: datetime | None) -> tuple[Use, ...]:
    """Return the evidence that names a model by its id or its relation, from some time on; the newest last."""
    relation = _relation(str(model.node.get("relation_name") or ""))
    found = (
        use
        for use in uses
        if (use.named is Named.DBT and use.used == model.unique_id)
        or (use.named is Named.RELATION and relation is not None and _relation(use.used) == relation)
    )
    return tuple(sorted((use for use in found if since is None or use.last_at >= since), key=lambda use: use.last_at))


def _taken_back(tombstone: Tombstone, reason: str) -> Due:
    if tombstone.ours:
        return Due(PlanKind.REVERT, reason)
    return Due(None, f"{reason}, but a person began its removal: nothing is taken back")


def _waiting(end: datetime) -> Due:
    return Due(None, f"its grace time ends on {end:%Y-%m-%d}")


def _told(use: Use) -> str:
    return f"{use.organization}/{use.deployment} used it, at last on {use.last_at:%Y-%m-%d} (event {use.example})"


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _relation(name: str) -> RelationName | None:
    try:
        return RelationName.parse(name) if name else None
    except RelationNameError:
        return None


def _since(model: Model, keys: Address, since: SinceLine) -> datetime:
    if model.address is None:
        raise ProposalError(f"{model.name} has no entry in YAML")
    path, address = model.address
    nodes = trail(compose(model.project.files[path]), (*address, *keys))
    if len(nodes) <= len(address) + len(keys):
        raise ProposalError(f"{path} has no {keys[-1]} of {model.name}")
    return since(path, nodes[-1].start_mark.line + 1)
