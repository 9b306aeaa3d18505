"""Turn the options of the YAML into the definition of an object: resolve names, render options, compute hours."""

from __future__ import annotations

from snowflake_components.documents.file_formats import FileFormatOptions
from snowflake_components.documents.options import Column, ExternalTableOptions, StageOptions, split_location
from snowflake_components.documents.tables import TableOptions
from snowflake_components.identifiers import Expression, Identifier, OptionValue, QualifiedName, StagePath
from snowflake_components.planning.hours import hour_of_path
from snowflake_components.planning.refreshes import ObjectSpec
from snowflake_components.statements.external_tables import CreateExternalTable, VirtualColumn
from snowflake_components.statements.file_formats import CreateFileFormat
from snowflake_components.statements.stages import CreateStage
from snowflake_components.statements.tables import CopyInto, CreateTable, TableColumn


class StageUrlUnknownError(ValueError):
    """A column is `hour_of_path`, and the URL of the stage is not known."""


Options = StageOptions | ExternalTableOptions | TableOptions | FileFormatOptions


def object_of(name: QualifiedName, role: Identifier | None, options: Options, stage_url: str | None) -> ObjectSpec:
    """Describe an object.

    Args:
        name: of the object; a stage or a file format without database or schema has those of the object.
        role: for its statements.
        options: of the YAML.
        stage_url: of its stage, if known; only `hour_of_path` needs it.

    Raises:
        StageUrlUnknownError: a column is `hour_of_path` and the URL is not known.
    """
    if isinstance(options, StageOptions):
        return stage_object(name, role, options)
    if isinstance(options, FileFormatOptions):
        return ObjectSpec(CreateFileFormat(name, options.rendered(), options.comment), role, refreshable=False)
    if isinstance(options, TableOptions):
        return table_object(name, role, options, stage_url)
    return external_table_object(name, role, options, stage_url)


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


def table_object(
    name: QualifiedName, role: Identifier | None, options: TableOptions, stage_url: str | None
) -> ObjectSpec:
    """Describe a table that is loaded from a stage.

    Raises:
        StageUrlUnknownError: a column is `hour_of_path` and the URL is not known.
    """
    stage, directory = split_location(options.location)
    url = options.stage_url or stage_url
    columns = tuple(
        TableColumn(column.name, column.type, _expression(column, url, directory), column.not_null)
        for column in options.columns
    )
    load = CopyInto(
        name,
        columns,
        StagePath(QualifiedName.parse(stage, name.database, name.schema), directory),
        options.file_format.clauses(name),
        options.on_error_sql,
        options.pattern,
        options.load_older_files,
    )
    return ObjectSpec(
        CreateTable(name, columns, options.comment),
        role,
        load=load,
        loads_older_files=options.load_older_files,
        rejected_rows_max=options.rejected_rows_max,
    )


def warnings_of(options: Options) -> list[str]:
    """List options that are allowed but probably mistakes."""
    found: list[str] = []
    if isinstance(options, FileFormatOptions):
        return found
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
    if not isinstance(spec.definition, CreateExternalTable | CreateTable):
        return []
    return [column.name.name for column in spec.definition.columns if not column.expression.complete]


def _column(column: Column, stage_url: str | None, directory: str) -> VirtualColumn:
    return VirtualColumn(column.name, column.type, _expression(column, stage_url, directory))


def _expression(column: Column, stage_url: str | None, directory: str) -> Expression:
    if column.hour_of_path:
        if stage_url is None:
            raise StageUrlUnknownError(
                f"column {column.name.name}: the position of the hour in the path follows from the stage's URL, and "
                "no document describes the stage; describe it, or write its URL as stage_url"
            )
        return hour_of_path(stage_url, directory, column.type)
    expression: Expression = column.as_
    return expression


def _stage_format(options: StageOptions, name: QualifiedName) -> dict[str, OptionValue] | None:
    if options.file_format is None:
        return None
    rendered = options.file_format.clauses(name)
    # documented for stages only, so it is not rendered for an external table
    if extension := options.file_extension or options.file_format.file_extension:
        rendered["FILE_EXTENSION"] = extension
    return rendered
