"""Read an object of the account as the options that a document would have; what a document lacks is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from snowflake_components.describing.ddl import ColumnDdl, read_ddl
from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.describing.file_formats import format_fields, options_in_json, options_in_rows
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.marks import split_comment
from snowflake_components.statements.descriptions import Describe, ExternalTableDdlOf
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.work import QueryResult

Send = Callable[[str], QueryResult]
Row = Mapping[str, Any]

_LOCATION = re.compile(r'@(?:"(?:[^"]|"")*"|[^/"])+/?(?P<path>.*)')
_TABLE_FLAGS = ("is_external", "is_iceberg", "is_dynamic", "is_event", "is_hybrid", "is_immutable")


@dataclass(frozen=True, slots=True)
class DescribedInAccount:
    """An object of the account, as a document would describe it.

    Args:
        object_type: its kind.
        name: its full name.
        options: of the document, without the comment; those of a table lack what is of its loads.
        words: its comment without a mark.
    """

    object_type: ObjectType
    name: QualifiedName
    options: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


def describe(send: Send, object_type: ObjectType, name: QualifiedName, row: Row) -> DescribedInAccount:
    """Describe an object.

    Args:
        send: executes a statement; a file format needs none, every other object one.
        object_type: its kind.
        name: its full name.
        row: of SHOW.

    Raises:
        NotDescribableError: it has something that no document expresses.
        SnowflakeError: Snowflake refused to describe it.
    """
    words, _ = split_comment(str(row.get("comment") or ""))
    options = _READERS[object_type](send, name, row)
    return DescribedInAccount(object_type, name, options, words)


def _file_format(_: Send, __: QualifiedName, row: Row) -> dict[str, Any]:
    if not row.get("format_options"):
        raise NotDescribableError("SHOW prints no options of it")
    return format_fields(options_in_json(str(row["format_options"])))


def _stage(send: Send, name: QualifiedName, row: Row) -> dict[str, Any]:
    kind = str(row.get("type") or "EXTERNAL").upper()
    if kind != "EXTERNAL":
        raise NotDescribableError(f"it is an {kind.lower()} stage" if kind[0] in "EI" else f"it is {kind.lower()}")
    for column, said in (("has_credentials", "credentials"), ("has_encryption_key", "an encryption key")):
        if str(row.get(column) or "N").upper() == "Y":
            raise NotDescribableError(f"it has {said}")
    if row.get("endpoint"):
        raise NotDescribableError(f"it has the endpoint {row['endpoint']}")
    rows = send(Describe(ObjectType.STAGE, name).sql).rows
    _refuse_copy_options(rows)
    options: dict[str, Any] = {"url": str(row["url"])}
    if integration := row.get("storage_integration"):
        options["storage_integration"] = Identifier(str(integration)).written
    directory = {str(one["property"]): str(one["property_value"]) for one in _of(rows, "DIRECTORY")}
    if directory.get("ENABLE") == "true":
        options["directory"] = {"enable": True} | (
            {"auto_refresh": True} if directory.get("AUTO_REFRESH") == "true" else {}
        )
    formats = _format(options_in_rows(_of(rows, "STAGE_FILE_FORMAT")), name)
    return options if formats == {"type": "CSV"} else options | {"file_format": formats}


def _external_table(send: Send, name: QualifiedName, row: Row) -> dict[str, Any]:
    if (table_format := str(row.get("table_format") or "UNSPECIFIED").upper()) not in {"UNSPECIFIED", "NONE"}:
        raise NotDescribableError(f"it is a table of {table_format}")
    found = read_ddl("".join(str(one["DDL"]) for one in send(ExternalTableDdlOf(name).sql).rows))
    properties = dict(found.properties)
    for known in ("LOCATION", "COMMENT", "REFRESH_ON_CREATE"):
        properties.pop(known, None)
    auto_refresh, pattern = properties.pop("AUTO_REFRESH", True), properties.pop("PATTERN", None)
    formats = properties.pop("FILE_FORMAT", {})
    if properties:
        raise NotDescribableError(f"it has {', '.join(sorted(properties))}")
    options: dict[str, Any] = {"location": _location(name, row)}
    if found.partition_by:
        options["partition_by"] = [one.written for one in found.partition_by]
    if columns := [_virtual_column(one) for one in found.columns if one.name.name != "VALUE"]:
        options["columns"] = columns
    options["file_format"] = _format(formats, name)
    return options | ({"pattern": pattern} if pattern else {}) | ({"auto_refresh": True} if auto_refresh else {})


def _table(send: Send, name: QualifiedName, row: Row) -> dict[str, Any]:
    kind = str(row.get("kind") or "TABLE").upper()
    if kind != "TABLE":
        raise NotDescribableError(f"it is a {kind.lower()} table")
    for flag in _TABLE_FLAGS:
        if str(row.get(flag) or "N").upper() == "Y":
            raise NotDescribableError(f"it is no plain table ({flag})")
    if row.get("cluster_by"):
        raise NotDescribableError(f"it has CLUSTER BY {row['cluster_by']}")
    return {"columns": [_column(one) for one in send(Describe(ObjectType.TABLE, name).sql).rows]}


_READERS: Mapping[ObjectType, Callable[[Send, QualifiedName, Row], dict[str, Any]]] = {
    ObjectType.FILE_FORMAT: _file_format,
    ObjectType.STAGE: _stage,
    ObjectType.EXTERNAL_TABLE: _external_table,
    ObjectType.TABLE: _table,
}


def _of(rows: tuple[Row, ...], parent: str) -> list[Row]:
    return [row for row in rows if row["parent_property"] == parent]


def _refuse_copy_options(rows: tuple[Row, ...]) -> None:
    for row in _of(rows, "STAGE_COPY_OPTIONS"):
        value, usual = (str(row[name] or "") for name in ("property_value", "property_default"))
        if value != usual:
            raise NotDescribableError(f"it has the copy option {row['property']} = {value}")


def _format(options: Mapping[str, Any], name: QualifiedName) -> dict[str, Any] | str:
    fields = format_fields(options)
    if "format_name" not in fields:
        return fields
    return QualifiedName.stored(fields["format_name"]).written_from(name)


def _location(name: QualifiedName, row: Row) -> str:
    stage = QualifiedName.stored(str(row["stage"]))
    match = _LOCATION.fullmatch(str(row["location"]))
    if match is None:
        raise NotDescribableError(f"its location is {row['location']}")
    path = match["path"]
    return f"@{stage.written_from(name)}" + (f"/{path.rstrip('/')}/" if path.strip("/") else "")


def _virtual_column(column: ColumnDdl) -> dict[str, Any]:
    if column.rest:
        raise NotDescribableError(f"its column {column.name.name} has {column.rest}")
    return {"name": column.name.written, "type": column.type_sql, "as": column.expression}


def _column(row: Row) -> dict[str, Any]:
    for key, said in _COLUMN_EXTRAS.items():
        value = str(row.get(key) or "")
        if value not in {"", "N"}:
            raise NotDescribableError(f"its column {row['name']} has {said}")
    column = {"name": Identifier(str(row["name"])).written, "type": str(row["type"])}
    return column | ({"not_null": True} if str(row["null?"]).upper() == "N" else {})


_COLUMN_EXTRAS = {
    "default": "a default",
    "primary key": "a primary key",
    "unique key": "a unique key",
    "check": "a check",
    "expression": "an expression",
    "comment": "a comment",
    "policy name": "a masking policy",
}
