"""Grant and revoke roles and privileges."""

from __future__ import annotations

from dataclasses import dataclass, replace

from infra.local_snowflake.account.roles.grant_parsing import PRIVILEGES
from infra.local_snowflake.account.roles.objects import AccountObjects
from infra.local_snowflake.account.roles.roles import Granted, Roles
from infra.local_snowflake.account.statements import GrantPrivileges, GrantRole
from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import ObjectMissingError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.objects.records import Key
from infra.local_snowflake.sessions import Session


@dataclass(frozen=True, slots=True)
class Grants:
    """Changes what is granted to roles that exist, on objects that exist."""

    roles: Roles
    objects: AccountObjects

    def grant_role(self, statement: GrantRole, session: Session) -> None:
        """Grant roles to a role or user, or revoke them.

        Raises:
            ObjectMissingError: one of the roles or the user does not exist.
        """
        for name in statement.roles:
            self.roles.get(name)
        if statement.to == "ROLE":
            self.roles.get(statement.grantee)
        elif statement.grantee != self.roles.user:
            raise ObjectMissingError(
                f"SQL compilation error:\nUser '{statement.grantee}' does not exist or not authorized."
            )
        for name in statement.roles:
            if statement.revoke:
                grant = self.roles.new_grant("")
                self.roles.revoke(Granted("USAGE", "ROLE", (name,), statement.to, statement.grantee, grant))
            else:
                self.roles.grant_role(name, statement.to, statement.grantee, session.role)

    def grant(self, statement: GrantPrivileges, session: Session) -> Answer:
        """Grant privileges on one object, on all objects of a schema or database, or on future ones; or revoke them.

        Raises:
            ObjectMissingError: the role or an object does not exist.
        """
        self.roles.get(statement.role)
        future = statement.scope == "FUTURE"
        objects = self._objects(statement, session)
        if statement.privileges == ("OWNERSHIP",) and not future:
            self._own(statement, objects)
            return status("Statement executed successfully.")
        for kind, key in objects:
            for privilege in _expanded(statement, kind):
                grant = self.roles.new_grant(session.role, option=statement.grant_option)
                granted = Granted(privilege, kind, key, "ROLE", statement.role, grant, future)
                self._change(granted, statement)
        message = "Statement executed successfully."
        if statement.scope == "ALL":
            message = f"Statement executed successfully. {len(objects)} objects affected."
        return status(message)

    def _change(self, granted: Granted, statement: GrantPrivileges) -> None:
        if not statement.revoke:
            self.roles.grant(granted)
        elif statement.grant_option:
            self.roles.grant(replace(granted, grant=replace(granted.grant, grant_option=False)))
        else:
            self.roles.revoke(granted)

    def _objects(self, statement: GrantPrivileges, session: Session) -> list[tuple[str, Key]]:
        if not statement.scope:
            return [self.objects.find(statement.kind, statement.name, session)]
        _, container = self.objects.find(statement.within, statement.name, session)
        if statement.scope == "FUTURE":
            return [(statement.kind, container)]
        if statement.kind not in {"TABLE", "VIEW", "EXTERNAL TABLE", "SCHEMA"}:
            raise unsupported(f"GRANT ON ALL {statement.kind}S")
        return [(statement.kind, key) for key in self.objects.inside(statement.kind, container, session)]

    def _own(self, statement: GrantPrivileges, objects: list[tuple[str, Key]]) -> None:
        if statement.revoke:
            raise unsupported("REVOKE OWNERSHIP")
        for kind, key in objects:
            if kind not in {"TABLE", "VIEW", "EXTERNAL TABLE", "SCHEMA", "DATABASE"}:
                raise unsupported("GRANT OWNERSHIP ON", kind)
            if statement.current_grants == "REVOKE":
                self.roles.forget(lambda *found, kept=(kind, key): found == kept)
            self.objects.catalog.owned(key, statement.role)


def _expanded(statement: GrantPrivileges, kind: str) -> list[str]:
    if statement.privileges != ("ALL",):
        return list(statement.privileges)
    return [one for one in PRIVILEGES[kind] if one != "OWNERSHIP" and not one.endswith("*")]
