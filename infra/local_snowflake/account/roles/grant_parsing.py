"""Parse GRANT, REVOKE and SHOW GRANTS."""

from __future__ import annotations

from infra.local_snowflake.account.statements import GrantPrivileges, GrantRole, ShowGrants
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.tokens import Reader

SCHEMA_OBJECTS = ("EXTERNAL TABLE", "TABLE", "VIEW", "STAGE", "FILE FORMAT", "SEQUENCE")
"""The kinds of objects of a schema that this server has; ALL on a schema means the privileges to create them, too."""
_RELATION = ("SELECT", "REFERENCES", "OWNERSHIP")
PRIVILEGES: dict[str, tuple[str, ...]] = {
    "TABLE": ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REBUILD", "EVOLVE SCHEMA", "APPLYBUDGET", *_RELATION),
    "VIEW": _RELATION,
    "MATERIALIZED VIEW": _RELATION,
    "EXTERNAL TABLE": _RELATION,
    "SCHEMA": (
        *("USAGE", "MODIFY", "MONITOR", "ADD SEARCH OPTIMIZATION"),
        *(f"CREATE {kind}" for kind in SCHEMA_OBJECTS),
        *("CREATE *", "OWNERSHIP"),
    ),
    "DATABASE": ("USAGE", "MODIFY", "MONITOR", "CREATE SCHEMA", "CREATE DATABASE ROLE", "OWNERSHIP"),
    "WAREHOUSE": ("USAGE", "OPERATE", "MODIFY", "MONITOR", "APPLYBUDGET", "OWNERSHIP"),
    "INTEGRATION": ("USAGE", "USE_ANY_ROLE", "OWNERSHIP"),
    "STAGE": ("USAGE", "READ", "WRITE", "OWNERSHIP"),
    "FILE FORMAT": ("USAGE", "OWNERSHIP"),
    "SEQUENCE": ("USAGE", "OWNERSHIP"),
    "ROLE": ("OWNERSHIP",),
    "USER": ("MONITOR", "OWNERSHIP"),
    "ACCOUNT": (
        *("CREATE *", "APPLY *", "MANAGE *", "MONITOR *", "MONITOR", "EXECUTE *", "IMPORT SHARE", "OVERRIDE *"),
        *("PURCHASE DATA EXCHANGE LISTING", "ATTACH POLICY", "AUDIT", "RESOLVE ALL"),
    ),
}
"""The privileges that each kind of object has; a star is any further words."""
_KINDS = sorted(PRIVILEGES, key=len, reverse=True)
_PLURALS = {f"{kind}S": kind for kind in _KINDS}


def grant(reader: Reader) -> GrantRole | GrantPrivileges:
    """Read GRANT after its first word."""
    return _grant(reader, "TO", revoke=False, option=False)


def revoke(reader: Reader) -> GrantRole | GrantPrivileges:
    """Read REVOKE after its first word."""
    option = reader.accept("GRANT", "OPTION", "FOR")
    return _grant(reader, "FROM", revoke=True, option=option)


def _grant(reader: Reader, towards: str, *, revoke: bool, option: bool) -> GrantRole | GrantPrivileges:
    if reader.accept("DATABASE", "ROLE") or reader.accept("APPLICATION", "ROLE"):
        raise unsupported("REVOKE" if revoke else "GRANT", "DATABASE ROLE")
    if reader.accept("ROLE"):
        roles = [reader.name().parts[-1]]
        while reader.accept(","):
            roles.append(reader.name().parts[-1])
        reader.expect(towards)
        to = "USER" if reader.accept("USER") else "ROLE"
        if to == "ROLE":
            reader.expect("ROLE")
        return GrantRole(tuple(roles), to, reader.name().parts[-1], revoke)
    privileges = _privileges(reader)
    reader.expect("ON")
    scope = next((word for word in ("ALL", "FUTURE") if reader.accept(word)), "")
    kind, name, within = _object(reader, scope)
    _require_privileges(reader, privileges, kind)
    reader.expect(towards)
    for other in ("SHARE", "USER", "APPLICATION", "DATABASE"):
        if reader.accept(other):
            raise unsupported("REVOKE" if revoke else "GRANT", towards, other)
    reader.accept("ROLE")
    role = reader.name().parts[-1]
    current = ""
    if reader.accept("WITH", "GRANT", "OPTION"):
        option = True
    for word in ("COPY", "REVOKE"):
        current = word if reader.accept(word, "CURRENT", "GRANTS") else current
    if revoke:
        _ = reader.accept("CASCADE") or reader.accept("RESTRICT")
    return GrantPrivileges(privileges, kind, name, role, scope, within, option, current, revoke)


def _privileges(reader: Reader) -> tuple[str, ...]:
    if reader.accept("ALL"):
        reader.accept("PRIVILEGES")
        return ("ALL",)
    found: list[str] = []
    words: list[str] = []
    while (token := reader.peek()) and token.keyword != "ON":
        if reader.accept(","):
            found.append(" ".join(words))
            words = []
        else:
            words.append(reader.take().keyword)
    return (*found, " ".join(words))


def _object(reader: Reader, scope: str) -> tuple[str, PartialName | None, str]:
    if reader.accept("ACCOUNT"):
        return "ACCOUNT", None, ""
    kind = read_kind(reader, plural=bool(scope))
    if scope:
        if not kind:
            raise reader.unexpected()
        reader.expect("IN")
        within = "SCHEMA" if reader.accept("SCHEMA") else "DATABASE"
        if within == "DATABASE":
            reader.expect("DATABASE")
        return kind, reader.name(), within
    return kind, reader.name(), ""


def read_kind(reader: Reader, *, plural: bool = False) -> str:
    """Read the kind of an object; empty if a name follows at once."""
    for kind in _PLURALS if plural else _KINDS:
        following = reader.peek(len(kind.split()))
        if following is not None and following.text != "." and reader.accept(*kind.split()):
            return _PLURALS.get(kind, kind)
    token, following = reader.peek(), reader.peek(1)
    if token is not None and following is not None and following.is_name and following.keyword not in {"TO", "FROM"}:
        raise reader.unexpected()
    return ""


def _require_privileges(reader: Reader, privileges: tuple[str, ...], kind: str) -> None:
    known = PRIVILEGES[kind or "TABLE"]
    for privilege in privileges:
        starred = [one[:-1] for one in known if one.endswith("*")]
        if privilege != "ALL" and privilege not in known and not any(privilege.startswith(one) for one in starred):
            raise reader.unexpected()


def show_grants(reader: Reader) -> ShowGrants:
    """Read SHOW GRANTS after GRANTS, or SHOW FUTURE GRANTS after GRANTS."""
    if reader.accept("ON"):
        if reader.accept("ACCOUNT"):
            return ShowGrants("ON", "ACCOUNT")
        kind = read_kind(reader)
        return ShowGrants("ON", kind, reader.name(), limit=_limit(reader))
    for word in ("TO", "OF"):
        if reader.accept(word):
            kind = next((kind for kind in ("ROLE", "USER") if reader.accept(kind)), "")
            if not kind or (word, kind) == ("OF", "USER"):
                token = reader.peek()
                raise unsupported("SHOW GRANTS", word, token.keyword if token else "")
            return ShowGrants(word, kind, reader.name(), limit=_limit(reader))
    return ShowGrants(limit=_limit(reader))


def _limit(reader: Reader) -> int | None:
    return int(reader.take().text) if reader.accept("LIMIT") else None


def show_future_grants(reader: Reader) -> ShowGrants:
    """Read SHOW FUTURE GRANTS after GRANTS."""
    if reader.accept("TO"):
        reader.expect("ROLE")
        return ShowGrants("TO", "ROLE", reader.name(), future=True)
    reader.expect("IN")
    kind = "SCHEMA" if reader.accept("SCHEMA") else "DATABASE"
    if kind == "DATABASE":
        reader.expect("DATABASE")
    return ShowGrants("ON", kind, reader.name(), future=True)
