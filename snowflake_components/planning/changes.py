"""Plan what one object needs to be as its document says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.differences import Difference, Found, differences, kept_words
from snowflake_components.planning.marks import marked
from snowflake_components.planning.stage_changes import plan_file_format, plan_stage
from snowflake_components.planning.table_changes import plan_external_table, plan_table
from snowflake_components.statements.changes import SetProperties, SetTableComment
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.file_formats import CreateFileFormat
from snowflake_components.statements.kinds import Definition, ObjectType, Statement
from snowflake_components.statements.stages import CreateStage
from snowflake_components.statements.tables import CreateTable

_TABLES = frozenset({ObjectType.TABLE, ObjectType.EXTERNAL_TABLE})


def plan_change(
    definition: Definition, found: Found | None, *, moves: Iterable[str] = (), adopt: bool = False
) -> Change:
    """Plan one object.

    Args:
        definition: of the document.
        found: the object of exactly this name; None when there is none.
        moves: reasons why an external table becomes invalid by the plan of its stage.
        adopt: take an object without a mark as what the document says, as far as SHOW prints it, and write the mark.
    """
    if found is None:
        return Change(definition, Action.CREATE, statements=(marked(definition),))
    wanted = differences(definition, found)
    forced = [*([f"it is invalid: {found.invalid.rstrip('.')}"] if found.invalid else []), *moves]
    is_known = found.is_comparable or adopt
    marking = marked(definition, kept_words(definition, found))
    if is_known and not wanted and not forced:
        if found.mark is None and adopt:
            return Change(definition, Action.ALTER, ("taken over without a mark",), statements=(set_comment(marking),))
        return Change(definition, Action.UNCHANGED)
    if not is_known:
        forced.insert(0, NO_MARK)
    return _of_kind(definition, marking, wanted, forced, is_known=is_known)


def _of_kind(
    definition: Definition, marking: Definition, wanted: Sequence[Difference], forced: Sequence[str], *, is_known: bool
) -> Change:
    if isinstance(definition, CreateStage) and isinstance(marking, CreateStage):
        return plan_stage(definition, marking, wanted, is_known=is_known)
    if isinstance(definition, CreateFileFormat) and isinstance(marking, CreateFileFormat):
        return plan_file_format(definition, marking, wanted, is_known=is_known)
    if isinstance(definition, CreateExternalTable) and isinstance(marking, CreateExternalTable):
        return plan_external_table(definition, marking, wanted, forced)
    if isinstance(definition, CreateTable):
        return plan_table(definition, marking.comment or "", wanted, is_known=is_known)
    raise TypeError(f"no plan for a {definition.object_type}")


def set_comment(marking: Definition) -> Statement:
    """Return the statement that sets the comment of an object, with its mark."""
    if marking.object_type in _TABLES:
        return SetTableComment(marking.name, marking.comment or "")
    return SetProperties(marking.object_type, marking.name, (marking.fields["comment"],))
