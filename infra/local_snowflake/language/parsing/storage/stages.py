"""Parse CREATE, ALTER and LIST of stages."""

from __future__ import annotations

from typing import Any

from infra.local_snowflake.errors import NotSupportedError, SyntaxRefusedError
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.parsing.clauses import (
    Clause,
    clauses,
    file_format,
    integration,
    named,
    options,
    unsupported,
)
from infra.local_snowflake.language.statements import (
    AlterStage,
    CreateStage,
    Creation,
    Directory,
    ListStage,
    RefreshStage,
    StagePath,
)
from infra.local_snowflake.language.tokens import Kind, Reader

USER_STAGE = "~"
TABLE_STAGE_MARK = "%"
"""Begins the name of a table stage."""


def create_stage(reader: Reader, creation: Creation, *, temporary: bool = False) -> CreateStage:
    """Read CREATE STAGE after these words."""
    name, creation = named(reader, creation)
    return CreateStage(name, creation, temporary=temporary, **clauses(reader, _STAGE_CLAUSES))


def alter_stage(reader: Reader) -> AlterStage | RefreshStage:
    """Read ALTER STAGE: SET, UNSET, RENAME TO or REFRESH."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.accept("SET"):
        if reader.done:
            raise reader.unexpected()
        return AlterStage(name, if_exists, **clauses(reader, _STAGE_CLAUSES))
    if reader.accept("RENAME", "TO"):
        return AlterStage(name, if_exists, renamed=reader.name())
    if reader.accept("UNSET"):
        if not reader.accept("COMMENT"):
            raise NotSupportedError("Unsupported feature 'ALTER STAGE UNSET of another property than COMMENT'.")
        return AlterStage(name, if_exists, comment="")
    reader.expect("REFRESH")
    subpath = ""
    if reader.accept("SUBPATH"):
        reader.expect("=")
        subpath = reader.string()
    return RefreshStage(name, if_exists, subpath.lstrip("/"))


def list_stage(reader: Reader) -> ListStage:
    """Read LIST with its PATTERN."""
    location = stage_path(reader)
    return ListStage(location, pattern(reader))


def pattern(reader: Reader) -> str | None:
    """Read `PATTERN = '...'`, if it comes next."""
    if not reader.accept("PATTERN"):
        return None
    reader.expect("=")
    return reader.string()


def stage_path(reader: Reader) -> StagePath:
    """Parse `@stage/path`; within a string the path may have blanks."""
    token = reader.peek()
    if token is not None and token.kind is Kind.STRING:
        inner = Reader(reader.take().string)
        return StagePath(_stage_name(inner), inner.rest_text.lstrip("/"))
    return StagePath(_stage_name(reader), reader.adjacent().lstrip("/"))


def _stage_name(reader: Reader) -> PartialName:
    """Read a name after `@`: `~` is the stage of the user, `%t` the one of a table."""
    reader.expect("@")
    if reader.accept(USER_STAGE):
        return PartialName((USER_STAGE,))
    parts: list[str] = []
    while True:
        if reader.accept(TABLE_STAGE_MARK):
            return PartialName((*parts, TABLE_STAGE_MARK + reader.name().parts[-1]))
        token = reader.peek()
        if token is None or not token.is_name:
            raise reader.unexpected()
        parts.append(reader.take().name)
        if len(parts) == _PARTS_MAX or not reader.accept("."):
            return PartialName(tuple(parts))


_PARTS_MAX = 3


def _directory(reader: Reader) -> Directory:
    found: dict[str, bool] = {}
    for _ in reader.group():
        option = reader.take().keyword
        if option not in {"ENABLE", "AUTO_REFRESH", "REFRESH_ON_CREATE"}:
            raise SyntaxRefusedError(f"SQL compilation error:\ninvalid property '{option}' for 'DIRECTORY'.")
        reader.expect("=")
        found[option.lower()] = reader.boolean()
    return Directory(**found)


def _credentials(reader: Reader) -> bool:
    given: Any = options(reader)
    unknown = given.keys() - {"AWS_KEY_ID", "AWS_SECRET_KEY", "AWS_TOKEN", "AWS_ROLE"}
    if unknown:
        raise SyntaxRefusedError(f"SQL compilation error:\ninvalid property '{min(unknown)}' for 'CREDENTIALS'.")
    return bool(given)


_STAGE_CLAUSES: dict[str, Clause] = {
    "URL": Reader.string,
    "STORAGE_INTEGRATION": integration,
    "CREDENTIALS": _credentials,
    "ENCRYPTION": options,
    "DIRECTORY": _directory,
    "FILE_FORMAT": file_format,
    "COPY_OPTIONS": options,
    "COMMENT": Reader.string,
    "ENDPOINT": unsupported("ENDPOINT of an S3-compatible stage"),
    "AWS_ACCESS_POINT_ARN": unsupported("AWS_ACCESS_POINT_ARN"),
    "USE_PRIVATELINK_ENDPOINT": unsupported("USE_PRIVATELINK_ENDPOINT"),
    "TAG": unsupported("TAG"),
    "WITH": unsupported("TAG"),
    "CLONE": unsupported("CLONE of a stage"),
}
