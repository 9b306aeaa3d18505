"""Roles, what is granted to them, and what they may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, StatementRefusedError
from infra.local_snowflake.objects.records import Key, Records
from infra.local_snowflake.objects.registry import Registry

SYSTEM_ROLES = {
    "ACCOUNTADMIN": ("SECURITYADMIN", "SYSADMIN"),
    "SECURITYADMIN": ("USERADMIN",),
    "SYSADMIN": (),
    "USERADMIN": (),
    "PUBLIC": (),
    "ORGADMIN": (),
}
"""The roles of a new account, with the roles that are granted to each."""
_ALL_POWERFUL = frozenset({"ACCOUNTADMIN", "SYSADMIN", "SECURITYADMIN"})


class NotPrivilegedError(StatementRefusedError):
    """The role lacks a privilege."""

    code = 3001
    sqlstate = "42501"


class RoleRefusedError(StatementRefusedError):
    """The role of a login does not exist or is not granted to the user."""

    code = 390189
    sqlstate = "08001"


class RoleNotGrantedError(StatementRefusedError):
    """The role is not granted to the user."""

    code = 3013
    sqlstate = "42501"


@dataclass(frozen=True, slots=True)
class Role:
    """A role."""

    created_on: datetime
    owner: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on an object; the privilege and the object are in its key."""

    created_on: datetime
    granted_by: str
    grant_option: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant with its key.

    Args:
        kind: of the object, like EXTERNAL TABLE; ROLE for a granted role.
        name: full name of the object.
        to: ROLE or USER.
        future: whether it is for objects that will be created in `name`, a schema or database.
    """

    privilege: str
    kind: str
    name: Key
    to: str
    grantee: str
    grant: Grant
    future: bool = False

    @property
    def key(self) -> Key:
        """The key of its record."""
        return (self.to, self.grantee, self.privilege, self.kind, "FUTURE" if self.future else "", *self.name)


class Roles:
    """The roles and grants of one account.

    A role with everything that SYSADMIN, SECURITYADMIN or ACCOUNTADMIN have may do everything; every other role needs
    its grants.

    Args:
        registry: whose database stores them.
        now: returns the time.
        user: who has the roles of a new account.
        own_roles: further roles of the user, to which SYSADMIN is granted.
    """

    def __init__(self, registry: Registry, now: Callable[[], datetime], user: str, own_roles: Iterable[str]) -> None:
        self._now = now
        self.user = user
        self._roles = Records(registry, "ROLE", Role)
        self._grants = Records(registry, "GRANT", Grant)
        own = tuple(own_roles)
        for name, granted in {**SYSTEM_ROLES, **dict.fromkeys(own, ("SYSADMIN",))}.items():
            if self._roles.get((name,)) is None:
                self._roles.put((name,), Role(now(), "" if name in SYSTEM_ROLES else "ACCOUNTADMIN"))
                for role in granted:
                    self.grant_role(role, "ROLE", name, "")
        for name in ("ACCOUNTADMIN", "SYSADMIN", *own):
            if self._grants.get(_role_key(name, "USER", user)) is None:
                self.grant_role(name, "USER", user, "ACCOUNTADMIN")

    def names(self) -> list[str]:
        """List the roles by name."""
        return [key[0] for key, _ in self._roles.items()]

    def get(self, name: str) -> Role:
        """Return a role.

        Raises:
            ObjectMissingError: there is none.
        """
        role = self._roles.get((name,))
        if role is None:
            raise ObjectMissingError(f"SQL compilation error:\nRole '{name}' does not exist or not authorized.")
        return role

    def exists(self, name: str) -> bool:
        """Return whether there is a role of this name."""
        return self._roles.get((name,)) is not None

    def create(self, name: str, owner: str, comment: str, *, replace: bool) -> None:
        """Create a role.

        Raises:
            ObjectExistsError: there is one.
        """
        if self.exists(name):
            if not replace:
                raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
            self.drop(name)
        self._roles.put((name,), Role(self._now(), owner, comment))

    def drop(self, name: str) -> None:
        """Drop a role with its grants.

        Raises:
            NotPrivilegedError: it is one of Snowflake's.
        """
        self.get(name)
        if name in SYSTEM_ROLES:
            raise NotPrivilegedError(f"SQL access control error:\nInsufficient privileges to operate on role '{name}'.")
        ended = [
            found.key
            for found in self.grants()
            if (found.to, found.grantee) == ("ROLE", name) or (found.kind, found.name) == ("ROLE", (name,))
        ]
        self._grants.remove(*ended)
        self._roles.remove((name,))

    def set_comment(self, name: str, comment: str) -> None:
        """Set the comment of a role."""
        role = self.get(name)
        self._roles.put((name,), Role(role.created_on, role.owner, comment))

    def grants(self) -> list[Granted]:
        """List all grants."""
        return [_granted(key, grant) for key, grant in self._grants.items()]

    def grant(self, granted: Granted) -> None:
        """Store a grant."""
        self._grants.put(granted.key, granted.grant)

    def revoke(self, granted: Granted) -> None:
        """Delete a grant, if it exists."""
        self._grants.remove(granted.key)

    def new_grant(self, by: str, *, option: bool = False) -> Grant:
        """Return a grant of now."""
        return Grant(self._now(), by, option)

    def grant_role(self, name: str, to: str, grantee: str, by: str) -> None:
        """Grant a role to a role or user."""
        self.grant(Granted("USAGE", "ROLE", (name,), to, grantee, self.new_grant(by)))

    def forget(self, gone: Callable[[str, Key], bool]) -> None:
        """Delete the grants on objects that were dropped."""
        self._grants.remove(
            *[found.key for found in self.grants() if not found.future and gone(found.kind, found.name)]
        )

    def move(self, kind: str, old: Key, new: Key) -> None:
        """Keep the grants of a renamed object."""
        for found in self.grants():
            if found.kind == kind and found.name == old:
                self.revoke(found)
                self.grant(Granted(found.privilege, kind, new, found.to, found.grantee, found.grant))

    def apply_future(self, kind: str, name: Key) -> None:
        """Give a new object the privileges of GRANT ... ON FUTURE; those of its schema come before the database's."""
        future = [found for found in self.grants() if found.future and found.kind == kind]
        of_schema = [found for found in future if found.name == name[:2]]
        for found in of_schema or [found for found in future if found.name == name[:1]]:
            self.grant(Granted(found.privilege, kind, name, found.to, found.grantee, self.new_grant("")))

    def roles_of_user(self) -> set[str]:
        """Return the roles that are granted to the user, with all that are granted to these."""
        return self.inherited("PUBLIC", *self.granted_to_user())

    def granted_to_user(self) -> set[str]:
        """Return the roles that are granted to the user directly."""
        return {found.name[0] for found in self.grants() if (found.to, found.kind) == ("USER", "ROLE")}

    def inherited(self, *names: str) -> set[str]:
        """Return these roles and all that are granted to them."""
        granted: dict[str, list[str]] = {}
        for found in self.grants():
            if (found.to, found.kind) == ("ROLE", "ROLE"):
                granted.setdefault(found.grantee, []).append(found.name[0])
        found_roles: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found_roles:
                found_roles.add(name)
                waiting += granted.get(name, [])
        return found_roles | {"PUBLIC"}

    def require_usable(self, name: str) -> None:
        """Check that the user may take a role.

        Raises:
            StatementRefusedError: it does not exist.
            RoleNotGrantedError: it is not granted to the user.
        """
        if not self.exists(name):
            raise StatementRefusedError(
                "SQL compilation error:\nObject does not exist, or operation cannot be performed."
            )
        if name not in self.roles_of_user():
            raise RoleNotGrantedError(
                f"SQL access control error:\nRequested role '{name}' is not assigned to the executing user. "
                "Specify another role to activate."
            )

    def restricted(self, active: Iterable[str]) -> set[str] | None:
        """Return the roles whose grants count for a session; None if it may do everything."""
        roles = self.inherited(*active)
        return None if roles & _ALL_POWERFUL else roles

    def privileges(self, roles: set[str], kind: str, name: Key) -> set[str]:
        """Return the privileges of roles on an object."""
        return {
            found.privilege
            for found in self.grants()
            if found.to == "ROLE"
            and found.grantee in roles
            and not found.future
            and found.kind == kind
            and found.name == name
        }


def _role_key(name: str, to: str, grantee: str) -> Key:
    return (to, grantee, "USAGE", "ROLE", "", name)


def _granted(key: Key, grant: Grant) -> Granted:
    to, grantee, privilege, kind, future, *name = key
    return Granted(privilege, kind, tuple(name), to, grantee, grant, bool(future))
