"""List the objects of an account, and describe those whose mark does not say what they are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from snowflake_components.describing.definitions import definition_of
from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.describing.objects import describe
from snowflake_components.errors import SnowflakeError
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.dependents import AccountLists
from snowflake_components.planning.differences import Found, is_of_kind
from snowflake_components.planning.refreshes import ObjectSpec
from snowflake_components.statements.changes import ShowObjects
from snowflake_components.statements.descriptions import ShowInAccount
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.work import QueryResult, Session

SHOWN_ROWS_MAX = 10_000
"""SHOW prints at most so many rows; with as many, an object may be missing."""
Place: TypeAlias = tuple[ObjectType, Identifier, Identifier]
"""Kind, database and schema."""
Listed: TypeAlias = dict[Place, dict[str, Found]]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sent:
    """The statements of a session, in order.

    Args:
        session: that they are sent in.
    """

    session: Session
    statements: list[str] = field(default_factory=list)
    query_ids: list[str] = field(default_factory=list)

    def send(self, sql: str) -> QueryResult:
        """Execute a statement and remember it."""
        result = self.session.execute(sql)
        self.statements.append(sql)
        self.query_ids.append(result.query_id)
        return result


def place_of(object_type: ObjectType, name: QualifiedName) -> Place:
    """Return where an object is listed."""
    return object_type, name.database, name.schema


def list_objects(sent: Sent, specs: Sequence[ObjectSpec]) -> Listed:
    """List the objects of each kind and schema of the documents, in the role of each document.

    Raises:
        SnowflakeError: a schema cannot be listed, or has too many objects.
    """
    found: Listed = {}
    wanted = {(spec.role, place_of(spec.object_type, spec.name)): spec.name for spec in specs}
    for role in dict.fromkeys(role for role, _ in wanted):
        with sent.session.role(role):
            for (of_role, place), name in wanted.items():
                if of_role == role:
                    found.setdefault(place, {}).update(objects_of(sent, place[0], name))
    return found


def objects_of(sent: Sent, object_type: ObjectType, within: QualifiedName) -> dict[str, Found]:
    """List the objects of a kind in the schema of an object, by name.

    Raises:
        SnowflakeError: it cannot be listed, or has too many objects.
    """
    result = sent.send(ShowObjects(object_type, within).sql)
    if len(result.rows) >= SHOWN_ROWS_MAX:
        raise SnowflakeError(
            f"schema {within.database.name}.{within.schema.name} has {SHOWN_ROWS_MAX} {object_type}s or more, and "
            "SHOW prints no more: some cannot be compared",
            query_id=result.query_id,
        )
    rows = [row for row in result.rows if is_of_kind(object_type, row)]
    return {str(row["name"]): Found.from_row(object_type, row) for row in rows}


def described(sent: Sent, found: Found, name: QualifiedName) -> Found:
    """Return the object with its definition as Snowflake describes it; without one where no document can say it."""
    try:
        return found.with_present(definition_of(describe(sent.send, found.object_type, name, found.row)))
    except (NotDescribableError, SnowflakeError) as exc:
        # it stays an object that cannot be compared, and its plan says so
        _log.info("%s %s is not compared property by property: %s", found.object_type, name, exc)
        return found


def needs_description(found: Found, *, adopt: bool = False, deep: bool = False) -> bool:
    """Return whether an object is described before it is compared.

    A file format always is, because SHOW prints all of its options. Another object is where it has no mark, or where
    the plan asks for it. An invalid table never is: it is replaced, whatever it was.
    """
    if found.invalid:
        return False
    if found.mark is None:
        return not adopt
    return deep or found.object_type is ObjectType.FILE_FORMAT


def list_dependents(sent: Sent) -> AccountLists:
    """List what may depend on objects, in the whole account."""
    return AccountLists(
        *(sent.send(ShowInAccount(plural).sql).rows for plural in ("EXTERNAL TABLES", "PIPES", "STREAMS"))
    )
