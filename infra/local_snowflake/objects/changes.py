"""Record in the catalog what a statement of fakesnow changed."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local_snowflake.language.names import PartialName, quote
from infra.local_snowflake.language.parsing.comments import without_comments
from infra.local_snowflake.language.parsing.effects import Change, Effect, effect_of
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
        elif effect.change is Change.RENAMED and effect.other:
            self.catalog.renamed(key, key_of(effect.kind, effect.other, session))
        elif effect.change is Change.SWAPPED and effect.other:
            self.catalog.swapped(key, key_of(effect.kind, effect.other, session))
        elif effect.change is Change.WRITTEN and session.transaction.id:
            session.transaction.written.add(key)
        else:
            self._altered(sql, effect, key, session)

    def _altered(self, sql: str, effect: Effect, key: Key, session: Session) -> None:
        if effect.change is not Change.ALTERED or effect.kind != "TABLE":
            self.catalog.altered(key)
            return
        stored = session.stored(effect.name)
        comments = without_comments(sql)[1]
        if comments.columns:
            self.catalog.comment_on(stored, None, comments.columns)
        lengths = {**self.catalog.info(key).lengths, **self.catalog.declared_lengths(stored)}
        for old, new in effect.columns:
            if old in lengths:
                lengths[new] = lengths.pop(old)
        self.catalog.altered(key, lengths=lengths)

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
            lengths=self.catalog.declared_lengths(session.stored(effect.name)) if effect.kind == "TABLE" else {},
        )
        if effect.kind in {"TABLE", "VIEW"} and (own or comments.columns):
            self.catalog.comment_on(session.stored(effect.name), own, comments.columns)
