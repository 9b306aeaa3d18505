"""Parse the statements of `statements.py`; every other statement is left to fakesnow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from infra.local_snowflake.account.parsing import (
    alter_role,
    alter_session,
    alter_warehouse,
    create_role,
    create_warehouse,
    drop_account_object,
    use,
)
from infra.local_snowflake.account.roles.grant_parsing import grant, revoke, show_future_grants, show_grants
from infra.local_snowflake.account.statements import AccountStatement
from infra.local_snowflake.errors import SyntaxRefusedError
from infra.local_snowflake.language.alterations import Alter
from infra.local_snowflake.language.file_statements import AlterFileFormat, AlterIntegration, FileStatement
from infra.local_snowflake.language.kinds import absent_kind, require_known, unsupported
from infra.local_snowflake.language.parsing.clauses import named, opens
from infra.local_snowflake.language.parsing.comments import comment
from infra.local_snowflake.language.parsing.definitions.altered import alter
from infra.local_snowflake.language.parsing.definitions.created import definition_of
from infra.local_snowflake.language.parsing.external_tables import alter_external_table, create_external_table
from infra.local_snowflake.language.parsing.lists import require_of_fakesnow, show_list
from infra.local_snowflake.language.parsing.shows import describe, kind_of, show
from infra.local_snowflake.language.parsing.storage.copying import copy
from infra.local_snowflake.language.parsing.storage.file_formats import alter_file_format, create_file_format
from infra.local_snowflake.language.parsing.storage.files import get_files, put_files, remove_files
from infra.local_snowflake.language.parsing.storage.integrations import alter_integration, create_integration
from infra.local_snowflake.language.parsing.storage.stages import alter_stage, create_stage, list_stage
from infra.local_snowflake.language.parsing.tables import clone, create_or_alter
from infra.local_snowflake.language.statements import (
    AlterStage,
    Begin,
    Commit,
    CreateStream,
    Creation,
    DescribeObject,
    Drop,
    DropDatabase,
    ObjectKind,
    OnAbsent,
    Rollback,
    SetVariables,
    Statement,
)
from infra.local_snowflake.language.tokens import Reader

_Parsed: TypeAlias = Statement | FileStatement | AccountStatement | Alter | None


def parse(sql: str) -> _Parsed:
    """Parse one statement.

    Returns:
        The statement if this server executes it, else None.

    Raises:
        StatementRefusedError: it begins like a statement of this server and cannot be parsed.
    """
    require_known(sql)
    reader = Reader(sql)
    first = reader.peek()
    if first is not None and first.keyword in _WITH_PATHS:
        return _WITH_PATHS[first.keyword](sql)
    read = _READERS.get(first.keyword) if first else None
    if read is None:
        return None
    reader.take()
    statement = read(reader)
    if statement is not None:
        reader.expect_end()
    return statement


def _create(reader: Reader) -> _Parsed:
    creation = Creation.REFUSE
    if reader.accept("OR", "REPLACE"):
        creation = Creation.REPLACE
    elif reader.accept("OR", "ALTER"):
        creation = Creation.ALTER
    for words, read in _CREATED:
        if reader.accept(*words):
            return read(reader, creation)
    if reader.accept("STREAM"):
        return _create_stream(reader, creation)
    return _create_in_schema(reader, creation)


def _create_in_schema(reader: Reader, creation: Creation) -> _Parsed:
    if found := clone(reader, creation):
        return found
    temporary = any(reader.accept(*words) for words in _TEMPORARY)
    if reader.accept("STAGE"):
        return create_stage(reader, creation, temporary=temporary)
    if reader.accept("FILE", "FORMAT"):
        return create_file_format(reader, creation, temporary=temporary)
    following = reader.peek(1)
    if following is not None and following.keyword in {"STAGE", "FILE"}:
        raise reader.unexpected()  # no other word stands before a stage or a file format
    definition_of(reader.sql)  # refuses what would have no effect
    if creation is Creation.ALTER:
        return create_or_alter(reader)
    _skip_rest(reader)
    return None


_TEMPORARY = (("TEMPORARY",), ("TEMP",), ("SCOPED", "TEMPORARY"), ("SCOPED", "TEMP"))


def _alter(reader: Reader) -> _Parsed:
    for words, read in _ALTERED:
        if reader.accept(*words):
            return read(reader)
    return _absent(reader, "ALTER") or alter(reader)


def _create_stream(reader: Reader, creation: Creation) -> CreateStream:
    named(reader, creation)
    if reader.accept("CLONE"):
        raise unsupported("CREATE STREAM CLONE")
    while not reader.accept("ON"):
        reader.take()
    kinds = (("EXTERNAL", "TABLE"), ("DYNAMIC", "TABLE"), ("EVENT", "TABLE"), ("TABLE",), ("VIEW",), ("STAGE",))
    words = next((words for words in kinds if reader.accept(*words)), None)
    if words is None:
        raise reader.unexpected()
    stream = CreateStream(" ".join(words), reader.name())
    _skip_rest(reader)
    return stream


def _absent(reader: Reader, verb: str) -> OnAbsent | None:
    """Read a statement on an object of a kind of which there is none; None for another kind."""
    kind = absent_kind(reader)
    if not kind:
        return None
    if_exists = reader.accept("IF", "EXISTS")
    found = OnAbsent(verb, kind, reader.name(), if_exists)
    if verb == "DROP":
        _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
    else:
        _skip_rest(reader)
    return found


def _execute(reader: Reader) -> OnAbsent:
    reader.expect("TASK")
    found = OnAbsent("EXECUTE", "TASK", reader.name(), if_exists=False)
    _skip_rest(reader)
    return found


def _skip_rest(reader: Reader) -> None:
    while not reader.done:
        reader.take()


def _set(reader: Reader) -> SetVariables | None:
    """Read SET; None for one variable, which is left to fakesnow."""
    if not opens(reader):
        reader.name()
        reader.expect("=")
        if reader.done:
            raise reader.unexpected()
        _skip_rest(reader)
        return None
    names = tuple(reader.take().name for _ in reader.group())
    reader.expect("=")
    reader.expect("(")
    if (token := reader.peek()) is not None and token.keyword in {"SELECT", "WITH"}:
        raise unsupported("SET of several variables by a query")
    values = [reader.span(",", ")")]
    while reader.accept(","):
        values.append(reader.span(",", ")"))
    reader.expect(")")
    if len(names) != len(values):
        raise SyntaxRefusedError(
            f"SQL compilation error:\nassignments of SET do not match: {len(names)} variables, {len(values)} values."
        )
    return SetVariables(tuple(zip(names, values, strict=True)))


def _insert(reader: Reader) -> None:
    """Require INTO, which Snowflake's INSERT has and fakesnow's may leave out."""
    if reader.accept("OVERWRITE"):
        reader.accept("ALL")
    if not any(reader.accept(word) for word in ("INTO", "ALL", "FIRST")):
        raise reader.unexpected()
    _skip_rest(reader)


def _comment(reader: Reader) -> _Parsed:
    """Read COMMENT ON an object."""
    if_exists = reader.accept("IF", "EXISTS")
    reader.expect("ON")
    kind = kind_of(reader)
    if kind is None or kind is ObjectKind.EXTERNAL_TABLE:
        return comment(reader, if_exists=if_exists, external=kind is not None)
    name = reader.name()
    reader.expect("IS")
    text = reader.string()
    if kind is ObjectKind.STAGE:
        return AlterStage(name, if_exists, comment=text)
    if kind is ObjectKind.FILE_FORMAT:
        return AlterFileFormat(name, if_exists, comment=text)
    return AlterIntegration(name, if_exists, comment=text)


def _drop(reader: Reader) -> _Parsed:
    if reader.accept("DATABASE"):
        if_exists = reader.accept("IF", "EXISTS")
        dropped = DropDatabase(reader.name().parts[-1], if_exists)
        _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
        return dropped
    if account_object := drop_account_object(reader):
        return account_object
    if absent := _absent(reader, "DROP"):
        return absent
    kind = kind_of(reader)
    if kind is None:
        return None
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
    return Drop(kind, name, if_exists)


def _begin(reader: Reader) -> Begin:
    _ = reader.accept("TRANSACTION") or reader.accept("WORK")
    if reader.accept("NAME"):
        reader.name()
    return Begin()


def _start(reader: Reader) -> Begin:
    reader.expect("TRANSACTION")
    return _begin(reader)


def _commit(reader: Reader) -> Commit:
    reader.accept("WORK")
    return Commit()


def _rollback(reader: Reader) -> Rollback:
    reader.accept("WORK")
    return Rollback()


def _describe(reader: Reader) -> _Parsed:
    if reader.accept("RESULT"):
        raise unsupported("DESCRIBE RESULT")
    if absent := _absent(reader, "DESCRIBE"):
        return absent
    for kind in ("TABLE", "VIEW", "SCHEMA", "DATABASE"):
        if reader.accept(kind):
            found = DescribeObject(kind, reader.name())
            if reader.accept("TYPE", "=") and not reader.accept("COLUMNS"):
                raise unsupported("DESCRIBE TABLE", "TYPE = STAGE")
            return found
    return describe(reader)


def _show(reader: Reader) -> _Parsed:
    if reader.accept("GRANTS"):
        return show_grants(reader)
    if reader.accept("FUTURE", "GRANTS"):
        return show_future_grants(reader)
    found = show_list(reader) or show(reader)
    if found is None:
        require_of_fakesnow(reader)
    return found


_CREATED: tuple[tuple[tuple[str, ...], Callable[[Reader, Creation], _Parsed]], ...] = (
    (("ROLE",), create_role),
    (("WAREHOUSE",), create_warehouse),
    (("STORAGE", "INTEGRATION"), create_integration),
    (("EXTERNAL", "TABLE"), create_external_table),
)
_ALTERED: tuple[tuple[tuple[str, ...], Callable[[Reader], _Parsed]], ...] = (
    (("STORAGE", "INTEGRATION"), alter_integration),
    (("INTEGRATION",), alter_integration),
    (("FILE", "FORMAT"), alter_file_format),
    (("STAGE",), alter_stage),
    (("EXTERNAL", "TABLE"), alter_external_table),
    (("SESSION",), alter_session),
    (("WAREHOUSE",), alter_warehouse),
    (("ROLE",), alter_role),
)
_WITH_PATHS: dict[str, Callable[[str], FileStatement]] = {"PUT": put_files, "GET": get_files}
"""Statements with a local path, which is no text for the tokenizer."""
_READERS: dict[str, Callable[[Reader], _Parsed]] = {
    "COMMENT": _comment,
    "COPY": copy,
    "REMOVE": remove_files,
    "RM": remove_files,
    "CREATE": _create,
    "ALTER": _alter,
    "SHOW": _show,
    "DESC": _describe,
    "DESCRIBE": _describe,
    "DROP": _drop,
    "LIST": list_stage,
    "LS": list_stage,
    "USE": use,
    "SET": _set,
    "INSERT": _insert,
    "EXECUTE": _execute,
    "GRANT": grant,
    "REVOKE": revoke,
    "BEGIN": _begin,
    "START": _start,
    "COMMIT": _commit,
    "ROLLBACK": _rollback,
}
