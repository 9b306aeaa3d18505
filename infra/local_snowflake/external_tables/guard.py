"""Refuse what Snowflake does not do with an external table, and change its columns by ALTER TABLE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from infra.local_snowflake.errors import (
    IdentifierInvalidError,
    NameTwiceError,
    NotSupportedError,
    ObjectExistsError,
    OptionRefusedError,
    WrongKindError,
)
from infra.local_snowflake.external_tables.expressions import with_value
from infra.local_snowflake.external_tables.tables import ExternalTables
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.parsing.external_tables import column
from infra.local_snowflake.language.statements import Column
from infra.local_snowflake.language.tokens import Reader, tokenize
from infra.local_snowflake.objects.stored import ExternalTable
from infra.local_snowflake.rewriting.relations import Target
from infra.local_snowflake.sessions import Session

_WRITES = (
    ("INSERT", "OVERWRITE", "INTO"),
    ("INSERT", "INTO"),
    ("UPDATE",),
    ("DELETE", "FROM"),
    ("MERGE", "INTO"),
    ("TRUNCATE", "TABLE", "IF", "EXISTS"),
    ("TRUNCATE", "TABLE"),
    ("TRUNCATE", "IF", "EXISTS"),
    ("TRUNCATE",),
)


def require_no_write(sql: str, tables: Mapping[ObjectName, ExternalTable], session: Session) -> None:
    """Raise a `NotSupportedError` if a statement writes to or clones an external table: they are read-only."""
    reader = Reader(sql)
    words = next((words for words in _WRITES if reader.accept(*words)), None)
    if words and _is_external(reader, tables, session):
        raise NotSupportedError(f"SQL compilation error:\nUnsupported feature '{words[0]} on an external table'.")
    tokens = tokenize(sql)
    if not tokens or tokens[0].keyword != "CREATE":
        return
    for token in tokens:
        if token.keyword == "CLONE" and _is_external(Reader(sql[token.end :]), tables, session):
            raise NotSupportedError("SQL compilation error:\nUnsupported feature 'CLONE of an external table'.")


def _is_external(reader: Reader, tables: Mapping[ObjectName, ExternalTable], session: Session) -> bool:
    token = reader.peek()
    if token is None or not token.is_name:
        return False
    name = reader.name()
    complete = len(name.parts) == _PARTS or (session.database and session.schema)
    return bool(complete) and session.full(name) in tables


_PARTS = 3


def use_as_table(sql: str, found: Target, table: ExternalTable, tables: ExternalTables, session: Session) -> None:
    """Execute CREATE, DROP or ALTER TABLE or VIEW where the name is an external table's.

    Raises:
        StatementRefusedError: it is not ALTER TABLE ADD, DROP or RENAME COLUMN.
    """
    if found.verb == "CREATE":
        raise ObjectExistsError(f"SQL compilation error:\nObject '{table.name}' already exists as EXTERNAL_TABLE.")
    reader = Reader(sql)
    if found.verb != "ALTER" or not reader.accept("ALTER", "TABLE"):
        raise WrongKindError(
            f"SQL compilation error:\nObject '{table.name}' found is of type 'EXTERNAL_TABLE': "
            f"write {found.verb} EXTERNAL TABLE."
        )
    reader.accept("IF", "EXISTS")
    reader.name()
    columns = _changed(reader, table)
    reader.expect_end()
    tables.change_columns(table, columns, session)


def _changed(reader: Reader, table: ExternalTable) -> tuple[Column, ...]:
    if reader.accept("ADD"):
        return _added(reader, table)
    if reader.accept("RENAME", "COLUMN"):
        former = reader.name().parts[-1]
        reader.expect("TO")
        new = reader.name().parts[-1]
        _require_changeable(table, former)
        _require_new(table, new)
        return tuple(replace(kept, name=new) if kept.name == former else kept for kept in table.columns)
    if reader.accept("DROP"):
        reader.accept("COLUMN")
        missing_ok = reader.accept("IF", "EXISTS")
        dropped = [reader.name().parts[-1]]
        while reader.accept(","):
            dropped.append(reader.name().parts[-1])
        for name in dropped:
            if not missing_ok or name in {kept.name for kept in table.columns}:
                _require_changeable(table, name)
        return tuple(kept for kept in table.columns if kept.name not in dropped)
    words = " ".join(token.text for token in reader.rest[:2]).upper()
    raise NotSupportedError(f"Unsupported feature 'ALTER TABLE ... {words} of an external table'.")


def _added(reader: Reader, table: ExternalTable) -> tuple[Column, ...]:
    token = reader.peek()
    if token is not None and token.keyword in {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "ROW", "SEARCH"}:
        raise NotSupportedError(f"Unsupported feature 'ALTER TABLE ... ADD {token.keyword} of an external table'.")
    reader.accept("COLUMN")
    missing_ok = reader.accept("IF", "NOT", "EXISTS")
    added = [with_value(column(reader))]
    while reader.accept(","):
        added.append(with_value(column(reader)))
    known = {kept.name for kept in table.columns}
    if missing_ok:
        added = [new for new in added if new.name not in known]
    for new in added:
        _require_new(table, new.name)
    return (*table.columns, *added)


def _require_new(table: ExternalTable, name: str) -> None:
    if name == "VALUE" or any(kept.name == name for kept in table.columns):
        raise NameTwiceError(f"SQL compilation error:\ncolumn '{name}' already exists")


def _require_changeable(table: ExternalTable, name: str) -> None:
    if all(kept.name != name for kept in table.columns):
        raise IdentifierInvalidError(f"SQL compilation error:\ncolumn '{name}' does not exist")
    if name in table.partition_by:
        raise OptionRefusedError(f"SQL compilation error:\nColumn '{name}' is a partition column.")
