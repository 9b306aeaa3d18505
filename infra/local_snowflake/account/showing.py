"""Answer SHOW ROLES, GRANTS, WAREHOUSES, PARAMETERS, VARIABLES and TRANSACTIONS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.account.parameters import PARAMETERS
from infra.local_snowflake.account.roles.objects import AccountObjects
from infra.local_snowflake.account.roles.roles import Granted, Roles
from infra.local_snowflake.account.statements import ShowGrants
from infra.local_snowflake.account.warehouses import Warehouses
from infra.local_snowflake.answers import Answer
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import PartialName, quote
from infra.local_snowflake.language.statements import ShowList
from infra.local_snowflake.objects.records import Key
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.lists import answer_of
from infra.local_snowflake.showing.selection import matches, page

_ROLES = (
    *("created_on", "name", "is_default", "is_current", "is_inherited", "assigned_to_users", "granted_to_roles"),
    *("granted_roles", "owner", "comment"),
)
_GRANTS = ("created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by")
_ROLE_GRANTS = ("created_on", "role", "granted_to", "grantee_name", "granted_by")
_FUTURE = ("created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option")
_WAREHOUSES = (
    *("name", "state", "type", "size", "min_cluster_count", "max_cluster_count", "started_clusters", "running"),
    *("queued", "is_default", "is_current", "auto_suspend", "auto_resume", "available", "provisioning", "quiescing"),
    *("other", "created_on", "resumed_on", "updated_on", "owner", "comment", "enable_query_acceleration"),
    *("query_acceleration_max_scale_factor", "resource_monitor", "actives", "pendings", "failed", "suspended", "uuid"),
    *("scaling_policy", "budget", "owner_role_type"),
)
_USERS = (
    *("name", "created_on", "login_name", "display_name", "first_name", "last_name", "email", "mins_to_unlock"),
    *("days_to_expiry", "comment", "disabled", "must_change_password", "snowflake_lock", "default_warehouse"),
    *("default_namespace", "default_role", "default_secondary_roles", "ext_authn_duo", "ext_authn_uid"),
    *("mins_to_bypass_mfa", "owner", "last_success_login", "expires_at_time", "locked_until_time", "has_password"),
    *("has_rsa_public_key",),
)
_PARAMETERS = ("key", "value", "default", "level", "description", "type")
_OBJECT_PARAMETERS = {
    "DATA_RETENTION_TIME_IN_DAYS": ("1", "NUMBER", "number of days to retain the old version of deleted/updated data"),
    "MAX_DATA_EXTENSION_TIME_IN_DAYS": ("14", "NUMBER", "Maximum number of days to extend data retention"),
    "DEFAULT_DDL_COLLATION": ("", "STRING", "Collation that is used for all columns of new tables"),
}


@dataclass(frozen=True, slots=True)
class AccountLists:
    """Answers the SHOW commands of the account."""

    roles: Roles
    warehouses: Warehouses
    objects: AccountObjects

    def show(self, show: ShowList, session: Session) -> Answer | None:
        """Return the rows of a SHOW; None for a list of another kind."""
        answer = _SHOWS.get(show.kind)
        return answer(self, show, session) if answer else None

    def roles_list(self, show: ShowList, session: Session) -> Answer:
        """List the roles."""
        grants = [found for found in self.roles.grants() if found.kind == "ROLE"]
        of_user = {found.name[0] for found in grants if found.to == "USER"}
        rows = []
        for name in self.roles.names():
            role = self.roles.get(name)
            rows.append(
                {
                    "created_on": role.created_on,
                    "name": name,
                    "is_default": "Y" if name == "SYSADMIN" else "N",
                    "is_current": "Y" if name == session.role else "N",
                    "is_inherited": "Y" if name in self.roles.inherited(session.role) - {session.role} else "N",
                    "assigned_to_users": int(name in of_user),
                    "granted_to_roles": sum(found.name == (name,) and found.to == "ROLE" for found in grants),
                    "granted_roles": sum(found.grantee == name and found.to == "ROLE" for found in grants),
                    "owner": role.owner,
                    "comment": role.comment,
                }
            )
        chosen = page(show, [row for row in rows if matches(show, str(row["name"]))], lambda row: str(row["name"]))
        return answer_of(_ROLES, chosen)

    def warehouses_list(self, show: ShowList, session: Session) -> Answer:
        """List the warehouses."""
        rows = [
            {
                "name": name,
                "state": "STARTED" if found.running else "SUSPENDED",
                "type": "STANDARD",
                "size": found.size,
                "min_cluster_count": "1",
                "max_cluster_count": "1",
                "started_clusters": "1" if found.running else "0",
                "running": "0",
                "queued": "0",
                "is_default": "N",
                "is_current": "Y" if name == session.warehouse else "N",
                "auto_suspend": str(found.auto_suspend),
                "auto_resume": str(found.auto_resume).lower(),
                "available": "100" if found.running else "",
                "created_on": found.created_on,
                "resumed_on": found.created_on,
                "updated_on": found.created_on,
                "owner": found.owner,
                "comment": found.comment,
                "enable_query_acceleration": "false",
                "resource_monitor": "null",
                "scaling_policy": "STANDARD",
                "owner_role_type": "ROLE",
            }
            for name, found in self.warehouses.items()
            if matches(show, name)
        ]
        return answer_of(_WAREHOUSES, page(show, rows, lambda row: str(row["name"])))

    def parameters_list(self, show: ShowList, session: Session) -> Answer:
        """List the parameters of the session or account, or those of an object."""
        if show.scope not in {"", "SESSION", "ACCOUNT", "USER"}:
            return self._object_parameters(show, session)
        rows = []
        for name, parameter in sorted(PARAMETERS.items()):
            own = show.scope in {"", "SESSION"} and name in session.parameters
            rows.append(
                {
                    "key": name,
                    "value": session.parameters.value(name) if own else parameter.default,
                    "default": parameter.default,
                    "level": "SESSION" if own else "",
                    "description": parameter.description,
                    "type": parameter.kind,
                }
            )
        return answer_of(_PARAMETERS, [row for row in rows if matches(show, row["key"])])

    def _object_parameters(self, show: ShowList, session: Session) -> Answer:
        if show.scope not in {"DATABASE", "SCHEMA", "TABLE", "WAREHOUSE"}:
            raise unsupported("SHOW PARAMETERS IN", show.scope)
        self.objects.find(show.scope, PartialName(show.parts), session)
        set_here = self._set_parameters(show, session)
        rows = [
            {"key": name, "default": default, "description": text, "type": kind}
            | {"value": set_here.get(name, default), "level": show.scope if name in set_here else ""}
            for name, (default, kind, text) in _OBJECT_PARAMETERS.items()
            if show.scope != "WAREHOUSE" and matches(show, name)
        ]
        return answer_of(_PARAMETERS, rows)

    def _set_parameters(self, show: ShowList, session: Session) -> dict[str, str]:
        """Return the parameters that are set on the table, schema or database of a SHOW, by name."""
        if show.scope not in {"TABLE", "SCHEMA", "DATABASE"} or not show.parts:
            return {}
        info = self.objects.catalog.info(self.objects.key(show.scope, PartialName(show.parts), session))
        return {} if info.retention_days == 1 else {"DATA_RETENTION_TIME_IN_DAYS": str(info.retention_days)}

    def users_list(self, show: ShowList, _: Session) -> Answer:
        """List the user."""
        name = self.roles.user
        row: dict[str, Any] = {
            "name": name,
            "login_name": name,
            "display_name": name,
            "disabled": "false",
            "default_role": "SYSADMIN",
        }
        row |= {"created_on": self.roles.get("ACCOUNTADMIN").created_on, "owner": "ACCOUNTADMIN", "comment": ""}
        return answer_of(_USERS, [row] if matches(show, name) else [])

    def transactions_list(self, _: ShowList, session: Session) -> Answer:
        """List the open transaction of the session."""
        transaction = session.transaction.id
        rows = [{"id": transaction, "user": self.roles.user, "session": session.number, "state": "running"}]
        return answer_of(("id", "user", "session", "name", "started_on", "state"), rows if transaction else [])

    def grants(self, statement: ShowGrants, session: Session) -> Answer:
        """List grants on an object, to a role or user, or of a role.

        Raises:
            ObjectMissingError: the object, role or user does not exist.
        """
        if statement.future:
            return self._future(statement, session)
        if statement.relation == "ON":
            return _page(statement, _GRANTS, self._on(statement, session))
        if statement.relation == "OF":
            name = _last(statement)
            self.roles.get(name)
            found = [each for each in self.roles.grants() if (each.kind, each.name) == ("ROLE", (name,))]
            return _page(statement, _ROLE_GRANTS, [_role_row(each) for each in found])
        if statement.relation == "TO" and statement.kind == "ROLE":
            return _page(statement, _GRANTS, self._to_role(_last(statement), session))
        user = _last(statement) if statement.name else self.roles.user
        self.objects.find("USER", PartialName((user,)), session)
        found = [each for each in self.roles.grants() if (each.to, each.grantee) == ("USER", user)]
        return _page(statement, _ROLE_GRANTS, [_role_row(each) for each in found])

    def _on(self, statement: ShowGrants, session: Session) -> list[dict[str, Any]]:
        kind, key = self.objects.find(statement.kind, statement.name, session)
        rows = [
            _row(found) for found in self.roles.grants() if (found.kind, found.name) == (kind, key) and not found.future
        ]
        if kind == "ACCOUNT":
            return rows
        return [self._ownership(kind, key), *rows]

    def _to_role(self, role: str, session: Session) -> list[dict[str, Any]]:
        self.roles.get(role)
        found = [each for each in self.roles.grants() if (each.to, each.grantee) == ("ROLE", role) and not each.future]
        return [
            *[self._ownership(kind, key) for kind, key in self.objects.owned_by(role, session)],
            *map(_row, found),
        ]

    def _ownership(self, kind: str, key: Key) -> dict[str, Any]:
        owner = self.objects.owner(kind, key)
        return {
            "created_on": self.objects.catalog.info(key).created_on,
            "privilege": "OWNERSHIP",
            "granted_on": kind.replace(" ", "_"),
            "name": _name(key),
            "granted_to": "ROLE",
            "grantee_name": owner,
            "grant_option": "true",
            "granted_by": owner,
        }

    def _future(self, statement: ShowGrants, session: Session) -> Answer:
        if statement.relation == "TO":
            found = [each for each in self.roles.grants() if each.future and each.grantee == _last(statement)]
        else:
            _, key = self.objects.find(statement.kind, statement.name, session)
            found = [each for each in self.roles.grants() if each.future and each.name == key]
        rows = [
            {
                **_row(each),
                "grant_on": each.kind.replace(" ", "_"),
                "grant_to": each.to,
                "name": f"{_name(each.name)}.<{each.kind}>",
            }
            for each in found
        ]
        return answer_of(_FUTURE, rows)


def _page(statement: ShowGrants, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Answer:
    return answer_of(columns, rows[: statement.limit])


def _last(statement: ShowGrants) -> str:
    return statement.name.parts[-1] if statement.name else ""


def _name(key: Key) -> str:
    return ".".join(part if part.replace("_", "A").isalnum() and part == part.upper() else quote(part) for part in key)


def _row(found: Granted) -> dict[str, Any]:
    return {
        "created_on": found.grant.created_on,
        "privilege": found.privilege,
        "granted_on": found.kind.replace(" ", "_"),
        "name": _name(found.name),
        "granted_to": found.to,
        "grantee_name": found.grantee,
        "grant_option": str(found.grant.grant_option).lower(),
        "granted_by": found.grant.granted_by,
    }


def _role_row(found: Granted) -> dict[str, Any]:
    return {
        "created_on": found.grant.created_on,
        "role": found.name[0],
        "granted_to": found.to,
        "grantee_name": found.grantee,
        "granted_by": found.grant.granted_by,
    }


_SHOWS: dict[str, Callable[[AccountLists, ShowList, Session], Answer]] = {
    "ROLES": AccountLists.roles_list,
    "WAREHOUSES": AccountLists.warehouses_list,
    "PARAMETERS": AccountLists.parameters_list,
    "USERS": AccountLists.users_list,
    "TRANSACTIONS": AccountLists.transactions_list,
}
