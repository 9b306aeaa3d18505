"""What the metapipeline says about the platform: findings, and answers that are withheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    """What is said about a node."""

    STALE_REPORT = "stale_report"
    DELETABLE_REPORT = "deletable_report"
    UNUSED_MODEL = "unused_model"
    UNUSED_COLUMN = "unused_column"
    SLOW_MODEL = "slow_model"
    IMPORTANT_MODEL = "important_model"
    EXPOSURES = "exposures"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement about one node, with what it rests on.

    Args:
        kind: of the statement.
        subject: id of the node in the platform graph.
        name: of the node as people know it; text from the world.
        reason: one sentence.
        evidence: the facts behind the reason, one sentence each.
        numbers: what can be compared and added: runs, seconds, credits, days; None is unknown.
        owners: whom to tell, in order of precedence; empty when nobody owns the node.
        removable: whether the metapipeline may propose its removal; False marks nodes of packages, of other projects,
            and public ones.
    """

    kind: FindingKind
    subject: str
    name: str
    reason: str
    evidence: tuple[str, ...] = ()
    numbers: Mapping[str, str | int | float | None] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    removable: bool = True


class Answer:
    """The answer to one question: `Found` or `Withheld`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Withheld(Answer):
    """No answer, because an input is missing, partial or implausible.

    Args:
        kind: of the findings that are withheld.
        reason: one sentence with what would change that.
    """

    kind: FindingKind
    reason: str


@dataclass(frozen=True, slots=True)
class Found(Answer):
    """The findings of one kind, the weightiest first; none is an answer, too."""

    findings: tuple[Finding, ...]


def findings_of(answers: Iterable[Answer]) -> tuple[Finding, ...]:
    """Return the findings of all answers in their order; a withheld answer has none."""
    return tuple(finding for answer in answers if isinstance(answer, Found) for finding in answer.findings)
