"""Execute the statements about roles, grants, warehouses, parameters and USE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from infra.local_snowflake.account.roles.grants import Grants
from infra.local_snowflake.account.roles.objects import AccountObjects
from infra.local_snowflake.account.roles.privileges import Privileges
from infra.local_snowflake.account.roles.recording import GrantRecording
from infra.local_snowflake.account.roles.roles import RoleRefusedError, Roles
from infra.local_snowflake.account.showing import AccountLists
from infra.local_snowflake.account.statements import (
    AccountStatement,
    AlterSession,
    AlterWarehouse,
    CreateRole,
    CreateWarehouse,
    DropAccountObject,
    GrantPrivileges,
    GrantRole,
    ShowGrants,
    Use,
    WarehouseChange,
)
from infra.local_snowflake.account.warehouses import Warehouses
from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.statements import Creation, SetComments, ShowList, UseRole, UseWarehouse
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.settings import LocalSnowflakeSettings
from infra.local_snowflake.showing.relations import Relations
from infra.local_snowflake.showing.selection import unknown

_DONE = "Statement executed successfully."


@dataclass(frozen=True, slots=True)
class AccountExecutor:
    """Executes statements on the account of one server."""

    roles: Roles
    warehouses: Warehouses
    objects: AccountObjects
    grants: Grants
    lists: AccountLists
    privileges: Privileges
    recording: GrantRecording

    @classmethod
    def over(
        cls, registry: Registry, catalog: Catalog, now: Callable[[], datetime], settings: LocalSnowflakeSettings
    ) -> AccountExecutor:
        """Build the account over a registry; the user of the settings has the roles of a new account."""
        user = (settings.snowflake_user or "USER").upper()
        roles = Roles(registry, now, user, (settings.snowflake_role,) if settings.snowflake_role else ())
        warehouses = Warehouses(registry, now, settings.snowflake_warehouse)
        objects = AccountObjects(roles, warehouses, catalog, Relations(registry, catalog))
        return cls(
            roles,
            warehouses,
            objects,
            Grants(roles, objects),
            AccountLists(roles, warehouses, objects),
            Privileges(roles, objects),
            GrantRecording(roles, objects),
        )

    def answer(self, statement: AccountStatement, session: Session) -> Answer:
        """Execute a statement.

        Raises:
            StatementRefusedError: with the code of Snowflake.
        """
        match statement:
            case AlterSession():
                self._alter_session(statement, session)
            case CreateRole() | CreateWarehouse():
                return self._create(statement, session)
            case AlterWarehouse():
                self._alter_warehouse(statement, session)
            case DropAccountObject():
                return self._drop(statement, session)
            case GrantRole():
                self.grants.grant_role(statement, session)
            case GrantPrivileges():
                return self.grants.grant(statement, session)
            case ShowGrants():
                return self.lists.grants(statement, session)
            case Use() | UseRole() | UseWarehouse():
                self._use(statement, session)
        return status(_DONE)

    def show(self, show: ShowList, session: Session) -> Answer:
        """Return the rows of SHOW ROLES, WAREHOUSES, PARAMETERS or TRANSACTIONS.

        Raises:
            NotSupportedError: it is another list.
        """
        answer = self.lists.show(show, session)
        if answer is None:
            raise unsupported("SHOW", show.kind)
        return answer

    def set_comment(self, statement: SetComments) -> Answer:
        """Set the comment of a role or warehouse."""
        name = statement.name.parts[-1]
        if statement.kind == "ROLE":
            self.roles.set_comment(name, statement.own or "")
        else:
            self.warehouses.change(name, {"COMMENT": statement.own or ""})
        return status(_DONE)

    def require(self, sql: str, session: Session) -> None:
        """Check the privileges of a statement.

        Raises:
            StatementRefusedError: the role lacks one.
        """
        self.privileges.require(sql, self.active_roles(session), session)

    def require_warehouse(self, session: Session) -> None:
        """Start the warehouse of a session; a session that never chose one needs none here.

        Raises:
            NoWarehouseError: it does not exist, or is suspended and does not resume by itself.
        """
        if session.warehouse_chosen:
            self.warehouses.require_running(session.warehouse)

    def log_in(self, session: Session, role: str | None, warehouse: str | None) -> None:
        """Give a new session its role and its warehouse.

        A warehouse that does not exist is none: the first statement that needs one is refused.

        Raises:
            LoginRefusedError: the role does not exist or is not granted to the user.
        """
        session.available_roles = self.roles.roles_of_user
        if role:
            role = _folded(role)
            if not self.roles.exists(role) or role not in self.roles.roles_of_user():
                raise RoleRefusedError(
                    f"Role '{role}' specified in the connect string does not exist or not authorized. Contact your "
                    "local system administrator, or attempt to login with another role, e.g. PUBLIC."
                )
            session.role = role
        if warehouse:
            found = _folded(warehouse)
            session.choose_warehouse(found if self.warehouses.exists(found) else None)

    def _alter_session(self, statement: AlterSession, session: Session) -> None:
        for name, value in statement.values.items():
            if value is None:
                session.parameters.unset(name)
            else:
                session.parameters.set(name, value)
        if "AUTOCOMMIT" in statement.values:
            session.transaction.commit()
            session.transaction.autocommit = session.parameters.value("AUTOCOMMIT") == "true"

    def _create(self, statement: CreateRole | CreateWarehouse, session: Session) -> Answer:
        role = isinstance(statement, CreateRole)
        there = self.roles.exists(statement.name) if role else self.warehouses.exists(statement.name)
        if there and statement.creation is Creation.KEEP:
            return status(f"{statement.name} already exists, statement succeeded.")
        replaced = statement.creation is Creation.REPLACE
        if isinstance(statement, CreateRole):
            self.roles.create(statement.name, session.role, statement.comment, replace=replaced)
            return status(f"Role {statement.name} successfully created.")
        self.warehouses.create(statement.name, session.role, statement.properties, replaced=replaced)
        session.choose_warehouse(statement.name)
        return status(f"Warehouse {statement.name} successfully created.")

    def _alter_warehouse(self, statement: AlterWarehouse, session: Session) -> None:
        name = statement.name or session.warehouse or ""
        if statement.if_exists and not self.warehouses.exists(name):
            return
        match statement.change:
            case WarehouseChange.SET:
                self.warehouses.change(name, statement.properties)
            case WarehouseChange.RENAME:
                self.warehouses.rename(name, statement.other)
            case WarehouseChange.SUSPEND:
                self.warehouses.resume(name, running=False)
            case change:
                checked = change is WarehouseChange.RESUME_IF_SUSPENDED
                self.warehouses.resume(name, running=True, if_suspended=checked)

    def _drop(self, statement: DropAccountObject, session: Session) -> Answer:
        name = statement.name
        there = self.roles.exists(name) if statement.kind == "ROLE" else self.warehouses.exists(name)
        if not there and statement.if_exists:
            return status(f"Drop statement executed successfully ({name} already dropped).")
        if statement.kind == "ROLE":
            self.roles.drop(name)
        else:
            self.warehouses.drop(name)
            self.roles.forget(lambda kind, key: (kind, key) == ("WAREHOUSE", (name,)))
            if session.warehouse == name:
                session.warehouse = None
        return status(f"{name} successfully dropped.")

    def _use(self, statement: Use | UseRole | UseWarehouse, session: Session) -> None:
        if isinstance(statement, UseRole):
            self.roles.require_usable(statement.role)
            session.role = statement.role
        elif isinstance(statement, UseWarehouse):
            if not self.warehouses.exists(statement.warehouse):
                raise unknown()
            session.choose_warehouse(statement.warehouse)
        elif statement.kind == "SECONDARY ROLES":
            session.secondary_roles = statement.name.parts[0] == "ALL"
        elif statement.kind == "DATABASE":
            self._use_database(statement.name.parts[-1], session)
        else:
            key = self.objects.key("SCHEMA", statement.name, session)
            if key not in self.objects.relations.schemas() and key[1] != "INFORMATION_SCHEMA":
                raise unknown()
            session.enter(key[0], key[1])

    def _use_database(self, name: str, session: Session) -> None:
        if name not in self.objects.relations.databases():
            raise unknown()
        has_public = (name, "PUBLIC") in self.objects.relations.schemas(name)
        session.enter(name, "PUBLIC" if has_public else None)

    def active_roles(self, session: Session) -> set[str]:
        """Return the roles whose privileges count for a session."""
        secondary = self.roles.roles_of_user() if session.secondary_roles else set()
        return self.roles.inherited(session.role, *secondary)


def _folded(name: str) -> str:
    return Reader(name).name().parts[-1]
