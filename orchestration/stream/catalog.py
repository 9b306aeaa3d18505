"""All streams of the project, read from their documents alone, so that a command does not load the definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_shared.yaml_utils import parse_yamls_with_source_position

from orchestration.landing.clients.record_columns import ColumnMissingError, RecordColumns
from orchestration.landing.clients.snowflake import DescribedTable
from orchestration.stream.document import StreamDocument
from snowflake_components.component import key_part
from snowflake_components.documents.layout import one_layout
from snowflake_components.documents.messages import mistake
from snowflake_components.documents.reading import read_attributes, resolve_text
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.statements.kinds import ObjectType

DEFS = Path(__file__).parents[1] / "defs"
STREAM_TYPE = "orchestration.HourlyStreamComponent"
TABLE_TYPE = "snowflake_components.SnowflakeCreateOrRefreshComponent"


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One stream of the project.

    Args:
        document: of the stream.
        table: the external table that it feeds, as its document describes it.
    """

    document: StreamDocument
    table: DescribedTable


def read_streams(folder: Path = DEFS) -> tuple[StreamEntry, ...]:
    """Read every stream below a folder: the one with bare keys first, then by name.

    Raises:
        ResolutionException: all mistakes of a document, with file, line and field.
    """
    written = [found for file in sorted(folder.rglob("defs.yaml")) for found in written_documents(file)]
    tables = dict(_tables(written))
    found = [_entry(context, attributes, tables) for kind, context, attributes in written if kind == STREAM_TYPE]
    return tuple(sorted(found, key=lambda entry: (not entry.document.bare_keys, entry.document.name)))


Written = tuple[str, dg.ResolutionContext, Mapping[str, Any]]
"""The type of a document, the context of its attributes, and the attributes as written."""


WrittenTable = tuple[QualifiedName, Mapping[str, str]]
"""The place of an external table, and its columns as name and expression."""


def written_documents(file: Path) -> Iterator[Written]:
    """Yield the documents of a file, whatever their types."""
    for tree in parse_yamls_with_source_position(file.read_text(encoding="utf-8"), str(file)):
        value = tree.value if isinstance(tree.value, Mapping) else {}
        context = dg.ResolutionContext.default(tree.source_position_tree)
        yield str(value.get("type")), context.at_path("attributes"), value.get("attributes") or {}


def _entry(
    context: dg.ResolutionContext,
    attributes: Mapping[str, Any],
    tables: Mapping[dg.AssetKey, WrittenTable],
) -> StreamEntry:
    document = read_attributes(context, StreamDocument, attributes)
    if document.table not in tables:
        raise mistake(context, ["table"], f"no document describes the external table {document.table.to_user_string()}")
    name, columns = tables[document.table]
    try:
        return StreamEntry(document, DescribedTable(name, RecordColumns.of(columns)))
    except ColumnMissingError as exc:
        raise mistake(context, ["table"], str(exc)) from exc


def _tables(written: list[Written]) -> Iterator[tuple[dg.AssetKey, WrittenTable]]:
    """Yield asset key, place and columns of every external table; its component reports what is wrong in it."""
    for kind, context, attributes in written:
        names = [attributes.get(name) for name in ("database_name", "schema_name", "name")]
        is_table = kind == TABLE_TYPE and attributes.get("type") == ObjectType.EXTERNAL_TABLE
        if not is_table or not all(isinstance(name, str) for name in names):
            continue
        database, schema, name = map(str, names)
        targets = [
            resolve_text(context.at_path(target), attributes.get(target))
            for target in ("target_database", "target_schema")
        ]
        place = (str(targets[0] or database), str(targets[1] or schema), name)
        columns = one_layout(attributes).get("options", {}).get("columns", [])
        yield (
            dg.AssetKey([key_part(part) for part in (database, schema, name)]),
            (
                QualifiedName(*map(Identifier.parse, place)),
                {str(column["name"]): str(column["as"]) for column in columns if {"name", "as"} <= column.keys()},
            ),
        )
