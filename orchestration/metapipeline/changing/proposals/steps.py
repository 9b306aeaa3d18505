"""A change of a repository as a list of small steps, planned before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from orchestration.metapipeline.changing.proposals.yaml_edits import text as yaml_text
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Address, load
from orchestration.metapipeline.errors import ProposalError


class PlanKind(StrEnum):
    """What a plan does; one kind is open at a time for one subject."""

    DEPRECATE = "deprecate"
    DISABLE = "disable"
    REMOVE = "remove"
    REVERT = "revert"
    EXPOSURES = "exposures"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Delete a file."""

    path: str

    def __str__(self) -> str:
        return f"delete {self.path}"

    def applied(self, text: str | None) -> str | None:
        """Return the file after the step; None is no file."""
        _present(self.path, text)
        return None


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Write a whole file; only files that the metapipeline owns are replaced."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"write {self.path}"

    def applied(self, text: str | None) -> str | None:  # noqa: ARG002 - every step has this signature
        """Return the file after the step."""
        return self.text


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Remove an entry of a YAML file; a file without another entry is deleted.

    Args:
        path: of the file.
        address: of the entry.
        name: of the entry; a comment directly above that names it goes, too.
    """

    path: str
    address: Address
    name: str

    def __str__(self) -> str:
        return f"{self.path}: remove {_dotted(self.address)}"

    def applied(self, text: str | None) -> str | None:
        """Return the file after the step; None is no file."""
        changed = yaml_text.remove(_present(self.path, text), self.address, self.name)
        data = load(changed)
        return changed if set(data or {}) - {"version"} else None


@dataclass(frozen=True, slots=True)
class SetValue:
    """Set one value of a YAML file."""

    path: str
    address: Address
    value: str | bool | date

    def __str__(self) -> str:
        return f"{self.path}: set {_dotted(self.address)} to {yaml_text.scalar_text(self.value)}"

    def applied(self, text: str | None) -> str | None:
        """Return the file after the step."""
        return yaml_text.put(_present(self.path, text), self.address, self.value)


@dataclass(frozen=True, slots=True)
class AppendWords:
    """Add words to the end of a text in a YAML file."""

    path: str
    address: Address
    words: str

    def __str__(self) -> str:
        return f"{self.path}: append {self.words!r} to {_dotted(self.address)}"

    def applied(self, text: str | None) -> str | None:
        """Return the file after the step."""
        return yaml_text.append_words(_present(self.path, text), self.address, self.words)


@dataclass(frozen=True, slots=True)
class RemoveWords:
    """Take the words of `AppendWords` back."""

    path: str
    address: Address
    words: str

    def __str__(self) -> str:
        return f"{self.path}: remove {self.words!r} from {_dotted(self.address)}"

    def applied(self, text: str | None) -> str | None:
        """Return the file after the step."""
        return yaml_text.remove_words(_present(self.path, text), self.address, self.words)


@dataclass(frozen=True, slots=True)
class CutText:
    """Remove a passage that the file holds once, such as a docs block; a file that holds nothing else is deleted."""

    path: str
    passage: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: remove {self.what}"

    def applied(self, text: str | None) -> str | None:
        """Return the file after the step; None is no file."""
        whole = _present(self.path, text)
        if whole.count(self.passage) != 1:
            raise ProposalError(f"{self.path} does not hold {self.what} once: plan again")
        before, after = whole.split(self.passage)
        changed = before + (after.lstrip("\r\n") if not before.strip() or before.endswith("\n\n") else after)
        return changed if changed.strip() else None


Step = DeleteFile | WriteFile | RemoveEntry | SetValue | AppendWords | RemoveWords | CutText


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What a change touches besides its subject; names of dbt nodes, sorted.

    Args:
        upstream: what the subject reads, directly or not.
        downstream: what reads it, directly or not; empty for what is removed.
        unread: models that only the subject reads: candidates of a later round.
        checks: tests that go with it.
    """

    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """One change for one pull request.

    Args:
        kind: of the change.
        subject: unique id of the model, or the path of the exposures.
        name: of the subject, for people.
        reason: one sentence.
        steps: in the order in which they are applied.
        files: (path, SHA-256 of its text when planned, empty for no file) of every file that a step touches, sorted.
        as_of: day of the plan: the date of its commit, and the start of a grace time. Not part of the digest.
        evidence: one sentence each.
        notes: what a reviewer should look at, one sentence each.
        numbers: of the finding, such as credits.
        owners: of the subject.
        blast: what else is touched.
        gone: dbt ids that must be missing after the change; tests of them may be missing, nothing else.
    """

    kind: PlanKind
    subject: str
    name: str
    reason: str
    steps: tuple[Step, ...]
    files: tuple[tuple[str, str], ...]
    as_of: date
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    numbers: Mapping[str, str | int | float | None] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    blast: BlastRadius = BlastRadius()
    gone: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of what the plan changes. Dates are left out: the same change planned on another day is the same."""
        steps = [[type(step).__name__, asdict(step)] for step in self.steps]
        return _sha256(json.dumps([self.kind, self.subject, steps, self.files], default=_masked, sort_keys=True))

    @property
    def branch(self) -> str:
        """Name of the branch: one per subject and kind, so an updated plan updates the same pull request."""
        return f"hourglass/{self.kind}-{_sha256(self.subject)[:12]}"

    def lines(self) -> tuple[str, ...]:
        """Return the plan for people, a line per step, without control characters."""
        head = f"{self.kind} {self.name} ({self.subject}): {self.reason}"
        rows = (head, *(f"  {step}" for step in self.steps), *(f"  note: {note}" for note in self.notes))
        return tuple("".join(char if char.isprintable() else "?" for char in row) for row in rows)


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding without a plan.

    Args:
        subject: of the finding.
        reason: one sentence with what would change that.
    """

    subject: str
    reason: str


def apply_steps(files: Mapping[str, str], steps: Sequence[Step]) -> dict[str, str | None]:
    """Return the changed files after all steps; None is a deleted file.

    Raises:
        ProposalError: a step does not fit the files.
    """
    changed: dict[str, str | None] = {}
    for step in steps:
        text = changed[step.path] if step.path in changed else files.get(step.path)
        try:
            changed[step.path] = step.applied(text)
        except ProposalError as exc:
            raise ProposalError(f"{step}: {exc}") from exc
    return changed


def preconditions(files: Mapping[str, str], steps: Sequence[Step]) -> tuple[tuple[str, str], ...]:
    """Return the digests of the files that the steps touch, as they are before."""
    paths = sorted({step.path for step in steps})
    return tuple((path, _sha256(files[path]) if path in files else "") for path in paths)


def _present(path: str, text: str | None) -> str:
    if text is None:
        raise ProposalError(f"{path} is not there")
    return text


def _dotted(address: Address) -> str:
    return ".".join(str(step) for step in address)


def _masked(value: Any) -> str:
    return "a date" if isinstance(value, date) else str(value)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
