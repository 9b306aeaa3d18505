"""Plan the change of a table or an external table."""

from __future__ import annotations

from collections.abc import Sequence

from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.differences import Difference
from snowflake_components.statements.changes import ReplaceExternalTable, SetAutoRefresh, SetTableComment
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.kinds import Statement
from snowflake_components.statements.tables import AddColumns, CreateTable


def plan_external_table(
    definition: CreateExternalTable,
    marking: CreateExternalTable,
    wanted: Sequence[Difference],
    forced: Sequence[str],
    *,
    has_mark: bool,
) -> Change:
    """Plan an external table: Snowflake alters its comment and its notifications alone, the rest is a replacement."""
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


def plan_table(
    definition: CreateTable, comment: str, wanted: Sequence[Difference], *, has_mark: bool, adopt: bool
) -> Change:
    """Plan a table: columns are added, and what would change or lose its rows is left to a person."""
    reasons = (*([] if has_mark or adopt else [NO_MARK]), *map(str, wanted))
    if not reasons and has_mark:
        return Change(definition, Action.UNCHANGED)
    columns = next((one for one in wanted if one.field == "columns"), None)
    if (not has_mark and not adopt) or (columns and not columns.added and columns.reason != "another order"):
        said = "Its rows would change or be lost: alter the table by hand, then `apply --adopt`"
        return Change(definition, Action.BY_HAND, reasons, said)
    added = tuple(column for column in definition.columns if columns and column.name.name in columns.added)
    statements: list[Statement] = [AddColumns(definition.name, added)] if added else []
    statements.append(SetTableComment(definition.name, comment))
    said = "Rows that are there have NULL in the added columns" if added else ""
    return Change(definition, Action.ALTER, reasons or ("taken over without a mark",), said, tuple(statements))
