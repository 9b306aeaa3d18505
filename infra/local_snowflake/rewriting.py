"""Rewrite what fakesnow cannot read: table functions over the registry, temporary relations, MERGE's bare values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.local_snowflake.names import PartialName, literal, quote
from infra.local_snowflake.parsing import stage_path
from infra.local_snowflake.registry import DATABASE
from infra.local_snowflake.statements import StagePath
from infra.local_snowflake.tokens import Kind, Reader, Token

_FILES = f"{quote(DATABASE)}.{quote('main')}.{quote('files')}"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text in place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def apply(sql: str, edits: list[Edit]) -> str:
    """Make the edits, which do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        sql = sql[: edit.start] + edit.text + sql[edit.end :]
    return sql


def without_temporary(sql: str) -> str:
    """Let TEMPORARY tables and views be ordinary ones: DuckDB keeps temporary ones in a database of their own."""
    reader = Reader(sql)
    if not reader.accept("CREATE"):
        return sql
    reader.accept("OR", "REPLACE")
    first = reader.peek()
    _ = reader.accept("LOCAL") or reader.accept("GLOBAL")
    if first is None or not (reader.accept("TEMPORARY") or reader.accept("TEMP")):
        return sql
    following = reader.peek()
    if following is None or following.keyword not in {"TABLE", "VIEW"}:
        return sql
    return apply(sql, [Edit(first.start, following.start, "")])


def with_qualified_merge_values(sql: str) -> str:
    """Put the source's name before bare columns in MERGE ... INSERT (...) VALUES (...): DuckDB finds them ambiguous."""
    reader = Reader(sql)
    if not reader.accept("MERGE"):
        return sql
    while not reader.done and not reader.accept("USING"):
        reader.take()
    source = _source_name(reader)
    edits: list[Edit] = []
    while not reader.done:
        if reader.accept("VALUES"):
            edits += _bare_columns(reader, source)
        else:
            reader.take()
    return apply(sql, edits)


def _source_name(reader: Reader) -> str:
    token = reader.peek()
    if token is not None and token.text == "(":
        reader.take()
        reader.span(")")
        reader.take()
        name = ""
    else:
        name = quote(reader.name().parts[-1])
    reader.accept("AS")
    token = reader.peek()
    if token is not None and token.is_name and token.keyword != "ON":
        name = reader.take().text
    return name


def _bare_columns(reader: Reader, source: str) -> list[Edit]:
    edits = []
    for _ in reader.group():
        first = reader.take()
        following = reader.peek()
        if first.is_name and following is not None and following.text in {",", ")"}:
            if first.keyword not in {"NULL", "TRUE", "FALSE", "DEFAULT", "CURRENT_TIMESTAMP", "CURRENT_DATE"}:
                edits.append(Edit(first.start, first.start, f"{source}."))
        elif following is not None and following.text not in {",", ")"}:
            reader.span(",")
    return edits


@dataclass(frozen=True, slots=True)
class FileLists:
    """Where the lists of files are found.

    Args:
        stage_files: gives the SQL of a stage's directory table.
        table_files: gives the id of an external table.
    """

    directory: Callable[[StagePath], tuple[str, str, str]]
    table_id: Callable[[PartialName], str]


def with_file_lists(sql: str, lists: FileLists) -> str:
    """Read DIRECTORY(@stage) and TABLE(...EXTERNAL_TABLE_FILES(TABLE_NAME => '...')) from the registry."""
    if "DIRECTORY" not in sql.upper() and "EXTERNAL_TABLE_FILES" not in sql.upper():
        return sql
    reader = Reader(sql)
    edits: list[Edit] = []
    while not reader.done:
        token = reader.take()
        if token.keyword == "DIRECTORY" and _follows(reader, "(", "@"):
            edits.append(_directory(reader, token, lists))
        elif token.keyword == "TABLE" and _follows(reader, "("):
            edit = _external_table_files(reader, token, lists)
            edits += [edit] if edit else []
    return apply(sql, edits)


def _follows(reader: Reader, *texts: str) -> bool:
    return all((token := reader.peek(ahead)) and token.text == text for ahead, text in enumerate(texts))


def _directory(reader: Reader, first: Token, lists: FileLists) -> Edit:
    reader.expect("(")
    stage_id, url, prefix = lists.directory(stage_path(reader))
    end = reader.peek()
    reader.expect(")")
    below = f"substr(file_name, {len(prefix) + 1})"
    columns = (
        f"{below} AS RELATIVE_PATH, file_size AS SIZE, last_modified AS LAST_MODIFIED, etag AS MD5, etag AS ETAG, "
        f"{literal(url)} || {below} AS FILE_URL"
    )
    return Edit(first.start, end.end if end else 0, f"(SELECT {columns} FROM {_FILES} WHERE owner = '{stage_id}')")


def _external_table_files(reader: Reader, first: Token, lists: FileLists) -> Edit | None:
    ahead = 1
    while (token := reader.peek(ahead)) and (token.is_name or token.text == "."):
        if token.keyword == "EXTERNAL_TABLE_FILES":
            break
        ahead += 1
    if token is None or token.keyword != "EXTERNAL_TABLE_FILES":
        return None
    for _ in range(ahead + 1):
        reader.take()
    reader.expect("(")
    if reader.accept("TABLE_NAME"):
        reader.expect("=>")
    table_id = lists.table_id(Reader(reader.string()).name())
    reader.expect(")")
    end = reader.peek()
    reader.expect(")")
    columns = (
        "file_name AS FILE_NAME, registered_on AS REGISTERED_ON, file_size AS FILE_SIZE, "
        "last_modified AS LAST_MODIFIED, etag AS ETAG, etag AS MD5"
    )
    return Edit(first.start, end.end if end else 0, f"(SELECT {columns} FROM {_FILES} WHERE owner = '{table_id}')")


_ = Kind
