"""Parse the statements about roles, grants, warehouses, parameters and USE."""

from __future__ import annotations

from infra.local_snowflake.account.statements import (
    AlterSession,
    AlterWarehouse,
    CreateRole,
    CreateWarehouse,
    DropAccountObject,
    Use,
    WarehouseChange,
)
from infra.local_snowflake.errors import PropertyUnknownError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.parsing.clauses import named
from infra.local_snowflake.language.parsing.definitions.properties import policy
from infra.local_snowflake.language.statements import Creation, SetComments, UseRole, UseWarehouse
from infra.local_snowflake.language.tokens import Kind, Reader, Token

_PROPERTIES = frozenset(
    {
        *("WAREHOUSE_SIZE", "AUTO_SUSPEND", "AUTO_RESUME", "INITIALLY_SUSPENDED", "COMMENT", "MIN_CLUSTER_COUNT"),
        *("MAX_CLUSTER_COUNT", "SCALING_POLICY", "WAREHOUSE_TYPE", "STATEMENT_TIMEOUT_IN_SECONDS", "RESOURCE_MONITOR"),
        *("MAX_CONCURRENCY_LEVEL", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "ENABLE_QUERY_ACCELERATION", "GENERATION"),
        *("QUERY_ACCELERATION_MAX_SCALE_FACTOR", "RESOURCE_CONSTRAINT", "WAIT_FOR_COMPLETION"),
    }
)
_UNSUPPORTED = frozenset({"RESOURCE_MONITOR", "STATEMENT_TIMEOUT_IN_SECONDS", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"})


def alter_session(reader: Reader) -> AlterSession:
    """Read ALTER SESSION after SESSION."""
    values: dict[str, str | None] = {}
    if reader.accept("UNSET"):
        while not reader.done:
            values[reader.take().keyword] = None
            reader.accept(",")
        return AlterSession(values)
    reader.expect("SET")
    while not reader.done:
        name = reader.take().keyword
        reader.expect("=")
        values[name] = _value(reader.take())
        reader.accept(",")
    if not values:
        raise reader.unexpected()
    return AlterSession(values)


def _value(token: Token) -> str:
    return token.string if token.kind is Kind.STRING else token.text


def create_role(reader: Reader, creation: Creation) -> CreateRole:
    """Read CREATE ROLE after ROLE."""
    name, creation = named(reader, creation)
    comment = ""
    if found := policy(reader):
        raise unsupported("ROLE", found)
    if reader.accept("COMMENT", "="):
        comment = reader.string()
    return CreateRole(name.parts[-1], creation, comment)


def alter_role(reader: Reader) -> SetComments:
    """Read ALTER ROLE after ROLE."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.accept("SET", "COMMENT", "="):
        return SetComments("ROLE", name, if_exists, reader.string(), {})
    token = reader.peek()
    raise unsupported("ALTER ROLE", token.keyword) if token else reader.unexpected()


def create_warehouse(reader: Reader, creation: Creation) -> CreateWarehouse:
    """Read CREATE WAREHOUSE after WAREHOUSE."""
    name, creation = named(reader, creation)
    if found := policy(reader):
        raise unsupported("WAREHOUSE", found)
    reader.accept("WITH")
    return CreateWarehouse(name.parts[-1], creation, _properties(reader))


def _properties(reader: Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    while not reader.done:
        token = reader.peek()
        name = token.keyword if token else ""
        if attached := policy(reader):
            raise unsupported("WAREHOUSE", attached)
        if name in _UNSUPPORTED:
            raise unsupported("WAREHOUSE", name)
        reader.take()
        reader.expect("=")
        if name not in _PROPERTIES:
            raise PropertyUnknownError(f"SQL compilation error:\ninvalid property '{name}' for 'WAREHOUSE'")
        found[name] = _value(reader.take())
        reader.accept(",")
    return found


def alter_warehouse(reader: Reader) -> AlterWarehouse:
    """Read ALTER WAREHOUSE after WAREHOUSE."""
    if_exists = reader.accept("IF", "EXISTS")
    token = reader.peek()
    actions = {"SET", "UNSET", "RESUME", "SUSPEND", "RENAME", "ABORT"}
    name = None if token is None or token.keyword in actions else reader.name().parts[-1]
    if reader.accept("RESUME"):
        checked = reader.accept("IF", "SUSPENDED")
        change = WarehouseChange.RESUME_IF_SUSPENDED if checked else WarehouseChange.RESUME
        return AlterWarehouse(name, if_exists, change, {})
    if reader.accept("SUSPEND"):
        return AlterWarehouse(name, if_exists, WarehouseChange.SUSPEND, {})
    if reader.accept("RENAME", "TO"):
        return AlterWarehouse(name, if_exists, WarehouseChange.RENAME, {}, reader.name().parts[-1])
    if reader.accept("SET"):
        return AlterWarehouse(name, if_exists, WarehouseChange.SET, _properties(reader))
    token = reader.peek()
    raise unsupported("ALTER WAREHOUSE", token.keyword) if token else reader.unexpected()


def drop_account_object(reader: Reader) -> DropAccountObject | None:
    """Read DROP ROLE and DROP WAREHOUSE; None for another kind."""
    kind = next((kind for kind in ("ROLE", "WAREHOUSE") if reader.accept(kind)), None)
    if kind is None:
        return None
    if_exists = reader.accept("IF", "EXISTS")
    return DropAccountObject(kind, reader.name().parts[-1], if_exists)


def use(reader: Reader) -> Use | UseRole | UseWarehouse:
    """Read USE after its first word."""
    if reader.accept("ROLE"):
        return UseRole(reader.name().parts[-1])
    if reader.accept("WAREHOUSE"):
        return UseWarehouse(reader.name().parts[-1])
    if reader.accept("SECONDARY", "ROLES"):
        name = reader.name()
        if name.parts[0] not in {"ALL", "NONE"}:
            raise unsupported("USE SECONDARY ROLES", "with names")
        return Use("SECONDARY ROLES", name)
    kind = next((kind for kind in ("DATABASE", "SCHEMA") if reader.accept(kind)), None)
    name = reader.name()
    return Use(kind or ("DATABASE" if len(name.parts) == 1 else "SCHEMA"), PartialName(name.parts))
