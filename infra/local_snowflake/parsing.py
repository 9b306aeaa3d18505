"""Parse the statements of `statements.py`; every other statement is left to fakesnow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.local_snowflake.errors import NotSupportedError, StatementCountError, SyntaxRefusedError
from infra.local_snowflake.names import PartialName
from infra.local_snowflake.statements import (
    Accepted,
    AlterStage,
    Column,
    CreateExternalTable,
    CreateStage,
    Creation,
    Describe,
    Directory,
    Drop,
    ListStage,
    ObjectKind,
    Options,
    RefreshExternalTable,
    RefreshStage,
    Scope,
    Show,
    StagePath,
    Statement,
    UseRole,
    UseWarehouse,
)
from infra.local_snowflake.tokens import Kind, Reader

_ACCEPTED = (
    ("USE", "SECONDARY", "ROLES"),
    ("CREATE", "ROLE"),
    ("CREATE", "WAREHOUSE"),
    ("CREATE", "STORAGE", "INTEGRATION"),
    ("ALTER", "WAREHOUSE"),
    ("ALTER", "SESSION"),
    ("GRANT",),
    ("REVOKE",),
    ("BEGIN",),
    ("START", "TRANSACTION"),
    ("COMMIT",),
    ("ROLLBACK",),
)


def parse(sql: str) -> Statement | None:
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
    _require_one(reader)
    first = reader.peek()
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


def _create(reader: Reader) -> Statement | None:
    creation = Creation.REPLACE if reader.accept("OR", "REPLACE") else Creation.REFUSE
    if creation is Creation.REPLACE and any(reader.accept(*words) for words in (("ROLE",), ("WAREHOUSE",))):
        return _accept_rest(reader)
    if reader.accept("STORAGE", "INTEGRATION"):
        return _accept_rest(reader)
    if reader.accept("STAGE"):
        return _create_stage(reader, creation)
    if reader.accept("EXTERNAL", "TABLE"):
        return _create_external_table(reader, creation)
    return None


def _accept_rest(reader: Reader) -> Accepted:
    while not reader.done:
        reader.take()
    return Accepted()


def _named(reader: Reader, creation: Creation) -> tuple[PartialName, Creation]:
    if reader.accept("IF", "NOT", "EXISTS"):
        creation = Creation.KEEP
    return reader.name(), creation


def _create_stage(reader: Reader, creation: Creation) -> CreateStage | None:
    name, creation = _named(reader, creation)
    options = _clauses(reader, _STAGE_CLAUSES)
    if "url" not in options:
        return None  # an internal stage is left to fakesnow
    return CreateStage(name, creation, **options)


def _create_external_table(reader: Reader, creation: Creation) -> CreateExternalTable:
    name, creation = _named(reader, creation)
    columns = tuple(_column(reader) for _ in reader.group()) if _opens(reader) else ()
    options = _clauses(reader, _TABLE_CLAUSES)
    options.pop("copy_grants", None)
    options.pop("partition_type", None)
    for clause in ("location", "file_format"):
        if clause not in options:
            raise SyntaxRefusedError(
                f"SQL compilation error:\nmissing clause {clause.upper()} in CREATE EXTERNAL TABLE."
            )
    return CreateExternalTable(name, creation, columns, **options)


def _opens(reader: Reader) -> bool:
    token = reader.peek()
    return token is not None and token.text == "("


def _column(reader: Reader) -> Column:
    name = reader.take().name
    type_sql = None if reader.peek() and reader.accept("AS") else reader.span("AS", ",")
    if type_sql is not None:
        reader.expect("AS")
    expression = reader.span(",", "NOT", "NULL") if _opens(reader) else reader.span(",")
    reader.accept("NOT", "NULL")
    return Column(name, type_sql, expression)


def _alter(reader: Reader) -> Statement | None:
    if reader.accept("STAGE"):
        return _alter_stage(reader)
    if reader.accept("EXTERNAL", "TABLE"):
        return _alter_external_table(reader)
    return None


def _alter_stage(reader: Reader) -> AlterStage | RefreshStage:
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.accept("SET"):
        return AlterStage(name, if_exists, **_clauses(reader, _STAGE_CLAUSES))
    reader.expect("REFRESH")
    subpath = ""
    if reader.accept("SUBPATH"):
        reader.expect("=")
        subpath = reader.string()
    return RefreshStage(name, if_exists, subpath.lstrip("/"))


def _alter_external_table(reader: Reader) -> RefreshExternalTable:
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if not reader.accept("REFRESH"):
        raise NotSupportedError("Unsupported feature 'ALTER EXTERNAL TABLE without REFRESH' in the local Snowflake.")
    path = "" if reader.done else reader.string()
    return RefreshExternalTable(name, if_exists, path.lstrip("/"))


def _show(reader: Reader) -> Show | None:
    reader.accept("TERSE")
    if reader.accept("STAGES"):
        kind = ObjectKind.STAGE
    elif reader.accept("EXTERNAL", "TABLES"):
        kind = ObjectKind.EXTERNAL_TABLE
    else:
        return None
    like = reader.string() if reader.accept("LIKE") else None
    scope = _scope(reader) if reader.accept("IN") else None
    starts_with = reader.string() if reader.accept("STARTS", "WITH") else ""
    limit = int(reader.take().text) if reader.accept("LIMIT") else None
    return Show(kind, like, scope, starts_with, limit)


def _scope(reader: Reader) -> Scope | None:
    if reader.accept("ACCOUNT"):
        return Scope()
    if reader.accept("DATABASE"):
        return Scope(reader.name().parts[0]) if _name_follows(reader) else None
    reader.accept("SCHEMA")
    if not _name_follows(reader):
        return None
    parts = reader.name().parts
    return Scope(parts[0], parts[1]) if len(parts) > 1 else Scope(None, parts[0])


def _name_follows(reader: Reader) -> bool:
    token = reader.peek()
    return token is not None and token.is_name and token.keyword not in {"STARTS", "LIMIT"}


def _describe(reader: Reader) -> Describe | None:
    kind = _kind(reader)
    if kind is None:
        return None
    described = Describe(kind, reader.name())
    if reader.accept("TYPE", "="):
        reader.take()
    return described


def _drop(reader: Reader) -> Drop | None:
    kind = _kind(reader)
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


def _kind(reader: Reader) -> ObjectKind | None:
    if reader.accept("STAGE"):
        return ObjectKind.STAGE
    return ObjectKind.EXTERNAL_TABLE if reader.accept("EXTERNAL", "TABLE") else None


def _list(reader: Reader) -> ListStage:
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


_Clause = Callable[[Reader], Any]


def _clauses(reader: Reader, known: dict[str, _Clause]) -> dict[str, Any]:
    """Parse `NAME = value` clauses in any order, each at most once."""
    found: dict[str, Any] = {}
    while not reader.done:
        token = reader.peek()
        clause = token.keyword if token else ""
        if clause not in known or clause.lower() in found:
            raise reader.unexpected()
        reader.take()
        if clause not in {"PARTITION", "COPY"}:
            reader.expect("=")
        found[_FIELDS.get(clause, clause.lower())] = known[clause](reader)
    return found


def _directory(reader: Reader) -> Directory:
    options: dict[str, bool] = {}
    for _ in reader.group():
        option = reader.take().keyword
        if option not in {"ENABLE", "AUTO_REFRESH", "REFRESH_ON_CREATE"}:
            raise SyntaxRefusedError(f"SQL compilation error:\ninvalid property '{option}' for 'DIRECTORY'.")
        reader.expect("=")
        options[option.lower()] = reader.boolean()
    return Directory(**options)


def _file_format(reader: Reader) -> Options:
    options: dict[str, str | bool] = {}
    for _ in reader.group():
        option = reader.take().keyword
        reader.expect("=")
        options[option] = _option_value(reader)
    return options


def _option_value(reader: Reader) -> str | bool:
    if _opens(reader):
        return ", ".join(reader.string() for _ in reader.group())
    token = reader.take()
    if token.kind is Kind.STRING:
        return token.string
    return token.keyword == "TRUE" if token.keyword in {"TRUE", "FALSE"} else token.text.upper()


def _partition_by(reader: Reader) -> tuple[str, ...]:
    reader.expect("BY")
    return tuple(reader.take().name for _ in reader.group())


def _copy_grants(reader: Reader) -> bool:
    return reader.accept("GRANTS")


def _integration(reader: Reader) -> str:
    token = reader.take()
    return token.string if token.kind is Kind.STRING else token.name


_STAGE_CLAUSES: dict[str, _Clause] = {
    "URL": Reader.string,
    "STORAGE_INTEGRATION": _integration,
    "DIRECTORY": _directory,
    "FILE_FORMAT": _file_format,
    "COMMENT": Reader.string,
}
_TABLE_CLAUSES: dict[str, _Clause] = {
    "PARTITION": _partition_by,
    "LOCATION": stage_path,
    "FILE_FORMAT": _file_format,
    "AUTO_REFRESH": Reader.boolean,
    "REFRESH_ON_CREATE": Reader.boolean,
    "PATTERN": Reader.string,
    "COMMENT": Reader.string,
    "COPY": _copy_grants,
}
_FIELDS = {"PARTITION": "partition_by", "COPY": "copy_grants"}
_READERS: dict[str, Callable[[Reader], Statement | None]] = {
    "CREATE": _create,
    "ALTER": _alter,
    "SHOW": _show,
    "DESC": _describe,
    "DESCRIBE": _describe,
    "DROP": _drop,
    "LIST": _list,
    "LS": _list,
    "USE": _use,
}
