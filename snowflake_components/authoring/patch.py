"""Write proposed columns into a document, as a patch: nothing else of the file changes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from snowflake_components.authoring.columns import Proposal, missing
from snowflake_components.authoring.tables import ROOTS, WrittenTable, written_tables
from snowflake_components.errors import SnowflakeError


class NoSuchTableError(SnowflakeError):
    """The file has no document of the table, or its columns cannot be extended."""


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
    new = missing(proposals, (column.expression for column in found.columns))
    last = found.node.value[-1]
    lines = text.splitlines(keepends=True)
    # a mark behind a block of YAML lies at the next token, so the last line with content is looked for
    end = last.end_mark.line if last.end_mark.column else last.end_mark.line - 1
    while not lines[end].strip() or lines[end].lstrip().startswith("#"):
        end -= 1
    indent = " " * (last.start_mark.column - len("- "))
    added = [f"{indent}{one.item(ROOTS[found.kind])}\n" for one in new]
    patched = [*lines[: end + 1], *added, *lines[end + 1 :]]
    return "".join(difflib.unified_diff(lines, patched, f"a/{file}", f"b/{file}"))


def _find(file: Path, text: str, name: str) -> WrittenTable:
    for table in written_tables(text):
        if table.name != name:
            continue
        if not table.columns or table.node.flow_style:
            where = f"{file}:{table.line}"
            raise NoSuchTableError(f"{where}: write at least one item below columns, each on a line of its own")
        return table
    raise NoSuchTableError(f"{file} has no document of an external table or a table with the name {name}")
