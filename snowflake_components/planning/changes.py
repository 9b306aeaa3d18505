"""Plan what one object needs to be as its document says it: action, reasons, consequence, statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from snowflake_components.identifiers import OptionValue, option
from snowflake_components.planning.differences import Difference, Found, differences, kept_words, shown_differences
from snowflake_components.planning.marks import marked
from snowflake_components.statements.changes import (
    ReplaceExternalTable,
    SetAutoRefresh,
    SetProperties,
    SetTableComment,
)
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.kinds import Definition, Statement
from snowflake_components.statements.stages import CreateStage


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


def plan_change(
    definition: Definition, found: Found | None, *, moves: Iterable[str] = (), adopt: bool = False
) -> Change:
    """Plan one object.

    Args:
        definition: of the document.
        found: the object of exactly this name; None when there is none.
        moves: reasons why an external table becomes invalid by the plan of its stage.
        adopt: take a table without a mark as what the document says, where a person knows that it is.
    """
    if found is None:
        return Change(definition, Action.CREATE, statements=(marked(definition),))
    has_mark = found.mark is not None
    wanted = differences(definition, found) if has_mark else shown_differences(definition, found)
    marking = marked(definition, kept_words(definition, found))
    if isinstance(definition, CreateStage) and isinstance(marking, CreateStage):
        return _stage(definition, marking, wanted, has_mark=has_mark)
    if not isinstance(definition, CreateExternalTable) or not isinstance(marking, CreateExternalTable):
        raise TypeError(f"no plan for a {definition.object_type}")
    forced = [*([f"it is invalid: {found.invalid.rstrip('.')}"] if found.invalid else []), *moves]
    if not has_mark and not adopt:
        forced.insert(0, NO_MARK)
    return _external_table(definition, marking, wanted, forced, has_mark=has_mark)


def _stage(definition: CreateStage, marking: CreateStage, wanted: Sequence[Difference], *, has_mark: bool) -> Change:
    fields = {one.field for one in wanted}
    reasons = (*([] if has_mark else [NO_MARK]), *map(str, wanted))
    if not reasons:
        return Change(definition, Action.UNCHANGED)
    if "storage_integration" in fields and definition.storage_integration is None:
        return Change(
            definition,
            Action.BY_HAND,
            reasons,
            "Snowflake cannot take an integration from a stage: create the stage again (CREATE OR REPLACE STAGE), and "
            "then each external table over it",
        )
    statements = tuple(_set_stage(marking, fields, has_mark=has_mark))
    if "url" in fields:
        said = "External tables over the stage become invalid and must be replaced, and pipes stop"
        return Change(definition, Action.MOVE, reasons, said, statements)
    return Change(definition, Action.ALTER, reasons, statements=statements)


def _set_stage(marking: CreateStage, fields: set[str], *, has_mark: bool) -> Iterator[Statement]:
    """Yield the statements; the one with the mark is the last."""
    clauses = marking.fields
    if "directory" in fields or not has_mark:
        # REFRESH_ON_CREATE is of the creation
        is_enabled = marking.directory_auto_refresh is not None
        auto: dict[str, OptionValue] = {"AUTO_REFRESH": bool(marking.directory_auto_refresh)} if is_enabled else {}
        yield SetProperties(marking.object_type, marking.name, (option("DIRECTORY", {"ENABLE": is_enabled, **auto}),))
    properties = [
        clauses[field] or "FILE_FORMAT = (TYPE = CSV)"  # the default of a stage
        for field in ("url", "storage_integration", "file_format")
        if field in fields or (not has_mark and clauses[field])
    ]
    yield SetProperties(marking.object_type, marking.name, (*properties, clauses["comment"]))


def _external_table(
    definition: CreateExternalTable,
    marking: CreateExternalTable,
    wanted: Sequence[Difference],
    forced: Sequence[str],
    *,
    has_mark: bool,
) -> Change:
    fields = {one.field for one in wanted}
    reasons = (*forced, *map(str, wanted))
    if not reasons and has_mark:
        return Change(definition, Action.UNCHANGED)
    if forced or fields - {"comment", "auto_refresh"}:
        said = "Its registered files are registered again, path by path; queries in between see fewer rows"
        return Change(definition, Action.REPLACE, reasons, said, (ReplaceExternalTable(marking),))
    statements: list[Statement] = []
    if "auto_refresh" in fields:
        statements.append(SetAutoRefresh(definition.name, definition.auto_refresh))
    statements.append(SetTableComment(definition.name, marking.comment or ""))
    return Change(definition, Action.ALTER, reasons or ("taken over without a mark",), statements=tuple(statements))
