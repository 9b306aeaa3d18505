"""Record in the catalog what a statement of fakesnow changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.language.names import PartialName, quote
from infra.local_snowflake.language.parsing.comments import without_comments
from infra.local_snowflake.language.parsing.definitions.created import definition_of
from infra.local_snowflake.language.parsing.effects import Change, Effect, effect_of
from infra.local_snowflake.loading.copy_into.history import ensure_history
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.records import Key
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.sessions import Session


def key_of(kind: str, name: PartialName, session: Session) -> Key:
    """Return the full name of an object."""
    if kind == "DATABASE":
        return name.parts[-1:]
    if kind == "SCHEMA":
        return (name.parts[-2] if len(name.parts) > 1 else session.database or "", name.parts[-1])
    full = session.full(name)
    return (full.database, full.schema, full.name)


@dataclass(frozen=True, slots=True)
class Changes:
    """Records the effects of statements that succeeded."""

    catalog: Catalog
    registry: Registry

    def record(self, sql: str, session: Session) -> None:
        """Record the effect of a statement that fakesnow executed."""
        effect = effect_of(sql)
        if effect is None or effect.kind in {"STAGE", "EXTERNAL TABLE"}:
            return
        if effect.change is Change.DROPPED:
            self.registry.forget_missing()
            self.catalog.forget_missing()
            return
        key = key_of(effect.kind, effect.name, session)
        if effect.change is Change.CREATED:
            self._created(sql, effect, key, session)
        elif effect.change is Change.WRITTEN and session.transaction.id:
            session.transaction.written.add(key)
        else:
            self.catalog.altered(key)

    def committed(self, session: Session) -> None:
        """Record the tables that a committed transaction wrote to."""
        for key in session.transaction.written:
            self.catalog.altered(key)
        session.transaction.written.clear()

    def _created(self, sql: str, effect: Effect, key: Key, session: Session) -> None:
        if effect.kept and self.catalog.known(key):
            return
        if effect.kind == "DATABASE":
            session.run(f"CREATE SCHEMA {quote(key[0])}.PUBLIC")  # it is the session's schema then
            ensure_history(session.duck, key[0])
            self.catalog.created((*key, "PUBLIC"), session.role)
        comments = without_comments(sql)[1]
        own = comments.own or ""
        self.catalog.created(
            key,
            session.role,
            comment=own,
            transient=effect.transient,
            managed_access=effect.managed_access,
            definition=sql.strip() if effect.kind == "VIEW" else "",
            **_stored_properties(sql),
            lengths=self.catalog.declared_lengths(session.stored(effect.name)) if effect.kind == "TABLE" else {},
        )
        if effect.kind in {"TABLE", "VIEW"} and (own or comments.columns):
            self.catalog.comment_on(session.stored(effect.name), own, comments.columns)


def _stored_properties(sql: str) -> dict[str, Any]:
    """Return what a CREATE statement says beside columns and query, by the names of the fields of `ObjectInfo`."""
    definition = definition_of(sql)
    if definition is None:
        return {}
    return {"secure": definition.secure, "cluster_by": definition.cluster_by, **definition.properties}
