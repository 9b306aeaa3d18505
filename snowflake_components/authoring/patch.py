"""Write proposed columns into a document, as a patch: nothing else of the file changes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from snowflake_components.applying.project import TYPE
from snowflake_components.authoring.columns import Proposal, missing
from snowflake_components.errors import SnowflakeError

_ROOTS = {"external table": "value", "table": "$1"}


class NoSuchTableError(SnowflakeError):
    """The file has no document of the table, or its columns cannot be extended."""


@dataclass(frozen=True, slots=True)
class _Table:
    kind: str
    expressions: tuple[str, ...]
    columns: Any


def patch(file: Path, table: str, proposals: Sequence[Proposal]) -> str:
    """Return a unified diff that adds the columns that the document lacks; empty when it lacks none.

    Args:
        file: with the document.
        table: `name` of the document.
        proposals: from the lines.

    Raises:
        NoSuchTableError: no document of an external table or a table with this name, or without a list of columns.
    """
    text = file.read_text(encoding="utf-8")
    found = _find(file, text, table)
    new = missing(proposals, found.expressions)
    last = found.columns.value[-1]
    lines = text.splitlines(keepends=True)
    # a mark behind a block of YAML stands at the next token, so the last line with content is looked for
    end = last.end_mark.line if last.end_mark.column else last.end_mark.line - 1
    while not lines[end].strip() or lines[end].lstrip().startswith("#"):
        end -= 1
    indent = " " * (last.start_mark.column - len("- "))
    added = [f"{indent}{one.item(_ROOTS[found.kind])}\n" for one in new]
    patched = [*lines[: end + 1], *added, *lines[end + 1 :]]
    return "".join(difflib.unified_diff(lines, patched, f"a/{file}", f"b/{file}"))


def _find(file: Path, text: str, table: str) -> _Table:
    for node in yaml.compose_all(text, yaml.SafeLoader):
        document = _fields(node)
        attributes = _fields(document.get("attributes"))
        if _text(document.get("type")) != TYPE or _text(attributes.get("name")) != table:
            continue
        kind = _text(attributes.get("type"))
        columns = attributes.get("columns") or _fields(attributes.get("options")).get("columns")
        if kind not in _ROOTS:
            continue
        if not isinstance(columns, yaml.SequenceNode) or columns.flow_style or not columns.value:
            line = node.start_mark.line + 1
            raise NoSuchTableError(f"{file}:{line}: write at least one item below columns, each on a line of its own")
        expressions = tuple(_text(_fields(item).get("as")) for item in columns.value)
        return _Table(kind, expressions, columns)
    raise NoSuchTableError(f"{file} has no document of an external table or a table with the name {table}")


def _fields(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {_text(key): value for key, value in node.value}


def _text(node: Any) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
