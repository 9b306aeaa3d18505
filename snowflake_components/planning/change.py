"""The change that one object needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from snowflake_components.identifiers import QualifiedName
from snowflake_components.statements.kinds import Definition, Statement


class Action(StrEnum):
    """What an object needs."""

    UNCHANGED = "unchanged"
    CREATE = "create"
    ALTER = "alter"
    RENAME = "rename"
    REPLACE = "replace"
    MOVE = "move"
    BY_HAND = "by hand"


_NEEDED = {
    Action.UNCHANGED: "no change",
    Action.CREATE: "to be created",
    Action.ALTER: "to be altered",
    Action.RENAME: "to be renamed",
    Action.REPLACE: "to be replaced",
    Action.MOVE: "to be moved",
    Action.BY_HAND: "a change by hand",
}
_BREAKING = frozenset({Action.RENAME, Action.REPLACE, Action.MOVE})
NO_MARK = "it has no mark: something else made it, or its comment was replaced"


@dataclass(frozen=True, slots=True)
class Change:
    """The plan of one object.

    Args:
        definition: of its document.
        action: what it needs.
        reasons: fields that differ; none for an object that is absent or unchanged.
        risk: what the action does beside the change, in one sentence; empty when it does nothing else.
        statements: in the order in which they are sent; the mark is written by the last one.
        former: the name that the object has in the account, where a document renames it.
        dependents: what reads the object or may use it, where the action touches that.
    """

    definition: Definition
    action: Action
    reasons: tuple[str, ...] = ()
    risk: str = ""
    statements: tuple[Statement, ...] = ()
    former: QualifiedName | None = None
    dependents: tuple[str, ...] = ()

    @property
    def present_name(self) -> QualifiedName:
        """The name that the object has before the change."""
        return self.former or self.definition.name

    @property
    def is_breaking(self) -> bool:
        """Whether something is lost or unreadable in between, so that a person must allow it."""
        return self.action in _BREAKING

    @property
    def touches_dependents(self) -> bool:
        """Whether those who read the object notice the change."""
        return self.is_breaking or self.action is Action.BY_HAND

    @property
    def said(self) -> str:
        """The plan in one line."""
        name = f"{self.definition.object_type} {self.definition.name}"
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        risk = f". {self.risk}" if self.risk else ""
        depends = f". On it depend: {', '.join(self.dependents)}" if self.dependents else ""
        return f"{name} needs {_NEEDED[self.action]}{why}{risk}{depends}"
