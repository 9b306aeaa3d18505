"""Replace DIRECTORY(@stage) and TABLE(... EXTERNAL_TABLE_FILES(...)) by queries of the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.local_snowflake.language.names import PartialName, literal, quote
from infra.local_snowflake.language.parsing.storage.stages import stage_path
from infra.local_snowflake.language.statements import StagePath
from infra.local_snowflake.language.tokens import Edit, Reader, Token, apply
from infra.local_snowflake.objects.stored import DATABASE

_FILES = f"{quote(DATABASE)}.{quote('main')}.{quote('shown_files')}"


@dataclass(frozen=True, slots=True)
class FileLists:
    """Functions that find the lists of files.

    Args:
        directory: returns id, URL and prefix in the bucket of a stage.
        table_id: returns the id of an external table.
    """

    directory: Callable[[StagePath], tuple[str, str, str]]
    table_id: Callable[[PartialName], str]


def with_file_lists(sql: str, lists: FileLists) -> str:
    """Return the statement with DIRECTORY(@stage) and TABLE(...EXTERNAL_TABLE_FILES(...)) read from the registry."""
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
    below = f"substr(FILE_NAME, {len(prefix) + 1})"
    if prefix and not prefix.endswith("/"):
        below = f"CASE WHEN {below} LIKE '/%' THEN substr(FILE_NAME, {len(prefix) + 2}) ELSE {below} END"
    columns = (
        f"{below} AS RELATIVE_PATH, FILE_SIZE AS SIZE, LAST_MODIFIED, MD5, ETAG, "
        f"{literal(url.removesuffix(prefix))} || FILE_NAME AS FILE_URL"
    )
    return _read(columns, stage_id, first, end)


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
    columns = "FILE_NAME, REGISTERED_ON, FILE_SIZE, LAST_MODIFIED, ETAG, MD5"
    return _read(columns, table_id, first, end)


def _read(columns: str, owner: str, first: Token, last: Token | None) -> Edit:
    end = last.end if last else first.end
    return Edit(first.start, end, f"(SELECT {columns} FROM {_FILES} WHERE owner = '{owner}')")  # noqa: S608 - an id of ours
