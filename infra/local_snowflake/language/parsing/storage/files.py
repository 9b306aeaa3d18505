"""Parse PUT, GET and REMOVE."""

from __future__ import annotations

import re

from infra.local_snowflake.errors import SyntaxRefusedError
from infra.local_snowflake.language.file_statements import GetFiles, PutFiles, RemoveFiles
from infra.local_snowflake.language.parsing.storage.file_formats import properties
from infra.local_snowflake.language.parsing.storage.stages import pattern, stage_path
from infra.local_snowflake.language.tokens import Reader

_SKIPPED = r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*"
_LOCAL = r"(?P<file>'(?:[^'\\]|\\.|'')*'|file://[^\s;]*)"
_PUT = re.compile(rf"{_SKIPPED}PUT{_SKIPPED}{_LOCAL}", re.IGNORECASE | re.DOTALL)
_GET_TARGET = re.compile(rf"\s{_LOCAL}", re.IGNORECASE)


def put_files(sql: str) -> PutFiles:
    """Read PUT. Its path may be written without quotes, where `//` is no comment."""
    found = _PUT.match(sql)
    if not found:
        raise SyntaxRefusedError("SQL compilation error:\nsyntax error: PUT needs 'file://<path>' and a stage.")
    reader = Reader(sql[found.end() :])
    target = stage_path(reader)
    return PutFiles(_path(found["file"]), target, properties(reader))


def get_files(sql: str) -> GetFiles:
    """Read GET."""
    found = _GET_TARGET.search(sql)
    while found and "file://" not in found["file"].lower():
        found = _GET_TARGET.search(sql, found.end())
    if not found:
        raise SyntaxRefusedError("SQL compilation error:\nsyntax error: GET needs a stage and 'file://<path>'.")
    reader = Reader(sql[: found.start()])
    reader.expect("GET")
    source = stage_path(reader)
    reader.expect_end()
    return GetFiles(source, _path(found["file"]), properties(Reader(sql[found.end() :])))


def _path(text: str) -> str:
    path = Reader(text).string() if text.startswith("'") else text
    if not path.lower().startswith("file://"):
        raise SyntaxRefusedError(f"SQL compilation error:\nsyntax error: '{path}' must begin with file://.")
    return path[len("file://") :]


def remove_files(reader: Reader) -> RemoveFiles:
    """Read REMOVE or RM with its PATTERN."""
    source = stage_path(reader)
    return RemoveFiles(source, pattern(reader))
