"""Answer DESCRIBE of tables, views, schemas and databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.errors import TableMissingError
from infra.local_snowflake.language.names import ObjectName, PartialName
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.lists import answer_of
from infra.local_snowflake.showing.relations import Relations
from infra.local_snowflake.showing.selection import unknown

_COLUMNS = (
    "name",
    "type",
    "kind",
    "null?",
    "default",
    "primary key",
    "unique key",
    "check",
    "expression",
    "comment",
    "policy name",
    "privacy domain",
)
_CONTENT = ("created_on", "name", "kind")


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Answers DESCRIBE from the lists of relations and columns."""

    relations: Relations

    def relation(self, name: ObjectName, session: Session) -> Answer:
        """List the columns of a table or view.

        Raises:
            TableMissingError: there is none.
        """
        found = self.relations.relations(session, lambda each: each == name)
        if not found:
            raise TableMissingError(f"SQL compilation error:\nTable '{name}' does not exist or not authorized.")
        primary = {column for _, columns, _ in self.relations.keys(found, "PRIMARY KEY") for column in columns}
        unique = {column for _, columns, _ in self.relations.keys(found, "UNIQUE") for column in columns}
        rows: list[dict[str, Any]] = [
            {
                "name": column.name,
                "type": column.type_sql,
                "kind": "COLUMN",
                "null?": "Y" if column.nullable else "N",
                "default": str(column.identity) if column.identity else column.default,
                "primary key": "Y" if column.name in primary else "N",
                "unique key": "Y" if column.name in unique else "N",
                "comment": column.comment or None,
            }
            for _, column in self.relations.columns(found)
        ]
        return answer_of(_COLUMNS, rows)

    def schema(self, name: PartialName, session: Session) -> Answer:
        """List the tables and views of a schema."""
        database = name.parts[-2] if len(name.parts) > 1 else session.database
        if (database, name.parts[-1]) not in self.relations.schemas():
            raise unknown()
        found = self.relations.relations(
            session, lambda each: (each.database, each.schema) == (database, name.parts[-1])
        )
        rows = [
            {"created_on": each.info.created_on, "name": each.name.name, "kind": each.kind.replace("EXTERNAL ", "")}
            for each in found
        ]
        return answer_of(_CONTENT, rows)

    def database(self, name: PartialName) -> Answer:
        """List the schemas of a database."""
        database = name.parts[-1]
        if database not in self.relations.databases():
            raise unknown()
        rows = [
            {"created_on": self.relations.created_on(database, schema), "name": schema, "kind": "SCHEMA"}
            for _, schema in self.relations.schemas(database)
        ]
        return answer_of(_CONTENT, rows)
