"""Plan what one object needs to be as its document says it."""

from __future__ import annotations

from collections.abc import Iterable

from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.differences import Found, differences, kept_words, shown_differences
from snowflake_components.planning.marks import marked
from snowflake_components.planning.stage_changes import plan_file_format, plan_stage
from snowflake_components.planning.table_changes import plan_external_table, plan_table
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.file_formats import CreateFileFormat
from snowflake_components.statements.kinds import Definition
from snowflake_components.statements.stages import CreateStage
from snowflake_components.statements.tables import CreateTable


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
        return plan_stage(definition, marking, wanted, has_mark=has_mark)
    if isinstance(definition, CreateFileFormat) and isinstance(marking, CreateFileFormat):
        return plan_file_format(definition, marking, wanted, has_mark=has_mark)
    if isinstance(definition, CreateTable):
        return plan_table(definition, marking.comment or "", wanted, has_mark=has_mark, adopt=adopt)
    if not isinstance(definition, CreateExternalTable) or not isinstance(marking, CreateExternalTable):
        raise TypeError(f"no plan for a {definition.object_type}")
    forced = [*([f"it is invalid: {found.invalid.rstrip('.')}"] if found.invalid else []), *moves]
    if not has_mark and not adopt:
        forced.insert(0, NO_MARK)
    return plan_external_table(definition, marking, wanted, forced, has_mark=has_mark)
