"""From findings to plans: which change of a dbt project is due, and why another one is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from orchestration.metapipeline.changing.proposals.column import column_plan
from orchestration.metapipeline.changing.proposals.exposures import exposures_plan
from orchestration.metapipeline.changing.proposals.reading.model import Model
from orchestration.metapipeline.changing.proposals.reading.project import DbtProject
from orchestration.metapipeline.changing.proposals.removal import removal_plan
from orchestration.metapipeline.changing.proposals.steps import Plan, PlanKind, Refused
from orchestration.metapipeline.changing.proposals.tombstone import (
    Evidence,
    SinceLine,
    TombstoneSettings,
    due,
    our_tombstones,
    tombstone_of,
    uses_of,
)
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.usage.evidence import Use, Window

PLANS_MAX = 200
"""Plans of one run; far more than are ever open at a time."""


NO_COLUMNS = Withheld(FindingKind.UNUSED_COLUMN, "columns were not asked for")


@dataclass(frozen=True)
class Inputs:
    """What today's plans rest on.

    Args:
        unused: the answer about unused models, with all of them: one that is missing is taken back. While it is
            withheld, nothing is deprecated, disabled or removed.
        uses: evidence of use; one in a grace time takes the removal back.
        window: of the evidence; None is no evidence.
        graph: for the exposures; None leaves them as they are, as when a BI tool was read in part.
        now: UTC; its day is the day of the plans.
        columns: the answer about unused columns. One is removed only while unused models are answered, too: until then
            a source of readers is missing.
    """

    unused: Found | Withheld
    uses: Sequence[Use]
    window: Window | None
    graph: PlatformGraph | None
    now: datetime
    columns: Found | Withheld = NO_COLUMNS


@dataclass(frozen=True, slots=True)
class Planned:
    """The plans for one project, and the findings without one.

    Args:
        plans: ways back first.
        refused: with the reason.
        answered: kinds of plans that today's inputs could have given; an open pull request of such a kind without a
            plan does not hold any more.
    """

    plans: tuple[Plan, ...]
    refused: tuple[Refused, ...]
    answered: frozenset[PlanKind] = frozenset()


def plan_changes(
    project: DbtProject, inputs: Inputs, grace: TombstoneSettings, since: SinceLine, exposures_path: str
) -> Planned:
    """Plan what is due for a project: ways back first, then removals by weight, columns, then the exposures.

    Args:
        project: base branch.
        inputs: findings and evidence.
        grace: times of a removal.
        since: when the base branch got a line.
        exposures_path: file of our exposures, from the folder of the project.
    """
    plans: list[Plan] = []
    refused: list[Refused] = []
    for subject, finding in _subjects(project, inputs).items():
        if len(plans) >= PLANS_MAX:
            refused.append(Refused(subject, f"{PLANS_MAX} other plans come first"))
            continue
        try:
            found = _plan(Model(project, subject), finding, inputs, grace, since)
        except ProposalError as exc:
            found = Refused(subject, str(exc))
        (plans if isinstance(found, Plan) else refused).append(found)  # type: ignore[arg-type]
    for finding in _columns(project, inputs)[: PLANS_MAX - len(plans)]:
        try:
            plans.append(column_plan(project, finding, inputs.now.date()))
        except ProposalError as exc:
            refused.append(Refused(f"{finding.subject}.{finding.numbers['column']}", str(exc)))
    plans.sort(key=lambda plan: plan.kind is not PlanKind.REVERT)
    if inputs.graph is not None:
        try:
            exposures = exposures_plan(project, inputs.graph, exposures_path, inputs.now.date())
        except ProposalError as exc:
            refused.append(Refused(exposures_path, str(exc)))
        else:
            plans += [exposures] if exposures else []
    return Planned(tuple(plans), tuple(refused), _answered(inputs) if len(plans) < PLANS_MAX else frozenset())


def _answered(inputs: Inputs) -> frozenset[PlanKind]:
    models = (PlanKind.DEPRECATE, PlanKind.DISABLE, PlanKind.REMOVE, PlanKind.REVERT)
    answered = [*(models if isinstance(inputs.unused, Found) else ())]
    answered += [PlanKind.EXPOSURES] if inputs.graph else []
    answered += [PlanKind.COLUMN] if isinstance(inputs.unused, Found) and isinstance(inputs.columns, Found) else []
    return frozenset(answered)


def _columns(project: DbtProject, inputs: Inputs) -> list[Finding]:
    """List the certain findings about columns of the project."""
    if isinstance(inputs.unused, Withheld) or isinstance(inputs.columns, Withheld):
        return []
    own = f"model.{project.name}."
    return [one for one in inputs.columns.findings if one.removable and one.subject.startswith(own)]


def _subjects(project: DbtProject, inputs: Inputs) -> dict[str, Finding | None]:
    """Return the findings about models by their ids, then the tombstones that no finding names."""
    subjects: dict[str, Finding | None] = {}
    if isinstance(inputs.unused, Found):
        for finding in inputs.unused.findings:
            if finding.kind is FindingKind.UNUSED_MODEL and finding.subject.startswith(f"model.{project.name}."):
                subjects[finding.subject] = finding
    for model in our_tombstones(project):
        subjects.setdefault(model.unique_id, None)
    return subjects


def _plan(
    model: Model, finding: Finding | None, inputs: Inputs, grace: TombstoneSettings, since: SinceLine
) -> Plan | Refused:
    if finding is not None and not finding.removable:
        why = finding.evidence[-1] if finding.evidence else "see the finding"
        return Refused(model.unique_id, f"it is marked as not removable: {why}")
    state = tombstone_of(model, since)
    uses = uses_of(model, inputs.uses, state.since)
    if isinstance(inputs.unused, Withheld) and not uses:
        return Refused(model.unique_id, f"no answer about unused models: {inputs.unused.reason}")
    now_due = due(state, grace, Evidence(inputs.now, finding is not None, uses, inputs.window))
    if now_due.kind is None:
        return Refused(model.unique_id, now_due.reason)
    plan = removal_plan(model.project, model.unique_id, now_due.kind, inputs.now.date(), grace.deprecated_days)
    return _with_evidence(plan, finding, now_due.reason)


def _with_evidence(plan: Plan, finding: Finding | None, reason: str) -> Plan:
    if finding is None:
        return replace(plan, reason=reason)
    numbers: Mapping[str, str | int | float | None] = dict(finding.numbers)
    reason = finding.reason if plan.kind is PlanKind.DEPRECATE else f"{reason}; {finding.reason}"
    return replace(plan, reason=reason, evidence=finding.evidence, numbers=numbers, owners=finding.owners)


def lines(planned: Planned) -> Iterator[str]:
    """Yield the plans for people."""
    for plan in planned.plans:
        yield from plan.lines()
    for refusal in planned.refused:
        yield f"no plan for {refusal.subject}: {refusal.reason}"
