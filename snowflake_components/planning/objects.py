"""Turn the options of the YAML into the definition of an object: resolve names, render options, compute hours."""

from __future__ import annotations

from snowflake_components.documents.options import Column, ExternalTableOptions, StageOptions, split_location
from snowflake_components.identifiers import Expression, Identifier, OptionValue, QualifiedName, StagePath
from snowflake_components.planning.hours import hour_of_path
from snowflake_components.planning.refreshes import ObjectSpec
from snowflake_components.statements.external_tables import CreateExternalTable, VirtualColumn
from snowflake_components.statements.stages import CreateStage


class StageUrlUnknownError(ValueError):
    """A column is `hour_of_path`, and the URL of the stage is not known."""


def stage_object(name: QualifiedName, role: Identifier | None, options: StageOptions) -> ObjectSpec:
    """Describe a stage."""
    directory = options.directory if options.directory_enabled else None
    definition = CreateStage(
        name,
        options.url,
        storage_integration=options.storage_integration,
        directory_auto_refresh=directory.auto_refresh if directory else None,
        file_format=_stage_format(options, name),
        comment=options.comment,
    )
    return ObjectSpec(
        definition,
        role,
        refreshable=directory is not None,
        refresh_on_create=directory is not None and directory.refresh_on_create,
    )


def external_table_object(
    name: QualifiedName, role: Identifier | None, options: ExternalTableOptions, stage_url: str | None
) -> ObjectSpec:
    """Describe an external table.

    Args:
        name: of the table; a stage without database or schema has those of the table.
        role: for its statements.
        options: of the YAML.
        stage_url: of its stage, if known; only `hour_of_path` needs it.

    Raises:
        StageUrlUnknownError: a column is `hour_of_path` and the URL is not known.
    """
    stage, directory = split_location(options.location)
    url = options.stage_url or stage_url
    definition = CreateExternalTable(
        name,
        columns=tuple(_column(column, url, directory) for column in options.columns),
        location=StagePath(QualifiedName.parse(stage, name.database, name.schema), directory),
        file_format=options.file_format.clauses(name),
        partition_by=tuple(options.partition_by),
        pattern=options.pattern,
        auto_refresh=options.auto_refresh,
        comment=options.comment,
    )
    return ObjectSpec(definition, role, refresh_on_create=options.refresh_on_create)


def warnings_of(options: StageOptions | ExternalTableOptions) -> list[str]:
    """List options that are allowed but probably mistakes."""
    found = []
    formats = options.file_format
    extensions = {getattr(options, "file_extension", None), formats.file_extension if formats else None}
    lines = ".jsonl" in extensions or ".jsonl" in (getattr(options, "pattern", None) or "").replace("[.]", ".")
    if formats and formats.strip_outer_array and lines:
        found.append(
            "strip_outer_array is for files that are one array; a .jsonl file has one object per line and no array"
        )
    if isinstance(options, StageOptions) and not options.url.endswith("/"):
        found.append(
            f"the url {options.url} has no slash at its end: it is a prefix, and includes every key that begins with it"
        )
    cut = (column.name.name for column in getattr(options, "columns", []) if not column.as_.complete)
    return found + [f"the expression of column {name} is cut with '...'; write it out to run it" for name in cut]


def incomplete_columns(spec: ObjectSpec) -> list[str]:
    """Return the columns whose expression has an ellipsis; such an object cannot be created."""
    if isinstance(spec.definition, CreateStage):
        return []
    return [column.name.name for column in spec.definition.columns if not column.expression.complete]


def _column(column: Column, stage_url: str | None, directory: str) -> VirtualColumn:
    expression: Expression = column.as_
    if column.hour_of_path:
        if stage_url is None:
            raise StageUrlUnknownError(
                f"column {column.name.name}: the position of the hour in the path follows from the stage's URL, and "
                "no document describes the stage; describe it, or write its URL as stage_url"
            )
        expression = hour_of_path(stage_url, directory, column.type)
    return VirtualColumn(column.name, column.type, expression)


def _stage_format(options: StageOptions, name: QualifiedName) -> dict[str, OptionValue] | None:
    if options.file_format is None:
        return None
    rendered = options.file_format.clauses(name)
    # documented for stages only, so it is not rendered for an external table
    if extension := options.file_extension or options.file_format.file_extension:
        rendered["FILE_EXTENSION"] = extension
    return rendered
