"""Objects of ours without a document, and the documents that probably renamed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snowflake_components.identifiers import QualifiedName
from snowflake_components.planning.change import Action, Change
from snowflake_components.planning.marks import Mark, mark_of
from snowflake_components.statements.changes import Rename
from snowflake_components.statements.kinds import Definition, ObjectType

_RISK = "Whatever names it by its old name (views, queries, stages, pipes) does not find it any more"


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object with a mark of ours that no document describes; it is reported, and never dropped.

    Args:
        object_type: its kind.
        name: its full name.
        mark: of the document that made it.
        reason: why it is an orphan, and what to do.
        dependents: what reads it or may use it.
    """

    object_type: ObjectType
    name: QualifiedName
    mark: Mark
    reason: str = (
        "no document describes it: drop it by hand, or write its document again (`hourglass snowflake export`)"
    )
    dependents: tuple[str, ...] = ()


def former_of(definition: Definition, created: Sequence[Definition], orphans: Sequence[Orphan]) -> Orphan | None:
    """Return the orphan that a new document renames: exactly one has its mark, and no other new document has it.

    Args:
        definition: of a document whose object is absent.
        created: of all such documents.
        orphans: of the account.
    """
    mark = mark_of(definition)
    alike = [one for one in orphans if _is_alike(one, definition, mark)]
    rivals = [one for one in created if one.object_type is definition.object_type and mark_of(one) == mark]
    return alike[0] if len(alike) == len(rivals) == 1 else None


def rename_to(definition: Definition, former: Orphan) -> Change | None:
    """Return the change that renames an orphan; None for an external table, which Snowflake cannot rename."""
    if former.object_type is ObjectType.EXTERNAL_TABLE:
        return None
    statement = Rename(former.object_type, former.name, definition.name)
    reason = f"name ({former.name.name.name} in the account, not {definition.name.name.name})"
    return Change(definition, Action.RENAME, (reason,), _RISK, (statement,), former.name)


def _is_alike(orphan: Orphan, definition: Definition, mark: Mark) -> bool:
    there, wanted = orphan.name, definition.name
    is_near = (there.database, there.schema) == (wanted.database, wanted.schema)
    return is_near and orphan.object_type is definition.object_type and orphan.mark == mark
