"""Read ALTER TABLE, VIEW, SCHEMA, DATABASE and SEQUENCE."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from infra.local_snowflake.errors import InvalidValueError, NotSupportedError, PropertyUnknownError
from infra.local_snowflake.language.alterations import (
    AddColumns,
    AddKey,
    Alter,
    Alteration,
    ChangeColumns,
    ClusterBy,
    ColumnChange,
    DropColumns,
    DropKey,
    NewColumn,
    Refused,
    Rename,
    RenameColumn,
    RenameKey,
    SetProperties,
    Swap,
)
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.parsing.clauses import opens
from infra.local_snowflake.language.parsing.definitions.columns import (
    column,
    key_properties,
    names,
)
from infra.local_snowflake.language.parsing.definitions.created import clustering_key
from infra.local_snowflake.language.parsing.definitions.properties import policy, property_of, unset_property
from infra.local_snowflake.language.statements import SetComments
from infra.local_snowflake.language.tokens import Kind, Reader, tokenize

_KINDS = ("TABLE", "VIEW", "SCHEMA", "DATABASE", "SEQUENCE")
_KEYS = (("PRIMARY", "KEY"), ("UNIQUE",), ("FOREIGN", "KEY"))
_KEY_KINDS = {"PRIMARY": "PRIMARY", "UNIQUE": "UNIQUE", "FOREIGN": "IMPORTED"}


def alter(reader: Reader) -> Alter | SetComments | None:
    """Read ALTER after this word; None for another kind of object.

    A change that this server does not make is refused when the object is known to exist.
    """
    kind = next((kind for kind in _KINDS if reader.accept(kind)), None)
    if kind is None:
        return None
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.done:
        raise reader.unexpected()
    try:
        change = _OF_KIND[kind](reader)
    except (NotSupportedError, PropertyUnknownError, InvalidValueError) as refused:
        change = Refused(refused)
        while not reader.done:
            reader.take()
    match change:
        case SetProperties(values={"comment": text}) if kind != "SEQUENCE" and len(change.values) == 1:
            return SetComments(kind, name, if_exists, text, {})
        case ChangeColumns(changes=changes) if all(each.comment is not None for each in changes):
            return SetComments(kind, name, if_exists, None, {each.column: each.comment or "" for each in changes})
    return Alter(kind, name, if_exists, change, reader.sql)


def _table(reader: Reader) -> Alteration:
    for words, read in _OF_TABLE:
        if reader.accept(*words):
            return read(reader)
    return _common("TABLE", reader)


def _renamed_column(reader: Reader) -> RenameColumn:
    return RenameColumn(*_old_and_new(reader))


def _renamed_key(reader: Reader) -> RenameKey:
    return RenameKey(*_old_and_new(reader))


def _old_and_new(reader: Reader) -> tuple[str, str]:
    old = _column(reader)
    reader.expect("TO")
    return old, _column(reader)


def _unsupported(*words: str) -> Callable[[Reader], Alteration]:
    def refuse(_: Reader) -> Alteration:
        raise unsupported(*words)

    return refuse


def _view(reader: Reader) -> Alteration:
    for words in (("SET", "SECURE"), ("UNSET", "SECURE")):
        if reader.accept(*words):
            values = {"secure": words[0] == "SET"}
            while words[0] == "SET" and (found := property_of(reader, "VIEW")) is not None:
                values |= found
            return SetProperties(values)
    if reader.accept("ADD") or reader.accept("DROP"):
        reader.accept("ALL")
        raise _policy_or_unexpected(reader)
    if reader.accept("ALTER") or reader.accept("MODIFY"):
        changed = _change(reader)
        if isinstance(changed, ChangeColumns) and any(change.words for change in changed.changes):
            raise unsupported("ALTER VIEW ... ALTER COLUMN")  # a view has comments alone
        return changed
    return _common("VIEW", reader)


def _schema(reader: Reader) -> Alteration:
    for words in (("ENABLE", "MANAGED", "ACCESS"), ("DISABLE", "MANAGED", "ACCESS")):
        if reader.accept(*words):
            return SetProperties({"managed_access": words[0] == "ENABLE"})
    if reader.accept("SWAP", "WITH") or reader.accept("RENAME", "TO"):
        reader.name()
        raise unsupported("ALTER SCHEMA", "RENAME or SWAP")
    return _common("SCHEMA", reader)


def _database(reader: Reader) -> Alteration:
    for words in (("SWAP", "WITH"), ("RENAME", "TO"), ("ENABLE",), ("DISABLE",), ("REFRESH",), ("PRIMARY",)):
        if reader.accept(*words):
            raise unsupported("ALTER DATABASE", *words)
    return _common("DATABASE", reader)


def _sequence(reader: Reader) -> Alteration:
    if reader.accept("RENAME", "TO") or reader.accept("INCREMENT") or reader.accept("SET", "INCREMENT"):
        raise unsupported("ALTER SEQUENCE")
    if reader.accept("SET", "ORDER") or reader.accept("SET", "NOORDER"):
        raise unsupported("ALTER SEQUENCE SET ORDER")
    return _common("SEQUENCE", reader)


def _common(kind: str, reader: Reader) -> Alteration:
    if kind in {"TABLE", "VIEW"} and reader.accept("RENAME", "TO"):
        return Rename(reader.name())
    values: dict[str, Any] = {}
    if reader.accept("SET"):
        while not reader.done:
            found = property_of(reader, kind)
            if found is None:
                raise reader.unexpected()
            values |= found
            reader.accept(",")
        return SetProperties(values)
    reader.expect("UNSET")
    while not reader.done:
        values |= unset_property(reader, kind)
        reader.accept(",")
    return SetProperties(values)


def _policy_or_unexpected(reader: Reader) -> Exception:
    rest = {token.keyword for token in reader.rest}
    found = policy(reader)
    if found or "POLICIES" in rest:
        return unsupported(found or "ROW ACCESS POLICY")
    return reader.unexpected()


def _add(reader: Reader) -> Alteration:
    named = (following := reader.peek(1)) is not None and following.is_name
    name = _column(reader) if named and reader.accept("CONSTRAINT") else ""
    words = next((words for words in _KEYS if reader.accept(*words)), None)
    if words is not None:
        return _new_key(reader, words, name)
    if name or reader.accept("CHECK"):
        raise unsupported("CHECK")
    if found := policy(reader):
        raise unsupported(found)
    reader.accept("COLUMN")
    added = [_new_column(reader)]
    while reader.accept(","):
        added.append(_new_column(reader))
    return AddColumns(tuple(added))


def _new_key(reader: Reader, words: tuple[str, ...], name: str) -> AddKey:
    columns = names(reader)
    if words == ("FOREIGN", "KEY"):
        reader.expect("REFERENCES")
        reader.name()
        if opens(reader):
            names(reader)
    list(key_properties(reader))
    return AddKey(_KEY_KINDS[words[0]], name, columns)


def _new_column(reader: Reader) -> NewColumn:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    name = _column(reader)
    start = reader.position
    list(column(reader))
    definition = reader.sql[start : reader.position]
    if not definition.strip():
        raise reader.unexpected()
    words = [token.keyword for token in tokenize(definition)]
    for refused in ("AUTOINCREMENT", "IDENTITY", "UNIQUE", "PRIMARY", "REFERENCES"):
        if refused in words:
            raise unsupported("ADD COLUMN", refused)
    not_null = ("NOT", "NULL") in pairwise(words)
    return NewColumn(name, definition, if_not_exists, not_null, "DEFAULT" in words)


def _drop(reader: Reader) -> Alteration:
    if reader.accept("CONSTRAINT"):
        dropped: Alteration = DropKey(name=_column(reader))
    elif words := next((words for words in _KEYS if reader.accept(*words)), None):
        columns = names(reader) if opens(reader) else ()
        if not columns and words[0] != "PRIMARY":
            raise reader.unexpected()
        dropped = DropKey(_KEY_KINDS[words[0]], columns=columns)
    elif (found := policy(reader)) or reader.accept("ALL"):
        raise unsupported(found or "ROW ACCESS POLICY")
    else:
        return _dropped_columns(reader)
    _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
    return dropped


def _dropped_columns(reader: Reader) -> DropColumns:
    reader.accept("COLUMN")
    dropped: list[str] = []
    missing_ok: set[str] = set()
    while True:
        kept = reader.accept("IF", "EXISTS")
        dropped.append(_column(reader))
        if kept:
            missing_ok.add(dropped[-1])
        if not reader.accept(","):
            _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
            return DropColumns(tuple(dropped), frozenset(missing_ok))


def _change(reader: Reader) -> Alteration:
    if reader.accept("CONSTRAINT") or any(reader.accept(*words) for words in _KEYS):
        raise unsupported("ALTER TABLE ... ALTER CONSTRAINT")
    bracket = reader.accept("(")
    changes = [_column_change(reader)]
    while reader.accept(","):
        _ = reader.accept("ALTER") or reader.accept("MODIFY")
        changes.append(_column_change(reader))
    if bracket:
        reader.expect(")")
    return ChangeColumns(tuple(changes))


def _column_change(reader: Reader) -> ColumnChange:
    reader.accept("COLUMN")
    name = _column(reader)
    if reader.accept("COMMENT"):
        return ColumnChange(name, comment=reader.string())
    if reader.accept("UNSET", "COMMENT"):
        return ColumnChange(name, comment="")
    for words in _COLUMN_WORDS:
        if reader.accept(*words):
            return ColumnChange(name, " ".join(words))
    if reader.accept("SET", "DEFAULT"):
        default = reader.span(",", ")")
        if not default.upper().endswith(".NEXTVAL"):
            raise unsupported("Alter Column Set Default")
        return ColumnChange(name, f"SET DEFAULT {default}")
    if reader.accept("SET", "DATA", "TYPE") or reader.accept("TYPE") or _type_follows(reader):
        return ColumnChange(name, f"SET DATA TYPE {reader.span(',')}")
    _ = reader.accept("SET") or reader.accept("UNSET")
    raise _policy_or_unexpected(reader)


_COLUMN_WORDS = (("DROP", "DEFAULT"), ("SET", "NOT", "NULL"), ("DROP", "NOT", "NULL"))


def _type_follows(reader: Reader) -> bool:
    token = reader.peek()
    return token is not None and token.kind is Kind.WORD and token.keyword not in {"SET", "UNSET", "DROP", "ADD"}


def _column(reader: Reader) -> str:
    token = reader.peek()
    if token is None or not token.is_name:
        raise reader.unexpected()
    return reader.take().name


_OF_TABLE: tuple[tuple[tuple[str, ...], Callable[[Reader], Alteration]], ...] = (
    (("RENAME", "COLUMN"), _renamed_column),
    (("RENAME", "CONSTRAINT"), _renamed_key),
    (("SWAP", "WITH"), lambda reader: Swap(reader.name())),
    (("CLUSTER", "BY"), lambda reader: ClusterBy(clustering_key(reader))),
    (("DROP", "CLUSTERING", "KEY"), lambda _: ClusterBy("")),
    (("SUSPEND", "RECLUSTER"), lambda _: SetProperties({"reclustering": False})),
    (("RESUME", "RECLUSTER"), lambda _: SetProperties({"reclustering": True})),
    (("RECLUSTER",), _unsupported("RECLUSTER")),
    (("ADD",), _add),
    (("DROP",), _drop),
    (("ALTER",), _change),
    (("MODIFY",), _change),
)
_OF_KIND: dict[str, Callable[[Reader], Alteration]] = {
    "TABLE": _table,
    "VIEW": _view,
    "SCHEMA": _schema,
    "DATABASE": _database,
    "SEQUENCE": _sequence,
}
