"""Keep the grants in step with the objects that statements create, rename, replace and drop."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local_snowflake.account.roles.objects import AccountObjects
from infra.local_snowflake.account.roles.roles import Roles
from infra.local_snowflake.language.parsing.effects import Change, effect_of
from infra.local_snowflake.objects.records import Key
from infra.local_snowflake.sessions import Session


@dataclass(frozen=True, slots=True)
class GrantRecording:
    """Changes grants after statements."""

    roles: Roles
    objects: AccountObjects

    def record(self, sql: str, session: Session) -> None:
        """Change the grants after a statement that succeeded.

        A new object has the future grants of its schema; one that is replaced keeps its own with COPY GRANTS alone.
        """
        effect = effect_of(sql)
        if effect is None:
            return
        if effect.change is Change.DROPPED:
            self.roles.forget(self._gone)
            return
        kind, key = effect.kind, self.objects.key(effect.kind, effect.name, session)
        if effect.change is Change.CREATED and not effect.temporary:
            if effect.replaced and not effect.copy_grants:
                self.roles.forget(lambda found, name: (found, name) == (kind, key))
            if kind in {"STAGE", "EXTERNAL TABLE"}:
                self.objects.catalog.created(self.objects.info_key(kind, key), session.role)
            if not effect.kept:
                self.roles.apply_future(kind, key)
        elif effect.change is Change.RENAMED and effect.other:
            self.roles.move(kind, key, self.objects.key(kind, effect.other, session))

    def _gone(self, kind: str, key: Key) -> bool:
        return kind not in {"ROLE", "ACCOUNT", "USER"} and not self.objects.exists(kind, key)
