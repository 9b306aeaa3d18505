"""Plan the change of a table or an external table."""

from __future__ import annotations

from collections.abc import Sequence

from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.differences import Difference
from snowflake_components.statements.changes import (
    AddVirtualColumn,
    ReplaceExternalTable,
    SetAutoRefresh,
    SetTableComment,
)
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.kinds import Statement
from snowflake_components.statements.tables import AddColumns, CreateTable

_IN_PLACE = frozenset({"comment", "auto_refresh", "columns"})


def plan_external_table(
    definition: CreateExternalTable,
    marking: CreateExternalTable,
    wanted: Sequence[Difference],
    forced: Sequence[str],
) -> Change:
    """Plan an external table: Snowflake alters its comment and its notifications, and adds columns behind the others.

    The rest is a replacement.
    """
    reasons = (*forced, *map(str, wanted))
    columns = _of_columns(wanted)
    is_in_place = {one.field for one in wanted} <= _IN_PLACE and (columns is None or _is_appended(columns))
    if forced or not is_in_place:
        said = "Its registered files are registered again, path by path; queries in between see fewer rows"
        return Change(definition, Action.REPLACE, reasons, said, (ReplaceExternalTable(marking),))
    added = columns.added if columns else ()
    statements: list[Statement] = [
        AddVirtualColumn(definition.name, column) for column in definition.columns if column.name.name in added
    ]
    if any(one.field == "auto_refresh" for one in wanted):
        statements.append(SetAutoRefresh(definition.name, definition.auto_refresh))
    statements.append(SetTableComment(definition.name, marking.comment or ""))
    return Change(definition, Action.ALTER, reasons, statements=tuple(statements))


def plan_table(definition: CreateTable, comment: str, wanted: Sequence[Difference], *, is_known: bool) -> Change:
    """Plan a table: columns are added, and what would change or lose its rows is left to a person."""
    reasons = (*([] if is_known else [NO_MARK]), *map(str, wanted))
    columns = _of_columns(wanted)
    if not is_known or (columns and not columns.is_addition):
        said = "Its rows would change or be lost: alter the table by hand, then `apply --adopt`"
        return Change(definition, Action.BY_HAND, reasons, said)
    added = tuple(column for column in definition.columns if columns and column.name.name in columns.added)
    statements: list[Statement] = [AddColumns(definition.name, added)] if added else []
    statements.append(SetTableComment(definition.name, comment))
    said = "Rows that are there have NULL in the added columns" if added else ""
    return Change(definition, Action.ALTER, reasons, said, tuple(statements))


def _of_columns(wanted: Sequence[Difference]) -> Difference | None:
    return next((one for one in wanted if one.field == "columns"), None)


def _is_appended(columns: Difference) -> bool:
    return columns.is_addition and columns.is_at_end
