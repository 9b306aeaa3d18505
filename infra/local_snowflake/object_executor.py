"""Execute the statements about databases, schemas, tables and views that are not left to fakesnow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from infra.local_snowflake.altering.alterations import Alterations
from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, TableMissingError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.language.parsing.effects import Change, Effect, effect_of
from infra.local_snowflake.language.statements import (
    Clone,
    CreateOrAlterTable,
    DescribeObject,
    DropDatabase,
    SetComments,
    ShowList,
)
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.changes import Changes, key_of
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.tables import Tables
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.descriptions import Descriptions
from infra.local_snowflake.showing.information_schema import InformationSchema
from infra.local_snowflake.showing.lists import Lists
from infra.local_snowflake.showing.relations import Relations

ObjectStatement: TypeAlias = ShowList | DescribeObject | SetComments | Clone | CreateOrAlterTable | DropDatabase


@dataclass(frozen=True, slots=True)
class ObjectExecutor:
    """Executes statements on the catalog of one server."""

    registry: Registry
    catalog: Catalog
    changes: Changes
    lists: Lists
    descriptions: Descriptions
    tables: Tables
    alterations: Alterations
    information_schema: InformationSchema

    @classmethod
    def over(cls, registry: Registry, now: Callable[[], datetime]) -> ObjectExecutor:
        """Build the executor over a registry."""
        catalog = Catalog(registry, now)
        relations = Relations(registry, catalog)
        return cls(
            registry,
            catalog,
            Changes(catalog, registry),
            Lists(relations),
            Descriptions(relations),
            Tables(registry, catalog),
            Alterations.over(registry, catalog, relations),
            InformationSchema(relations),
        )

    def answer(self, statement: ObjectStatement, session: Session) -> Answer:
        """Execute a statement.

        Raises:
            StatementRefusedError: with the code of Snowflake.
        """
        match statement:
            case ShowList():
                answer = self.lists.show(statement, session)
                if answer is None:
                    raise unsupported("SHOW", statement.kind)
                return answer
            case DescribeObject():
                return self._describe_object(statement, session)
            case Clone():
                return self.tables.clone(statement, session)
            case CreateOrAlterTable():
                return self.tables.create_or_alter(statement, session)
            case DropDatabase():
                return self._drop_database(statement, session)
            case SetComments():
                self._set_comments(statement, session)
        return status("Statement executed successfully.")

    def _describe_object(self, statement: DescribeObject, session: Session) -> Answer:
        if statement.kind == "SCHEMA":
            return self.descriptions.schema(statement.name, session)
        if statement.kind == "DATABASE":
            return self.descriptions.database(statement.name)
        return self.descriptions.relation(session.full(statement.name), session)

    def _drop_database(self, statement: DropDatabase, session: Session) -> Answer:
        name = statement.name
        if name not in self.lists.relations.databases():
            if statement.if_exists:
                return status(f"Drop statement executed successfully ({name} already dropped).")
            raise ObjectMissingError(f"SQL compilation error:\nDatabase '{name}' does not exist or not authorized.")
        if session.database == name:
            session.leave_database()
        with self.registry.cursor() as cursor:
            rows = cursor.execute("SELECT path FROM duckdb_databases() WHERE database_name = ?", [name]).fetchall()
            cursor.execute(f"DETACH {quote(name)}")
        for (path,) in rows:
            for suffix in ("", ".wal"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
        self.registry.forget_missing()
        self.catalog.forget_missing()
        return status(f"{name} successfully dropped.")

    def _set_comments(self, statement: SetComments, session: Session) -> None:
        key = key_of(statement.kind, statement.name, session)
        if statement.kind in {"SCHEMA", "DATABASE"}:
            self._require_container(key)
            self.catalog.altered(key, comment=statement.own)
            return
        name = session.stored(statement.name)
        if statement.if_exists and self.catalog.relation_kind(name) is None:
            return
        if (external := self.registry.external_table(name)) and statement.own is not None:
            with self.registry.transaction() as cursor:
                self.registry.put(cursor, replace(external, comment=statement.own))
        self.catalog.comment_on(name, statement.own, dict(statement.columns))
        self.catalog.altered(key)

    def _require_container(self, key: tuple[str, ...]) -> None:
        relations = self.lists.relations
        if (key[0] not in relations.databases()) if len(key) == 1 else (key not in relations.schemas(key[0])):
            kind = "Database" if len(key) == 1 else "Schema"
            raise ObjectMissingError(
                f"SQL compilation error:\n{kind} '{'.'.join(key)}' does not exist or not authorized."
            )

    def settled(self, sql: str, session: Session) -> Answer | None:
        """Return the answer of IF [NOT] EXISTS where nothing is to be done; None for a statement to execute.

        Raises:
            ObjectExistsError: an object of the name exists.
            ObjectMissingError: the object to alter or drop does not exist.
        """
        effect = effect_of(sql)
        if effect is None or (effect.change is Change.WRITTEN and not effect.kept):
            return None
        key = key_of(effect.kind, effect.name, session)
        there = self._exists(effect, session)
        if effect.change is Change.CREATED:
            if not there or effect.replaced or effect.temporary:
                return None
            if effect.kept:
                return status(f"{key[-1]} already exists, statement succeeded.")
            raise ObjectExistsError(f"SQL compilation error:\nObject '{'.'.join(key)}' already exists.")
        if there:
            return None
        if effect.kept:
            word = f"Drop statement executed successfully ({key[-1]} already dropped)."
            return status(word if effect.change is Change.DROPPED else "Statement executed successfully.")
        missing = TableMissingError if effect.kind in {"TABLE", "VIEW"} else ObjectMissingError
        raise missing(
            f"SQL compilation error:\n{effect.kind.title()} '{'.'.join(key)}' does not exist or not authorized."
        )

    def _exists(self, effect: Effect, session: Session) -> bool:
        key = key_of(effect.kind, effect.name, session)
        if effect.kind == "DATABASE":
            return key[0] in self.lists.relations.databases()
        if effect.kind == "SCHEMA":
            return key in self.lists.relations.schemas(key[0])
        if effect.kind == "SEQUENCE":
            return key in {row[:3] for row in self.lists.relations.sequences()}
        if effect.kind not in {"TABLE", "VIEW"}:
            return effect.change is not Change.CREATED
        return self.catalog.relation_kind(session.stored(effect.name)) is not None

    def temporary_status(self, sql: str, session: Session) -> str | None:
        """Return the status of a statement that creates or drops a temporary relation; None for any other."""
        effect = effect_of(sql)
        if effect is None or effect.kind not in {"TABLE", "VIEW"}:
            return None
        name = session.full(effect.name)
        if effect.change is Change.CREATED and effect.temporary:
            return f"{effect.kind.title()} {name.name} successfully created."
        if effect.change is Change.DROPPED and name in session.temporary:
            return f"{name.name} successfully dropped."
        return None
