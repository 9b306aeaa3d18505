"""Refuse statements that read an invalid external table, also through views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.local_snowflake.errors import ObjectInvalidError
from infra.local_snowflake.external_tables.tables import ExternalTables
from infra.local_snowflake.language.names import NAME_PARTS_MAX, ObjectName
from infra.local_snowflake.language.tokens import Token
from infra.local_snowflake.objects.stored import DATABASE, WHOLE_SCHEMA
from infra.local_snowflake.rewriting.relations import chains
from infra.local_snowflake.sessions import Session

_VIEWS = "SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal"


@dataclass(frozen=True, slots=True)
class Validity:
    """Finds the invalid tables that a statement reads.

    Args:
        tables: the external tables.
    """

    tables: ExternalTables

    def require(self, sql: str, session: Session) -> None:
        """Raise an `ObjectInvalidError` if a statement reads an invalid external table."""
        invalid = {
            table.name: reason
            for table in self.tables.registry.external_tables()
            if (reason := self.tables.invalid_reason(table))
        }
        if not invalid:
            return
        views = self._views()
        reached = _names(sql, session.database, session.schema, {**views, **invalid})
        seen: set[ObjectName] = set()
        while reached:
            name = reached.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in invalid:
                raise ObjectInvalidError(f"External table '{name}' marked invalid. {invalid[name]}")
            reached |= _names(views[name], name.database, name.schema, {**views, **invalid})

    def _views(self) -> dict[ObjectName, str]:
        with self.tables.registry.cursor() as cursor:
            rows = cursor.execute(_VIEWS).fetchall()
        return {ObjectName(*row[:3]): row[3] for row in rows if row[0] != DATABASE}


def _names(sql: str, database: str | None, schema: str | None, known: Mapping[ObjectName, str]) -> set[ObjectName]:
    """Return the known relations that a text names."""
    whole = {name.sql: name for name in known}
    found: set[ObjectName] = set()
    for chain in chains(sql):
        for length in range(min(NAME_PARTS_MAX, len(chain)), 0, -1):
            name = _resolved(chain[:length], database, schema)
            if name and name.database == DATABASE and name.schema == WHOLE_SCHEMA:
                name = whole.get(name.name)
            if name is not None and name in known:
                found.add(name)
                break
    return found


def _resolved(chain: list[Token], database: str | None, schema: str | None) -> ObjectName | None:
    parts = [*(database, schema)[: NAME_PARTS_MAX - len(chain)], *(token.name for token in chain)]
    return ObjectName(*(part for part in parts if part)) if all(parts) else None
