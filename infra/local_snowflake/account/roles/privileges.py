"""Check the privileges of the session's role before a statement is executed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.local_snowflake.account.roles.grant_parsing import SCHEMA_OBJECTS
from infra.local_snowflake.account.roles.objects import RELATIONS, AccountObjects
from infra.local_snowflake.account.roles.roles import NotPrivilegedError, Roles
from infra.local_snowflake.errors import ObjectMissingError, TableMissingError
from infra.local_snowflake.language.names import ObjectName, PartialName
from infra.local_snowflake.language.parsing.effects import Change, Effect, effect_of
from infra.local_snowflake.language.splitting import words
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.objects.records import Key
from infra.local_snowflake.rewriting.relations import chains, named
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import Relation

_WRITES = {
    "INSERT": {"INSERT"},
    "UPDATE": {"UPDATE"},
    "DELETE": {"DELETE"},
    "TRUNCATE": {"TRUNCATE"},
    "COPY": {"INSERT"},
}
_MODIFIERS = frozenset({"TRANSIENT", "SECURE", "RECURSIVE", "MATERIALIZED", "OR", "REPLACE", "ALTER"})
_ACCOUNT_OBJECTS = ("DATABASE", "ROLE", "WAREHOUSE", "USER", "INTEGRATION")


@dataclass(frozen=True, slots=True)
class Privileges:
    """What a role may do: roles with SYSADMIN may do everything, and are not checked."""

    roles: Roles
    objects: AccountObjects

    def require(self, sql: str, active: set[str], session: Session) -> None:
        """Check a statement.

        Raises:
            NotPrivilegedError: the role sees the object and lacks the privilege.
            TableMissingError: the role has no privilege on the object or its schema.
        """
        roles = self.roles.restricted(active)
        if roles is None:
            return
        first = next(iter(chains(sql)), None)
        verb = first[0].keyword if first else ""
        effect = effect_of(sql) if verb else None
        if verb == "CREATE":
            self._require_creation(sql, roles, session)
        for stage in _stages(sql):
            changed = verb in {"ALTER", "DROP"} and "REFRESH" not in words(sql)
            self._require_stage(stage, roles, session, changed=changed)
        for relation in self._read(sql, session):
            key = _key(relation.name)
            needed = _needed(verb, effect, relation.name, sql, session)
            if needed:
                self._require_relation(relation, key, needed, roles)

    def _require_stage(self, name: PartialName, roles: set[str], session: Session, *, changed: bool) -> None:
        """USAGE is enough for a refresh of the directory table, too."""
        key = self.objects.key("STAGE", name, session)
        if not self.objects.exists("STAGE", key) or self.objects.owner("STAGE", key) in roles:
            return
        if not self.roles.privileges(roles, "STAGE", key):
            raise ObjectMissingError(
                f"SQL compilation error:\nStage '{'.'.join(key)}' does not exist or not authorized."
            )
        if changed:
            raise _insufficient("stage", key[-1])

    def _read(self, sql: str, session: Session) -> Iterator[Relation]:
        relations = {each.name: each for each in self.objects.relations.relations(session)}
        for name in {hit[0] for chain in chains(sql) if (hit := named(chain, relations, session))}:
            yield relations[name]

    def _require_relation(self, relation: Relation, key: Key, needed: set[str], roles: set[str]) -> None:
        if relation.temporary or self.objects.owner(relation.kind, key) in roles:
            return
        held = self.roles.privileges(roles, relation.kind, key)
        if not all(self._uses(kind, part, roles) for kind, part in (("DATABASE", key[:1]), ("SCHEMA", key[:2]))):
            raise TableMissingError(
                f"SQL compilation error:\nObject '{relation.name}' does not exist or not authorized."
            )
        if not needed <= held:
            raise NotPrivilegedError(
                f"SQL access control error:\nInsufficient privileges to operate on "
                f"{relation.kind.lower()} '{relation.name.name}'."
            )

    def _uses(self, kind: str, key: Key, roles: set[str]) -> bool:
        return self.objects.owner(kind, key) in roles or bool(self.roles.privileges(roles, kind, key))

    def _require_creation(self, sql: str, roles: set[str], session: Session) -> None:
        reader = Reader(sql)
        reader.take()
        while (token := reader.peek()) and token.keyword in _MODIFIERS:
            reader.take()
        if reader.accept("TEMPORARY") or reader.accept("TEMP"):
            return
        for kind in SCHEMA_OBJECTS:
            if reader.accept(*kind.split()):
                reader.accept("IF", "NOT", "EXISTS")
                name = session.full(reader.name())
                self._require_on("SCHEMA", (name.database, name.schema), f"CREATE {kind}", roles)
                return
        if reader.accept("SCHEMA"):
            reader.accept("IF", "NOT", "EXISTS")
            parts = reader.name().parts
            database = parts[-2] if len(parts) > 1 else session.database or ""
            self._require_on("DATABASE", (database,), "CREATE SCHEMA", roles)
            return
        for word in _ACCOUNT_OBJECTS:
            if reader.accept(word) and f"CREATE {word}" not in self.roles.privileges(roles, "ACCOUNT", ()):
                raise _insufficient("account", "LOCAL")

    def _require_on(self, kind: str, key: Key, privilege: str, roles: set[str]) -> None:
        if not self.objects.exists(kind, key) or self.objects.owner(kind, key) in roles:
            return
        uses = kind == "DATABASE" or self._uses("DATABASE", key[:1], roles)
        held = self.roles.privileges(roles, kind, key)
        if not uses or privilege not in held or "USAGE" not in held:
            raise _insufficient(kind.lower(), key[-1])


def _stages(sql: str) -> list[PartialName]:
    """Return the stages that a statement names, as @stage or after STAGE."""
    reader = Reader(sql)
    found = []
    before = ""
    while not reader.done:
        token = reader.take()
        following = reader.peek()
        named = following is not None and following.is_name and following.keyword not in {"IF", "URL"}
        if named and (token.text == "@" or (token.keyword == "STAGE" and before in {"ALTER", "DROP", "DESC"})):
            found.append(reader.name())
        before = token.keyword
    return found


def _insufficient(kind: str, name: str) -> NotPrivilegedError:
    return NotPrivilegedError(f"SQL access control error:\nInsufficient privileges to operate on {kind} '{name}'.")


def _needed(verb: str, effect: Effect | None, name: ObjectName, sql: str, session: Session) -> set[str]:
    """Return the privileges that a statement needs on a relation; OWNERSHIP is never granted."""
    target = effect is not None and effect.kind in RELATIONS and session.full(effect.name) == name
    if verb in {"SHOW", "DESC", "DESCRIBE", "GRANT", "REVOKE", "USE"}:
        return {"OWNERSHIP"} if verb in {"GRANT", "REVOKE"} else set()
    if verb in {"ALTER", "DROP", "COMMENT"}:
        return {"OWNERSHIP"}
    if not target or effect is None:
        return {"SELECT"}
    if effect.change is Change.CREATED:
        return {"OWNERSHIP"} if effect.replaced else set()
    if verb == "MERGE":
        words = {chain[0].keyword for chain in chains(sql)}
        return {word for word in ("INSERT", "UPDATE", "DELETE") if word in words}
    return _WRITES.get(verb, {"SELECT"})


def _key(name: ObjectName) -> Key:
    return (name.database, name.schema, name.name)
