"""The findings of an audit: a closed list of codes. `docs/ledger.md` has cause and repair of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

KEPT_PER_CODE = 200
"""Findings of one code that are kept; all are counted. One damaged object can have a million bad lines."""


class Code(StrEnum):
    """The code of a finding; published codes keep their meaning."""

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
    OTHER_TOPIC = "other_topic"
    FORMER_TOPIC = "former_topic"
    DAY_DIFFERS = "day_differs"


WARNINGS = frozenset({Code.OBJECT_PENDING, Code.FORMER_TOPIC})
"""The first is normal for a moment, and worth a look when it stays; the second says what cannot be compared."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong.

    Args:
        code: the kind of finding.
        where: an object's key, with `:line` where a line is meant, or `topic[partition]`.
        what: offsets, epochs and numbers; continues the sentence after `where`.
    """

    code: Code
    where: str
    what: str

    @property
    def is_error(self) -> bool:
        """Whether it is an error, not a warning."""
        return self.code not in WARNINGS

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.what}"


class Findings:
    """Collect findings: all are counted, the first `KEPT_PER_CODE` of each code are kept."""

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
        """Count the findings that are errors."""
        return sum(count for code, count in self.counts.items() if code not in WARNINGS)
