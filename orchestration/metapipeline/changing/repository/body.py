"""The title and the body of a pull request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from orchestration.metapipeline.changing.proposals.steps import Plan, PlanKind, SetValue, Step
from orchestration.metapipeline.changing.repository.escape import code, prose, word

NAMES_MAX = 20
STEPS_MAX = 60
_MARKER = re.compile(
    r"^<!-- hourglass finding=([0-9a-f]{16}) plan=([0-9a-f]{64}) evidence=([0-9a-f]{16}) -->$", re.MULTILINE
)
_TITLES = {
    PlanKind.DEPRECATE: "Deprecate the dbt model {}",
    PlanKind.DISABLE: "Disable the dbt model {}",
    PlanKind.REMOVE: "Remove the dbt model {}",
    PlanKind.REVERT: "Keep the dbt model {}",
    PlanKind.EXPOSURES: "Update the exposures of {}",
    PlanKind.COLUMN: "Remove the dbt column {}",
}
_WHAT = {
    PlanKind.DEPRECATE: "Nobody reads this model. It gets a deprecation date; nothing else changes. "
    "A later pull request disables it, and another one removes it.",
    PlanKind.DISABLE: "Nobody has read this model since it was deprecated. dbt stops building it; its files stay. "
    "A later pull request removes them.",
    PlanKind.REMOVE: "Nobody has read this model since it was disabled. Its files and entries go.",
    PlanKind.REVERT: "This model was used after its deprecation, so the deprecation is taken back.",
    PlanKind.EXPOSURES: "The exposures of the BI reports differ from what the reports read today.",
    PlanKind.COLUMN: "No text that reads the model needs this column. Its item in the SELECT and its entry go.",
}
_NUMBERS = {"credits": "Credits saved", "credits_saved": "Credits saved"}


def title(plan: Plan) -> str:
    """Return the title, which is the subject of the commit, too; plain characters only."""
    return _TITLES[plan.kind].format(word(plan.name))


def body(plan: Plan) -> str:
    """Return the body: what and why, evidence, blast radius, numbers, owners, steps, how to keep the model.

    Every text from the world is escaped. The last line is the marker that finds the pull request again.
    """
    return "\n".join([*_sections(plan), "", marker(plan), ""])


def marker(plan: Plan) -> str:
    """Return the comment that names the finding, the plan and its evidence."""
    return f"<!-- hourglass finding={finding_key(plan.subject)} plan={plan.digest} evidence={evidence_key(plan)} -->"


def marked(text: str | None) -> tuple[str, str, str] | None:
    """Return the finding, the plan and the evidence of a body of ours; None for another body."""
    found = _MARKER.findall((text or "").replace("\r\n", "\n"))
    return found[-1] if found else None


def withdrawn(text: str, reason: str) -> str:
    """Return the body of a pull request that we close ourselves; without the marker it is no refusal of a person."""
    return f"**Closed by Hourglass**: {prose(reason)}\n\n{_MARKER.sub('', text.replace(chr(13), ''))}"


def finding_key(subject: str) -> str:
    """Return the key of a finding in the marker."""
    return hashlib.sha256(subject.encode()).hexdigest()[:16]


def evidence_key(plan: Plan) -> str:
    """Return the key of the kind of change and of its evidence, without the numbers and dates in it.

    A closed pull request is not opened again while this key stays: 91 unused days are no news after 84.
    """
    words = [re.sub(r"\d+", "#", sentence) for sentence in sorted(plan.evidence)]
    return hashlib.sha256("\n".join([plan.kind, *words]).encode()).hexdigest()[:16]


def _sections(plan: Plan) -> Iterator[str]:
    yield f"**{code(plan.name)}**: {_WHAT[plan.kind]}"
    yield from _listed("Evidence", [prose(line) for line in (plan.reason, *plan.evidence)])
    yield from _listed("Look at", [prose(note) for note in plan.notes])
    yield from _listed("Blast radius", list(_blast(plan)))
    yield from _listed(
        "Numbers", [f"{prose(_NUMBERS.get(key, key))}: {prose(_shown(value))}" for key, value in plan.numbers.items()]
    )
    yield from _listed("Owner", [code(owner) for owner in plan.owners] or ["nobody is named as the owner"])
    yield from _listed("Steps", [code(_step(step)) for step in plan.steps[:STEPS_MAX]])
    if len(plan.steps) > STEPS_MAX:
        yield f"- and {len(plan.steps) - STEPS_MAX} more"
    yield from _keeping(plan)


def _blast(plan: Plan) -> Iterator[str]:
    if plan.kind is PlanKind.EXPOSURES:
        return
    blast = plan.blast
    yield _names("read by", blast.downstream)
    yield _names("reads", blast.upstream)
    if plan.kind is not PlanKind.REVERT:
        yield _names("read by nothing else afterwards", blast.unread)
        yield _names("tests that go with it", blast.checks)


def _names(what: str, ids: Sequence[str]) -> str:
    shown = ", ".join(code(unique_id) for unique_id in ids[:NAMES_MAX])
    more = f" and {len(ids) - NAMES_MAX} more" if len(ids) > NAMES_MAX else ""
    return f"{what}: {len(ids)}{' (' + shown + more + ')' if ids else ''}"


def _step(step: Step) -> str:
    """Return a step without a date: the branch may hold that of an earlier day."""
    if isinstance(step, SetValue) and isinstance(step.value, date):
        return str(replace(step, value="the end of the grace time"))
    return str(step)


def _shown(value: str | float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _listed(heading: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"### {heading}"
        yield from (f"- {row}" for row in rows)


def _keeping(plan: Plan) -> Iterator[str]:
    yield ""
    if plan.kind is PlanKind.EXPOSURES:
        yield "Close this pull request to leave the file as it is. An exposure in another file is never changed."
    elif plan.kind is PlanKind.REVERT:
        yield "Close this pull request to go on with the removal."
    else:
        yield "### To keep the model"
        yield "- Close this pull request: it is not opened again until the evidence changes."
        yield "- Or tag the model: `config: {meta: {hourglass: keep}}`."
