"""Find the columns of tables where they are written: file, line, and text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from snowflake_components.authoring.written import TYPE
from snowflake_components.documents.files import yaml_files

ROOTS = {"external table": "value", "table": "$1"}
"""What a line is in the expressions of a kind of object."""


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """A column as its document writes it; `line` is counted from 1."""

    name: str
    type: str
    expression: str
    not_null: bool
    line: int


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """An external table or a table.

    Args:
        name: of the document.
        kind: of the object, as `type` has it.
        line: where its document begins.
        columns: in order.
        node: the YAML of the columns; None where they are no list.
    """

    name: str
    kind: str
    line: int
    columns: tuple[WrittenColumn, ...]
    node: Any


def written_tables(text: str) -> Iterator[WrittenTable]:
    """Find the tables of a file of documents; it is not validated."""
    for node in yaml.compose_all(text, yaml.SafeLoader):
        document = _fields(node)
        attributes = _fields(document.get("attributes"))
        kind = _text(attributes.get("type"))
        if _text(document.get("type")) != TYPE or kind not in ROOTS:
            continue
        columns = attributes.get("columns") or _fields(attributes.get("options")).get("columns")
        listed = columns if isinstance(columns, yaml.SequenceNode) else None
        found = tuple(_column(item) for item in listed.value) if listed else ()
        yield WrittenTable(_text(attributes.get("name")), kind, node.start_mark.line + 1, found, listed)


def read_written_tables(folder: Path) -> Iterator[tuple[Path, WrittenTable]]:
    """Find the tables of every file of documents below a folder."""
    for file in yaml_files(folder):
        for table in written_tables(file.read_text(encoding="utf-8")):
            yield file, table


def _column(item: Any) -> WrittenColumn:
    fields = {name: _text(value) for name, value in _fields(item).items()}
    return WrittenColumn(
        fields.get("name", ""),
        fields.get("type", ""),
        fields.get("as", ""),
        fields.get("not_null", "").lower() == "true",
        item.start_mark.line + 1,
    )


def _fields(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {_text(key): value for key, value in node.value}


def _text(node: Any) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
