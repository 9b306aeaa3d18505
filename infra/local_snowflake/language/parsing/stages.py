"""Parse CREATE, ALTER and LIST of stages."""

from __future__ import annotations

from infra.local_snowflake.errors import NotSupportedError, SyntaxRefusedError
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.parsing.clauses import Clause, clauses, file_format, integration, named
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


def create_stage(reader: Reader, creation: Creation) -> CreateStage | None:
    """Read a stage with a URL; None for an internal stage, which is left to fakesnow."""
    name, creation = named(reader, creation)
    options = clauses(reader, _STAGE_CLAUSES)
    if "url" not in options:
        return None  # an internal stage is left to fakesnow
    return CreateStage(name, creation, **options)


def alter_stage(reader: Reader) -> AlterStage | RefreshStage:
    """Read ALTER STAGE: SET or REFRESH."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.accept("SET"):
        return AlterStage(name, if_exists, **clauses(reader, _STAGE_CLAUSES))
    reader.expect("REFRESH")
    subpath = ""
    if reader.accept("SUBPATH"):
        reader.expect("=")
        subpath = reader.string()
    return RefreshStage(name, if_exists, subpath.lstrip("/"))


def list_stage(reader: Reader) -> ListStage:
    """Read LIST with its PATTERN."""
    location = stage_path(reader)
    pattern = None
    if reader.accept("PATTERN"):
        reader.expect("=")
        pattern = reader.string()
    return ListStage(location, pattern)


def stage_path(reader: Reader) -> StagePath:
    """Parse `@stage/path`; within a string the path may have blanks."""
    token = reader.peek()
    if token is not None and token.kind is Kind.STRING:
        inner = Reader(reader.take().string)
        return StagePath(_stage_name(inner), inner.rest_text.lstrip("/"))
    return StagePath(_stage_name(reader), reader.adjacent().lstrip("/"))


def _stage_name(reader: Reader) -> PartialName:
    reader.expect("@")
    if reader.accept("~") or reader.accept("%"):
        raise NotSupportedError("Unsupported feature 'user and table stages' in the local Snowflake.")
    return reader.name()


def _directory(reader: Reader) -> Directory:
    options: dict[str, bool] = {}
    for _ in reader.group():
        option = reader.take().keyword
        if option not in {"ENABLE", "AUTO_REFRESH", "REFRESH_ON_CREATE"}:
            raise SyntaxRefusedError(f"SQL compilation error:\ninvalid property '{option}' for 'DIRECTORY'.")
        reader.expect("=")
        options[option.lower()] = reader.boolean()
    return Directory(**options)


_STAGE_CLAUSES: dict[str, Clause] = {
    "URL": Reader.string,
    "STORAGE_INTEGRATION": integration,
    "DIRECTORY": _directory,
    "FILE_FORMAT": file_format,
    "COMMENT": Reader.string,
}
