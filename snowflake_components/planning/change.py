"""The change that one object needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from snowflake_components.statements.kinds import Definition, Statement


class Action(StrEnum):
    """What an object needs."""

    UNCHANGED = "unchanged"
    CREATE = "create"
    ALTER = "alter"
    REPLACE = "replace"
    MOVE = "move"
    BY_HAND = "by hand"


_NEEDED = {
    Action.UNCHANGED: "no change",
    Action.CREATE: "to be created",
    Action.ALTER: "to be altered",
    Action.REPLACE: "to be replaced",
    Action.MOVE: "to be moved",
    Action.BY_HAND: "a change by hand",
}
_BREAKING = frozenset({Action.REPLACE, Action.MOVE})
NO_MARK = "it has no mark: something else made it, or its comment was replaced"


@dataclass(frozen=True, slots=True)
class Change:
    """The plan of one object.

    Args:
        definition: of its document.
        action: what it needs.
        reasons: fields that differ; none for an object that is absent or unchanged.
        consequence: what the action does beside the change, in one sentence; empty when it does nothing else.
        statements: in the order in which they are sent; the mark is written by the last one.
    """

    definition: Definition
    action: Action
    reasons: tuple[str, ...] = ()
    consequence: str = ""
    statements: tuple[Statement, ...] = ()

    @property
    def is_breaking(self) -> bool:
        """Whether something is lost in between, so that a person must allow it."""
        return self.action in _BREAKING

    @property
    def said(self) -> str:
        """The plan in one line."""
        name = f"{self.definition.object_type} {self.definition.name}"
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"{name} needs {_NEEDED[self.action]}{why}" + (f". {self.consequence}" if self.consequence else "")
