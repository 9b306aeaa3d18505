"""ALTER of tables and views; of schemas, databases and sequences what is stored beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.altering.columns import Columns, refusing_nulls
from infra.local_snowflake.altering.keys import Keys
from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    ObjectExistsError,
    ObjectMissingError,
    TableMissingError,
    WrongKindError,
)
from infra.local_snowflake.language.alterations import (
    AddColumns,
    AddKey,
    Alter,
    ChangeColumns,
    ClusterBy,
    DropColumns,
    DropKey,
    Refused,
    Rename,
    RenameColumn,
    RenameKey,
    SetProperties,
    Swap,
)
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import ObjectName, PartialName, new_id, quote
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.changes import key_of
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.rewriting.merge_plan import MATCHES_PREFIX
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import Relations

_DONE = "Statement executed successfully."


@dataclass(frozen=True, slots=True)
class Alterations:
    """Alters objects with the connection of a session; a statement changes all that it names, or nothing."""

    registry: Registry
    catalog: Catalog
    relations: Relations
    keys: Keys
    columns: Columns

    @classmethod
    def over(cls, registry: Registry, catalog: Catalog, relations: Relations) -> Alterations:
        """Build the alterations over a registry."""
        keys = Keys(registry)
        return cls(registry, catalog, relations, keys, Columns(catalog, relations, keys))

    def alter(self, statement: Alter, session: Session) -> Answer:
        """Alter one object.

        Raises:
            ObjectMissingError: it does not exist.
            NotSupportedError: the change would have no effect here.
        """
        if statement.kind not in {"TABLE", "VIEW"}:
            return self._alter_other(statement, session)
        name = session.full(statement.name)
        stored = session.stored(statement.name)
        found = self.catalog.relation_kind(stored)
        if found is None:
            if statement.if_exists:
                return status(_DONE)
            kind = statement.kind.title()
            raise TableMissingError(f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")
        if found != statement.kind:
            raise WrongKindError(
                f"SQL compilation error:\nObject '{name}' found is of type '{found}', not '{statement.kind}'."
            )
        self._change(statement, name, stored, session)
        return status(_DONE)

    def _change(self, statement: Alter, name: ObjectName, stored: ObjectName, session: Session) -> None:
        key = (name.database, name.schema, name.name)
        match statement.change:
            case Refused(refusal=refusal):
                raise refusal
            case Rename(to=to):
                self._rename(statement.kind, name, stored, to, session)
            case Swap(other=other):
                self._swap(name, stored, other, session)
            case SetProperties(values=values):
                self._set(key, stored, dict(values))
            case ClusterBy(key=clustering):
                self._cluster(key, stored, clustering, session)
            case AddKey() | DropKey() | RenameKey() as change:
                self._change_keys(change, stored, session)
            case change:
                self._change_columns(change, key, stored, session)

    def _change_keys(self, change: AddKey | DropKey | RenameKey, stored: ObjectName, session: Session) -> None:
        match change:
            case AddKey(kind=kind, name=constraint, columns=columns):
                self._add_key(stored, kind, constraint, columns, session)
            case DropKey(kind=kind, name=constraint, columns=columns):
                self.keys.drop(stored, kind, constraint, columns)
            case RenameKey(old=old, new=new):
                self.keys.rename(stored, old, new)

    def _change_columns(
        self,
        change: AddColumns | DropColumns | RenameColumn | ChangeColumns,
        key: tuple[str, ...],
        stored: ObjectName,
        session: Session,
    ) -> None:
        match change:
            case AddColumns(columns=added):
                self.columns.add(key, stored, added, session)
            case DropColumns(names=names, if_exists=missing_ok):
                self.columns.drop(key, stored, names, missing_ok, session)
            case RenameColumn(old=old, new=new):
                self.columns.rename(key, stored, old, new, session)
            case ChangeColumns(changes=changes):
                self.columns.change(key, stored, changes, session)

    def _alter_other(self, statement: Alter, session: Session) -> Answer:
        key = key_of(statement.kind, statement.name, session)
        there = {
            "DATABASE": lambda: key[0] in self.relations.databases(),
            "SCHEMA": lambda: key in self.relations.schemas(key[0]),
            "SEQUENCE": lambda: key in {row[:3] for row in self.relations.sequences()},
        }[statement.kind]()
        if not there:
            if statement.if_exists:
                return status(_DONE)
            raise ObjectMissingError(
                f"SQL compilation error:\n{statement.kind.title()} '{'.'.join(key)}' does not exist or not authorized."
            )
        if isinstance(statement.change, Refused):
            raise statement.change.refusal
        if isinstance(statement.change, SetProperties):
            self.catalog.altered(key, **statement.change.values)
        return status(_DONE)

    def _set(self, key: tuple[str, ...], stored: ObjectName, values: dict[str, Any]) -> None:
        comment = values.pop("comment", None)
        if comment is not None:
            self.catalog.comment_on(stored, comment, {})
        if "reclustering" in values and not self.catalog.info(key).cluster_by:
            raise unsupported("RECLUSTER of a table without a clustering key")
        self.catalog.altered(key, **values)

    def _cluster(self, key: tuple[str, ...], stored: ObjectName, clustering: str, session: Session) -> None:
        if clustering:
            expressions = clustering.removeprefix("LINEAR(").removesuffix(")")
            session.run(f"SELECT {expressions} FROM {stored.sql} WHERE FALSE")  # noqa: S608 - a query of nothing
        self.catalog.altered(key, cluster_by=clustering, reclustering=True)

    def _rename(self, kind: str, name: ObjectName, stored: ObjectName, to: PartialName, session: Session) -> None:
        new = session.full(to)
        self.registry.require_schema(new)
        if self.catalog.relation_kind(session.stored(to)) is not None:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{new}' already exists.")
        if (new.database, new.schema) != (name.database, name.schema):
            raise unsupported(f"ALTER {kind} RENAME TO another schema")
        renamed = session.temporary_name(new) if name in session.temporary else new
        session.run(f"ALTER {kind} {stored.sql} RENAME TO {quote(renamed.name)}")
        if session.temporary.pop(name, None):
            session.temporary[new] = renamed
        self.keys.move(stored, renamed)
        self.catalog.move_lengths(stored, renamed)
        self.catalog.renamed((name.database, name.schema, name.name), (new.database, new.schema, new.name))

    def _swap(self, name: ObjectName, stored: ObjectName, with_name: PartialName, session: Session) -> None:
        other, other_stored = session.full(with_name), session.stored(with_name)
        if self.catalog.relation_kind(other_stored) != "TABLE":
            raise TableMissingError(f"SQL compilation error:\nTable '{other}' does not exist or not authorized.")
        if name in session.temporary or other in session.temporary or self.registry.external_table(other):
            raise unsupported("SWAP WITH of a temporary or external table")
        if (other.database, other.schema) != (name.database, name.schema):
            raise unsupported("SWAP WITH a table of another schema")
        between = ObjectName(name.database, name.schema, f"{MATCHES_PREFIX}{new_id()}")
        moves = ((stored, between), (other_stored, stored), (between, other_stored))
        with session.whole():
            for old, new in moves:
                session.run(f"ALTER TABLE {old.sql} RENAME TO {quote(new.name)}")
        for old, new in moves:
            self.keys.move(old, new)
            self.catalog.move_lengths(old, new)
        self.catalog.swapped((name.database, name.schema, name.name), (other.database, other.schema, other.name))

    def _add_key(self, stored: ObjectName, kind: str, name: str, columns: tuple[str, ...], session: Session) -> None:
        self.columns.require(stored, columns)
        if kind == "PRIMARY":
            with session.whole(), refusing_nulls():
                for column in columns:
                    session.duck.execute(f"ALTER TABLE {stored.sql} ALTER COLUMN {quote(column)} SET NOT NULL")
        self.keys.add(stored, kind, name, columns)
