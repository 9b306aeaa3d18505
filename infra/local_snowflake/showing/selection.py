"""Choose the rows of a SHOW: LIKE, scope, STARTS WITH, LIMIT ... FROM."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from infra.local_snowflake.errors import StatementRefusedError, TableMissingError
from infra.local_snowflake.language.names import ObjectName, PartialName
from infra.local_snowflake.language.statements import ShowList
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.objects import like_matches
from infra.local_snowflake.showing.relations import Relations

Row = TypeVar("Row")


class ObjectUnknownError(StatementRefusedError):
    """The object of a scope does not exist."""


def unknown() -> ObjectUnknownError:
    """Return 2043 (02000), as for every object that SHOW, USE or DESCRIBE does not find."""
    return ObjectUnknownError("SQL compilation error:\nObject does not exist, or operation cannot be performed.")


@dataclass(frozen=True, slots=True)
class Within:
    """The scope of a SHOW; None is every value of a part."""

    database: str | None = None
    schema: str | None = None
    relation: str | None = None

    def holds(self, name: ObjectName) -> bool:
        """Return whether an object is in the scope."""
        return (
            self.database in {None, name.database}
            and self.schema in {None, name.schema}
            and self.relation in {None, name.name}
        )


def within(show: ShowList, session: Session, relations: Relations) -> Within:
    """Return the scope of a SHOW: what it names, or else the session's schema, or its database, or the account.

    Raises:
        ObjectUnknownError: the database, schema or table that it names does not exist.
    """
    parts = show.parts
    if show.scope == "ACCOUNT":
        return Within()
    if show.scope in {"TABLE", "VIEW"} and parts:
        name = session.full(PartialName(parts))
        if not relations.relations(session, lambda each: each == name):
            raise TableMissingError(f"SQL compilation error:\nTable '{name}' does not exist or not authorized.")
        return Within(name.database, name.schema, name.name)
    if show.scope == "DATABASE" or show.of_databases:
        database = parts[-1] if parts else session.database
        if parts and database not in relations.databases():
            raise unknown()
        return Within(database)
    if parts:
        return _named_schema(show, parts, session, relations)
    return Within(session.database, session.schema if session.database else None)


def _named_schema(show: ShowList, parts: tuple[str, ...], session: Session, relations: Relations) -> Within:
    database = parts[-2] if len(parts) > 1 else session.database
    if (database, parts[-1]) in relations.schemas():
        return Within(database, parts[-1])
    if not show.scope and len(parts) == 1 and parts[0] in relations.databases():
        return Within(parts[0])
    raise unknown()


def matches(show: ShowList, name: str) -> bool:
    """Return whether LIKE and STARTS WITH choose a name."""
    return (show.like is None or like_matches(show.like, name)) and name.startswith(show.starts_with)


def page(show: ShowList, rows: Iterable[Row], name: Callable[[Row], str]) -> list[Row]:
    """Return the rows of LIMIT n FROM 'x': those after the first one whose name starts with x."""
    found = list(rows)
    if show.from_name:
        first = next((at for at, row in enumerate(found) if name(row).startswith(show.from_name)), None)
        found = [row for row in found if name(row) > show.from_name] if first is None else found[first + 1 :]
    return found[: show.limit]
