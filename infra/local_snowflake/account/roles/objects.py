"""Find the objects that privileges are granted on: their kind, full name and owner."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local_snowflake.account.roles.roles import Roles
from infra.local_snowflake.account.warehouses import Warehouses
from infra.local_snowflake.errors import ObjectMissingError, TableMissingError
from infra.local_snowflake.language.names import ObjectName, PartialName
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.records import Key
from infra.local_snowflake.objects.stored import DATABASE
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import Relations

RELATIONS = frozenset({"TABLE", "VIEW", "EXTERNAL TABLE", "MATERIALIZED VIEW"})
_STORED = {"STAGE": "STAGE", "FILE FORMAT": "FILE_FORMAT"}


@dataclass(frozen=True, slots=True)
class AccountObjects:
    """Finds objects of every kind."""

    roles: Roles
    warehouses: Warehouses
    catalog: Catalog
    relations: Relations

    def find(self, kind: str, name: PartialName | None, session: Session) -> tuple[str, Key]:
        """Return the true kind and the full name of an object.

        Raises:
            ObjectMissingError: it does not exist.
        """
        if name is None or kind == "ACCOUNT":
            return "ACCOUNT", ()
        if not kind or kind in RELATIONS:
            return self._relation(kind, name, session)
        key = self.key(kind, name, session)
        if not self.exists(kind, key):
            raise ObjectMissingError(
                f"SQL compilation error:\n{kind.capitalize()} '{'.'.join(key)}' does not exist or not authorized."
            )
        return kind, key

    def _relation(self, kind: str, name: PartialName, session: Session) -> tuple[str, Key]:
        full = session.full(name)
        found = self.relations.relations(session, lambda each: each == full)
        word = (kind or "TABLE").capitalize()
        same = bool(found) and (not kind or (kind == "VIEW") == (found[0].kind == "VIEW") or kind.startswith("MATER"))
        if not same:
            raise TableMissingError(f"SQL compilation error:\n{word} '{full}' does not exist or not authorized.")
        return found[0].kind, (full.database, full.schema, full.name)

    @staticmethod
    def key(kind: str, name: PartialName, session: Session) -> Key:
        """Return the full name of an object."""
        if kind in {"DATABASE", "WAREHOUSE", "INTEGRATION", "ROLE", "USER"}:
            return name.parts[-1:]
        if kind == "SCHEMA":
            return (name.parts[-2] if len(name.parts) > 1 else session.database or "", name.parts[-1])
        full = session.full(name)
        return (full.database, full.schema, full.name)

    def exists(self, kind: str, key: Key) -> bool:
        """Return whether an object exists."""
        if kind in {"DATABASE", "SCHEMA"}:
            return key in ({(name,) for name in self.relations.databases()} | set(self.relations.schemas()))
        if kind == "WAREHOUSE":
            return self.warehouses.exists(key[0])
        if kind == "ROLE":
            return self.roles.exists(key[0])
        if kind == "USER":
            return key[0] == self.roles.user
        if kind in RELATIONS:
            return self.catalog.relation_kind(ObjectName(*key)) is not None
        return self._stored(kind, key)

    def _stored(self, kind: str, key: Key) -> bool:
        if kind == "SEQUENCE":
            return key in {row[:3] for row in self.relations.sequences()}
        with self.relations.registry.cursor() as cursor:
            rows = cursor.execute(f"SELECT kind, database_name, schema_name, name FROM {DATABASE}.objects").fetchall()  # noqa: S608 - a constant
            for table in ("_fs_stages", "_fs_file_formats"):
                stored = cursor.execute(
                    f"SELECT database_name, schema_name, name FROM _fs_global._fs_information_schema.{table}"  # noqa: S608 - constants
                ).fetchall()
                rows += [("STAGE" if table == "_fs_stages" else "FILE_FORMAT", *row) for row in stored]
        if kind == "INTEGRATION":
            return key[0] in {row[3] for row in rows if row[0] == "INTEGRATION"}
        return (_STORED.get(kind, kind), *key) in rows

    def owner(self, kind: str, key: Key) -> str:
        """Return the role that owns an object."""
        if kind == "WAREHOUSE":
            return self.warehouses.get(key[0]).owner
        if kind == "ROLE":
            return self.roles.get(key[0]).owner
        return self.catalog.info(self.info_key(kind, key)).owner if key else "ACCOUNTADMIN"

    @staticmethod
    def info_key(kind: str, key: Key) -> Key:
        """Return the key of an object in the catalog; a stage can have the name of a table."""
        return ("STAGE", *key) if kind == "STAGE" else key

    def owned_by(self, role: str, session: Session) -> list[tuple[str, Key]]:
        """List databases, schemas, relations and warehouses of an owner."""
        found: list[tuple[str, Key]] = [("DATABASE", (name,)) for name in self.relations.databases()]
        found += [("SCHEMA", key) for key in self.relations.schemas() if key[1] != "INFORMATION_SCHEMA"]
        found += [
            (each.kind, (each.name.database, each.name.schema, each.name.name))
            for each in self.relations.relations(session)
        ]
        found += [("WAREHOUSE", (name,)) for name, _ in self.warehouses.items()]
        return [(kind, key) for kind, key in found if self.owner(kind, key) == role]

    def inside(self, kind: str, container: Key, session: Session) -> list[Key]:
        """List the objects of a kind in a schema or database."""
        if kind == "SCHEMA":
            return [key for key in self.relations.schemas(container[0]) if key[1] != "INFORMATION_SCHEMA"]
        return [
            (each.name.database, each.name.schema, each.name.name)
            for each in self.relations.relations(session)
            if each.kind == kind and (each.name.database, each.name.schema)[: len(container)] == container
        ]
