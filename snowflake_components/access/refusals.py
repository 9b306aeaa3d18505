"""The repair of a refusal: what to grant, to set or to resume, by Snowflake's code and text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from snowflake_components import errors
from snowflake_components.access.login import Login, variable

_MISSING_PRIVILEGE = frozenset({3001, 3003, 3041})
_OBJECT_MISSING = frozenset({2003, 2043, 3139})
# the stage of the external table was replaced, or has another URL
_OBJECT_INVALID = frozenset({91093})
_NO_WAREHOUSE = frozenset({606})
# its resource monitor reached the quota
_WAREHOUSE_AT_QUOTA = frozenset({90073})
# by the connector, by STATEMENT_TIMEOUT_IN_SECONDS
_CANCELED, _TIMED_OUT = 604, 630

_ROLE_REFUSED = 390189
_DEFAULT_REFUSED = 390201
_KEY_REFUSED = 390144

_OPERATED_ON = re.compile(r"Insufficient privileges to operate on (?P<kind>[a-z ]+?) '(?P<name>[^']+)'", re.IGNORECASE)
_USE_WAREHOUSE = re.compile(r"USE\s+WAREHOUSE\s+(?P<name>\S+)", re.IGNORECASE)
_PRIVILEGES = (
    (re.compile(r"CREATE\s+(?:OR\s+\w+\s+)?(?P<object>[A-Z]+(?:\s+(?:TABLE|FORMAT|VIEW))?)", re.IGNORECASE), "schema"),
    (re.compile(r"(?:SELECT|WITH)\b", re.IGNORECASE), "table"),
)
"""Statements that need another privilege than OWNERSHIP, and the kind of object that it is granted on."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a repair needs to know about the session.

    Args:
        role: of the statement; None if unknown.
        warehouse: that the session has; None without one.
        wanted_warehouse: that the settings name; None without one.
        statement_seconds_max: after which a statement is canceled.
    """

    role: str | None = None
    warehouse: str | None = None
    wanted_warehouse: str | None = None
    statement_seconds_max: int | None = None


def refused_statement(code: int, text: str, sql: str, facts: SessionFacts) -> tuple[type[errors.SnowflakeError], str]:
    """Return the class of the error and its message: Snowflake's text, then the repair."""
    kind, repair = _kind_and_repair(code, text, sql, facts)
    if repair is None:
        return kind, text if str(code) in text else f"{text} (error {code})"
    return kind, f"{text} ({repair})"


def _kind_and_repair(
    code: int, text: str, sql: str, facts: SessionFacts
) -> tuple[type[errors.SnowflakeError], str | None]:
    if warehouse := _warehouse_repair(code, sql, facts):
        return errors.WarehouseError, warehouse
    if code in _MISSING_PRIVILEGE:
        return errors.MissingPrivilegeError, _grant(text, sql, facts.role)
    if code in _OBJECT_MISSING:
        return errors.ObjectMissingError, "create it, or grant the role access to it"
    if code in _OBJECT_INVALID:
        return errors.ObjectInvalidError, "create the external table again"
    if code == _TIMED_OUT or (code == _CANCELED and "timeout" in text):
        limit = f" = {facts.statement_seconds_max}" if facts.statement_seconds_max else ""
        repair = f"raise {variable('statement_timeout_seconds')}{limit}, or use a larger warehouse"
        return errors.StatementTimeoutError, repair
    return errors.StatementFailedError, None


def _warehouse_repair(code: int, sql: str, facts: SessionFacts) -> str | None:
    if code in _OBJECT_MISSING and (used := _USE_WAREHOUSE.match(sql.strip())):
        return _missing_warehouse(used["name"], facts.role)
    if code in _NO_WAREHOUSE:
        return _warehouse(facts)
    if code in _WAREHOUSE_AT_QUOTA:
        return "raise the quota of its resource monitor, or wait for its next interval"
    return None


def refused_login(code: int, text: str, login: Login, fingerprint: str | None) -> str:
    """Return why a login was refused, with the variables to check.

    Args:
        code: of Snowflake.
        text: of Snowflake.
        login: its kind.
        fingerprint: of the public key of a key pair.
    """
    if code == _ROLE_REFUSED:
        return f"{text}; check {variable('role')}, or GRANT ROLE to the user"
    if code == _DEFAULT_REFUSED:
        names = ", ".join(variable(field) for field in ("warehouse", "database", "schema"))
        return f"{text}; check {names}, or grant USAGE on it to the role"
    checked = f"check {variable('account')}, {variable('user')} and {login.variable}"
    if login is Login.KEY_PAIR:
        of_key = f" {fingerprint}" if fingerprint else ""
        compared = f"RSA_PUBLIC_KEY_FP or RSA_PUBLIC_KEY_2_FP in DESC USER must be that of the key,{of_key}"
        return f"{text}; {checked}: {compared}"
    return f"{text}; {checked}"


def _grant(text: str, sql: str, role: str | None) -> str:
    """Return the GRANT that is missing; the text names the object, the statement tells the privilege."""
    grantee = f"ROLE {role}" if role else "the role of the session"
    found = _OPERATED_ON.search(text)
    if found is None:
        return f"grant it to {grantee}"
    kind, name = found["kind"].lower(), found["name"]
    return f"GRANT {_privilege(sql, kind)} ON {kind.upper()} {name} TO {grantee}"


def _privilege(sql: str, kind: str) -> str:
    if kind in {"database", "warehouse", "integration", "file format"}:
        return "USAGE"
    for pattern, operated in _PRIVILEGES:
        found = pattern.match(sql.strip())
        if found and kind.endswith(operated):
            what = found.groupdict().get("object")
            return f"CREATE {' '.join(what.upper().split())}" if what else "SELECT"
    return "USAGE" if kind in {"schema", "stage"} else "OWNERSHIP"


def _warehouse(facts: SessionFacts) -> str:
    if facts.warehouse:
        resumed = f"ALTER WAREHOUSE {facts.warehouse} RESUME, or SET AUTO_RESUME = TRUE"
        return f"warehouse {facts.warehouse} is suspended or was dropped: {resumed}"
    if facts.wanted_warehouse:
        return _missing_warehouse(facts.wanted_warehouse, facts.role)
    return f"set {variable('warehouse')}, or ALTER USER ... SET DEFAULT_WAREHOUSE"


def _missing_warehouse(name: str, role: str | None) -> str:
    grantee = f"ROLE {role}" if role else "the role of the session"
    return (
        f"warehouse {name} does not exist or {grantee} may not use it: CREATE WAREHOUSE {name}, or "
        f"GRANT USAGE ON WAREHOUSE {name} TO {grantee}"
    )
