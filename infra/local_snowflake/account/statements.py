"""The statements about the account, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.statements import Creation, UseRole, UseWarehouse


@dataclass(frozen=True, slots=True)
class AlterSession:
    """ALTER SESSION SET or UNSET: None gives a parameter its default."""

    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class CreateRole:
    """CREATE ROLE."""

    name: str
    creation: Creation
    comment: str = ""


@dataclass(frozen=True, slots=True)
class CreateWarehouse:
    """CREATE WAREHOUSE."""

    name: str
    creation: Creation
    properties: Mapping[str, str]


class WarehouseChange(Enum):
    """What ALTER WAREHOUSE does."""

    SET = auto()
    RESUME = auto()
    RESUME_IF_SUSPENDED = auto()
    SUSPEND = auto()
    RENAME = auto()
    ABORT = auto()


@dataclass(frozen=True, slots=True)
class AlterWarehouse:
    """ALTER WAREHOUSE; without a name that of the session."""

    name: str | None
    if_exists: bool
    change: WarehouseChange
    properties: Mapping[str, str]
    other: str = ""


@dataclass(frozen=True, slots=True)
class DropAccountObject:
    """DROP ROLE or DROP WAREHOUSE."""

    kind: str
    name: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class GrantRole:
    """GRANT ROLE and REVOKE ROLE."""

    roles: tuple[str, ...]
    to: str
    grantee: str
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class GrantPrivileges:
    """GRANT and REVOKE of privileges.

    Args:
        kind: of the objects; empty if the statement names none.
        name: of the object; None on the account.
        scope: ALL or FUTURE objects in a schema or database; empty for one object.
        within: SCHEMA or DATABASE, whose name is `name`, for ALL and FUTURE.
    """

    privileges: tuple[str, ...]
    kind: str
    name: PartialName | None
    role: str
    scope: str = ""
    within: str = ""
    grant_option: bool = False
    current_grants: str = ""
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class ShowGrants:
    """SHOW GRANTS: `relation` is ON, TO, OF or empty."""

    relation: str = ""
    kind: str = ""
    name: PartialName | None = None
    future: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """USE DATABASE, SCHEMA or SECONDARY ROLES."""

    kind: str
    name: PartialName


AccountStatement: TypeAlias = (
    AlterSession
    | CreateRole
    | CreateWarehouse
    | AlterWarehouse
    | DropAccountObject
    | GrantRole
    | GrantPrivileges
    | ShowGrants
    | Use
    | UseRole
    | UseWarehouse
)
