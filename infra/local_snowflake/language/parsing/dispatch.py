"""Parse the statements of `statements.py`; every other statement is left to fakesnow."""

from __future__ import annotations

from collections.abc import Callable

from infra.local_snowflake.errors import StatementCountError
from infra.local_snowflake.language.file_statements import AlterFileFormat, AlterIntegration, FileStatement
from infra.local_snowflake.language.parsing.copying import copy
from infra.local_snowflake.language.parsing.external_tables import alter_external_table, create_external_table
from infra.local_snowflake.language.parsing.file_formats import alter_file_format, create_file_format
from infra.local_snowflake.language.parsing.files import get_files, put_files, remove_files
from infra.local_snowflake.language.parsing.integrations import alter_integration, create_integration
from infra.local_snowflake.language.parsing.shows import describe, kind_of, show
from infra.local_snowflake.language.parsing.stages import alter_stage, create_stage, list_stage
from infra.local_snowflake.language.statements import (
    Accepted,
    AlterStage,
    Creation,
    Drop,
    ObjectKind,
    Statement,
    UseRole,
    UseWarehouse,
)
from infra.local_snowflake.language.tokens import Reader

_ACCEPTED = (
    ("USE", "SECONDARY", "ROLES"),
    ("CREATE", "ROLE"),
    ("CREATE", "WAREHOUSE"),
    ("ALTER", "WAREHOUSE"),
    ("ALTER", "SESSION"),
    ("GRANT",),
    ("REVOKE",),
    ("BEGIN",),
    ("START", "TRANSACTION"),
    ("COMMIT",),
    ("ROLLBACK",),
)


def parse(sql: str) -> Statement | FileStatement | None:
    """Parse one statement.

    Returns:
        The statement if this server executes it, else None.

    Raises:
        StatementRefusedError: it begins like a statement of this server and cannot be parsed.
    """
    for words in _ACCEPTED:
        if Reader(sql).accept(*words):
            return Accepted()
    reader = Reader(sql)
    first = reader.peek()
    if first is not None and first.keyword in _WITH_PATHS:
        return _WITH_PATHS[first.keyword](sql)
    _require_one(reader)
    read = _READERS.get(first.keyword) if first else None
    if read is None:
        return None
    reader.take()
    statement = read(reader)
    if statement is not None:
        reader.expect_end()
    return statement


def _require_one(reader: Reader) -> None:
    count = 1 + sum(token.text == ";" for token in reader.rest)
    if count > 1:
        raise StatementCountError(f"Actual statement count {count} did not match the desired statement count 1.")


def _create(reader: Reader) -> Statement | FileStatement | None:
    creation = Creation.REFUSE
    if reader.accept("OR", "REPLACE"):
        creation = Creation.REPLACE
    elif reader.accept("OR", "ALTER"):
        creation = Creation.ALTER
    if creation is Creation.REPLACE and any(reader.accept(*words) for words in (("ROLE",), ("WAREHOUSE",))):
        return _accept_rest(reader)
    if reader.accept("STORAGE", "INTEGRATION"):
        return create_integration(reader, creation)
    if reader.accept("EXTERNAL", "TABLE"):
        return create_external_table(reader, creation)
    temporary = any(reader.accept(*words) for words in _TEMPORARY)
    if reader.accept("STAGE"):
        return create_stage(reader, creation, temporary=temporary)
    if reader.accept("FILE", "FORMAT"):
        return create_file_format(reader, creation, temporary=temporary)
    following = reader.peek(1)
    if following is not None and following.keyword in {"STAGE", "FILE"}:
        raise reader.unexpected()  # no other word stands before a stage or a file format
    return None


_TEMPORARY = (("TEMPORARY",), ("TEMP",), ("SCOPED", "TEMPORARY"), ("SCOPED", "TEMP"))


def _accept_rest(reader: Reader) -> Accepted:
    while not reader.done:
        reader.take()
    return Accepted()


def _alter(reader: Reader) -> Statement | FileStatement | None:
    if reader.accept("STORAGE", "INTEGRATION") or reader.accept("INTEGRATION"):
        return alter_integration(reader)
    if reader.accept("FILE", "FORMAT"):
        return alter_file_format(reader)
    if reader.accept("STAGE"):
        return alter_stage(reader)
    if reader.accept("EXTERNAL", "TABLE"):
        return alter_external_table(reader)
    return None


def _comment(reader: Reader) -> Statement | FileStatement | None:
    """Read COMMENT ON a stage, a file format or an integration."""
    if_exists = reader.accept("IF", "EXISTS")
    reader.accept("ON")
    kind = kind_of(reader)
    if kind is None or kind is ObjectKind.EXTERNAL_TABLE:
        return None
    name = reader.name()
    reader.expect("IS")
    text = reader.string()
    if kind is ObjectKind.STAGE:
        return AlterStage(name, if_exists, comment=text)
    if kind is ObjectKind.FILE_FORMAT:
        return AlterFileFormat(name, if_exists, comment=text)
    return AlterIntegration(name, if_exists, comment=text)


def _drop(reader: Reader) -> Drop | None:
    kind = kind_of(reader)
    if kind is None:
        return None
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
    return Drop(kind, name, if_exists)


def _use(reader: Reader) -> UseRole | UseWarehouse | None:
    if reader.accept("ROLE"):
        return UseRole(reader.take().name)
    return UseWarehouse(reader.take().name) if reader.accept("WAREHOUSE") else None


_WITH_PATHS: dict[str, Callable[[str], FileStatement]] = {"PUT": put_files, "GET": get_files}
"""Statements with a local path, which is no text for the tokenizer."""
_READERS: dict[str, Callable[[Reader], Statement | FileStatement | None]] = {
    "COMMENT": _comment,
    "COPY": copy,
    "REMOVE": remove_files,
    "RM": remove_files,
    "CREATE": _create,
    "ALTER": _alter,
    "SHOW": show,
    "DESC": describe,
    "DESCRIBE": describe,
    "DROP": _drop,
    "LIST": list_stage,
    "LS": list_stage,
    "USE": _use,
}
