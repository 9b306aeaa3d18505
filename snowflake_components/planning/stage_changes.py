"""Plan the change of a stage or a file format: most of it is set in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snowflake_components.identifiers import OptionValue, option
from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.differences import Difference
from snowflake_components.statements.changes import SetProperties
from snowflake_components.statements.file_formats import CreateFileFormat, default_of
from snowflake_components.statements.kinds import Statement
from snowflake_components.statements.stages import CreateStage


def plan_stage(
    definition: CreateStage, marking: CreateStage, wanted: Sequence[Difference], *, is_known: bool
) -> Change:
    """Plan a stage: all but its URL is set in place, and an integration cannot be taken from it."""
    fields = {one.field for one in wanted}
    reasons = (*([] if is_known else [NO_MARK]), *map(str, wanted))
    if "storage_integration" in fields and definition.storage_integration is None:
        return Change(
            definition,
            Action.BY_HAND,
            reasons,
            "Snowflake cannot take an integration from a stage: create the stage again (CREATE OR REPLACE STAGE), and "
            "then each external table over it",
        )
    statements = tuple(_set_stage(marking, fields, is_known=is_known))
    if "url" in fields:
        said = "External tables over the stage become invalid and must be replaced, and pipes stop"
        return Change(definition, Action.MOVE, reasons, said, statements)
    return Change(definition, Action.ALTER, reasons, statements=statements)


def _set_stage(marking: CreateStage, fields: set[str], *, is_known: bool) -> Iterator[Statement]:
    """Yield the statements; the one with the mark is the last."""
    clauses = marking.fields
    if "directory" in fields or not is_known:
        # REFRESH_ON_CREATE is of the creation
        is_enabled = marking.directory_auto_refresh is not None
        auto: dict[str, OptionValue] = {"AUTO_REFRESH": bool(marking.directory_auto_refresh)} if is_enabled else {}
        yield SetProperties(marking.object_type, marking.name, (option("DIRECTORY", {"ENABLE": is_enabled, **auto}),))
    properties = [
        clauses[field] or "FILE_FORMAT = (TYPE = CSV)"  # the default of a stage
        for field in ("url", "storage_integration", "file_format")
        if field in fields or (not is_known and clauses[field])
    ]
    yield SetProperties(marking.object_type, marking.name, (*properties, clauses["comment"]))


def plan_file_format(
    definition: CreateFileFormat, marking: CreateFileFormat, wanted: Sequence[Difference], *, is_known: bool
) -> Change:
    """Plan a file format: options are set in place, and a removed one is set to its default."""
    reasons = (*([] if is_known else [NO_MARK]), *map(str, wanted))
    fields = {one.field for one in wanted}
    if "type" in fields:
        said = (
            "Snowflake cannot alter the type: create the file format again (CREATE OR REPLACE FILE FORMAT), and then "
            "each external table that names it"
        )
        return Change(definition, Action.BY_HAND, reasons, said)
    clauses = marking.fields
    names = sorted(fields - {"comment"}) if is_known else [name for name in clauses if name not in {"type", "comment"}]
    options = [clauses.get(name) or _default(definition, name) for name in names]
    statement = SetProperties(marking.object_type, marking.name, (*options, clauses["comment"]))
    return Change(definition, Action.ALTER, reasons, statements=(statement,))


def _default(definition: CreateFileFormat, name: str) -> str:
    value = default_of(definition.shown["type"], name.upper())
    if value is None:
        raise ValueError(f"no default of {name}")
    return option(name.upper(), value)
