"""A plan and its outcomes as lines of text. Names come from the world: control characters are shown escaped."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.judging.stale.apply import Applied
from orchestration.metapipeline.judging.stale.plan import ArchiveReport, DeleteReport, ReportPlan, Step

_NAME_CHARACTERS_MAX = 80


def plan_lines(plan: ReportPlan) -> Iterator[str]:
    """Yield what would be done, and why nothing is, when the reading carries no answer."""
    if isinstance(plan.stale, Withheld):
        yield f"{plan.workspace}: no plan. {_escaped(plan.stale.reason)}"
        return
    deletable = len(plan.deletable.findings) if isinstance(plan.deletable, Found) else 0
    yield (
        f"{plan.workspace}: {len(plan.stale.findings)} stale reports, {deletable} deletable,"
        f" {len(plan.undecided)} undecided; {len(plan.steps)} steps, {plan.left_out} left for the next runs"
    )
    yield from (step_line(step) for step in plan.steps)
    yield from (f"unknown  {_named(item.report_id, item.name)}: {item.reason}" for item in plan.undecided)


def applied_lines(applied: Applied) -> Iterator[str]:
    """Yield each step with its result."""
    for outcome in applied.outcomes:
        yield f"{outcome.result.value}: {step_line(outcome.step)}{_because(outcome.step.reason, outcome.reason)}"


def step_line(step: Step) -> str:
    """Return a step as one line."""
    kind = {ArchiveReport: "archive", DeleteReport: "delete"}.get(type(step), "record")
    return f"{kind:<8} {_named(step.report_id, step.seen.name if step.seen else '')}: {step.reason}"


def printable(text: str) -> str:
    """Escape what a terminal would obey, and cut what is too long."""
    shown = _escaped(text)
    return shown if len(shown) <= _NAME_CHARACTERS_MAX else f"{shown[:_NAME_CHARACTERS_MAX]}…"


def _escaped(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _named(report_id: str, name: str) -> str:
    return f"{printable(report_id)} {printable(name)}".strip()


def _because(planned: str, reason: str) -> str:
    return "" if reason == planned else f" ({reason})"
