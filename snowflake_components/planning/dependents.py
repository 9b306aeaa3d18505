"""Find what depends on an object in the lists of an account: external tables, pipes, streams and grants.

Views and tasks are not listed: Snowflake tells their dependencies by the account usage alone, with a delay of hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from snowflake_components.identifiers import Identifier, QualifiedName, UnsafeTextError
from snowflake_components.statements.kinds import ObjectType

Row = Mapping[str, Any]

_PART = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_NAME = rf"(?P<name>{_PART}(?:\.{_PART}){{0,2}})"
_IN_PIPE: Mapping[ObjectType, re.Pattern[str]] = {
    ObjectType.STAGE: re.compile(rf"@{_NAME}"),
    ObjectType.TABLE: re.compile(rf"\bINTO\s+{_NAME}", re.IGNORECASE),
    ObjectType.FILE_FORMAT: re.compile(rf"\bFORMAT_NAME\s*=\s*'?{_NAME}", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class AccountLists:
    """What may depend on objects, as SHOW prints it for the whole account.

    Args:
        external_tables: with stage and file format.
        pipes: with the COPY statement of each.
        streams: with the table or stage of each.
    """

    external_tables: tuple[Row, ...] = ()
    pipes: tuple[Row, ...] = ()
    streams: tuple[Row, ...] = ()


def dependents_of(object_type: ObjectType, name: QualifiedName, lists: AccountLists) -> tuple[str, ...]:
    """Return what reads an object, such as `pipe AWS.DEV.P`, sorted."""
    found = [*_tables(object_type, name, lists), *_pipes(object_type, name, lists), *_streams(name, lists)]
    return tuple(sorted(set(found)))


def grants_in(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the grants in the rows of SHOW GRANTS ON an object, apart from its ownership: `grant SELECT to R`."""
    found = {
        f"grant {row['privilege']} to {row['grantee_name']}"
        for row in rows
        if str(row["privilege"]).upper() != "OWNERSHIP"
    }
    return tuple(sorted(found))


def _tables(object_type: ObjectType, name: QualifiedName, lists: AccountLists) -> Iterator[str]:
    column = {ObjectType.STAGE: "stage", ObjectType.FILE_FORMAT: "file_format_name"}.get(object_type)
    for row in lists.external_tables if column else ():
        if _stored(row.get(column or "")) == name:
            yield f"external table {_own(row)}"


def _pipes(object_type: ObjectType, name: QualifiedName, lists: AccountLists) -> Iterator[str]:
    pattern = _IN_PIPE.get(object_type)
    for row in lists.pipes if pattern else ():
        own = _own(row)
        for match in pattern.finditer(str(row["definition"])) if pattern else ():
            if QualifiedName.parse(match["name"], own.database, own.schema) == name:
                yield f"pipe {own}"


def _streams(name: QualifiedName, lists: AccountLists) -> Iterator[str]:
    for row in lists.streams:
        if _stored(row.get("table_name")) == name:
            yield f"stream {_own(row)}"


def _own(row: Row) -> QualifiedName:
    return QualifiedName(*(Identifier(str(row[part])) for part in ("database_name", "schema_name", "name")))


def _stored(text: Any) -> QualifiedName | None:
    try:
        return QualifiedName.stored(str(text or ""))
    except UnsafeTextError:
        return None  # a dropped object, or one that the role does not see
