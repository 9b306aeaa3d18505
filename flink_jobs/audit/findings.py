"""What an audit can find: a closed list of codes. `docs/ledger.md` tells the cause and the repair of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

KEPT_PER_CODE = 200
"""Findings of one code that are kept in words; all are counted. One broken object can break a million lines."""


class Code(StrEnum):
    """The name of a finding; once published it keeps its meaning."""

    ENTRY_UNREADABLE = "entry_unreadable"
    ENTRY_WRONG = "entry_wrong"
    GAP = "gap"
    OVERLAP = "overlap"
    FOREIGN_KEY = "foreign_key"
    OBJECT_MISSING = "object_missing"
    OBJECT_TWICE = "object_twice"
    OBJECT_UNPROMISED = "object_unpromised"
    OBJECT_PENDING = "object_pending"
    OBJECT_EMPTY = "object_empty"
    OBJECT_UNREADABLE = "object_unreadable"
    OBJECT_CHANGED = "object_changed"
    LINE_UNREADABLE = "line_unreadable"
    LINE_UNFINISHED = "line_unfinished"
    WRONG_HOUR = "wrong_hour"
    DOUBLED = "doubled"
    CELL_DIFFERS = "cell_differs"
    REASONS_DIFFER = "reasons_differ"
    HOLE_READABLE = "hole_readable"
    NEVER_LANDED = "never_landed"
    BEYOND_BROKER = "beyond_broker"


WARNINGS = frozenset({Code.OBJECT_PENDING})
"""What is normal for a moment, and worth to be seen when it stays."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong.

    Args:
        code: which kind of wrong.
        where: an object's key, with `:line` where a line is meant, or `topic[partition]`.
        what: the offsets, epochs, numbers; reads on after `where`.
    """

    code: Code
    where: str
    what: str

    @property
    def is_error(self) -> bool:
        """Tell errors from warnings."""
        return self.code not in WARNINGS

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.what}"


class Findings:
    """Collects findings: every one counts, of each code the first `KEPT_PER_CODE` are kept."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self.counts: Counter[Code] = Counter()
        self.kept: list[Finding] = []
        self.add(found)

    def add(self, found: Iterable[Finding]) -> None:
        """Add findings, in their order."""
        for finding in found:
            self.counts[finding.code] += 1
            if self.counts[finding.code] <= KEPT_PER_CODE:
                self.kept.append(finding)

    @property
    def errors(self) -> int:
        """Count the findings that are no warnings."""
        return sum(count for code, count in self.counts.items() if code not in WARNINGS)
