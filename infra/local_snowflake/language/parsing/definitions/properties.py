"""The properties of tables, views, schemas and databases: `NAME = value`, tags and policies."""

from __future__ import annotations

from typing import Any

from infra.local_snowflake.errors import InvalidValueError, PropertyUnknownError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.tokens import Kind, Reader

RETENTION_DAYS_MAX = 90
_KEPT = ("COMMENT", "DATA_RETENTION_TIME_IN_DAYS")
_PROPERTIES = {
    "TABLE": frozenset((*_KEPT, "CHANGE_TRACKING")),
    "VIEW": frozenset(("COMMENT", "CHANGE_TRACKING")),
    "SCHEMA": frozenset(_KEPT),
    "DATABASE": frozenset(_KEPT),
    "SEQUENCE": frozenset(("COMMENT",)),
}
"""What is stored and shown, by kind of object."""
_DEFAULTS: dict[str, Any] = {
    "DEFAULT_DDL_COLLATION": "",
    "ENABLE_DATA_COMPACTION": True,
    "ENABLE_SCHEMA_EVOLUTION": False,
    "ERROR_LOGGING": False,
    "MAX_DATA_EXTENSION_TIME_IN_DAYS": 14,
    "REPLACE_INVALID_CHARACTERS": False,
    "ROW_TIMESTAMP": False,
}
"""Properties that can have their default here, and no other value."""
_UNSUPPORTED = frozenset(
    {
        *("BASE_LOCATION_PREFIX", "CATALOG", "CATALOG_SYNC", "CLASSIFICATION_PROFILE", "CONTACT", "EVENT_TABLE"),
        *("DEFAULT_NOTEBOOK_COMPUTE_POOL_CPU", "DEFAULT_NOTEBOOK_COMPUTE_POOL_GPU", "EXTERNAL_VOLUME", "LOG_LEVEL"),
        *("DEFAULT_STREAMLIT_NOTEBOOK_WAREHOUSE", "ICEBERG_DEFAULT_DDL_COLLATION", "METRIC_LEVEL"),
        *("OBJECT_VISIBILITY", "REPLICABLE_WITH_FAILOVER_GROUPS", "STAGE_COPY_OPTIONS", "STAGE_FILE_FORMAT"),
        *("STORAGE_SERIALIZATION_POLICY", "TRACE_LEVEL", "PIPE_EXECUTION_PAUSED", "QUOTED_IDENTIFIERS_IGNORE_CASE"),
        *("ENABLE_CONSOLE_OUTPUT", "SUSPEND_TASK_AFTER_NUM_FAILURES", "TASK_AUTO_RETRY_ATTEMPTS"),
        *("USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE", "USER_TASK_TIMEOUT_MS", "TARGET_LAG", "INDEX"),
    }
)
POLICIES = (
    ("TAG",),
    ("ROW", "ACCESS", "POLICY"),
    ("AGGREGATION", "POLICY"),
    ("JOIN", "POLICY"),
    ("MASKING", "POLICY"),
    ("PROJECTION", "POLICY"),
    ("STORAGE", "LIFECYCLE", "POLICY"),
    ("SEARCH", "OPTIMIZATION"),
    ("DATA", "METRIC"),
    ("CONTACT",),
    ("COPY", "TAGS"),
)
"""What Snowflake attaches to objects and columns, and this server does not have."""


def policy(reader: Reader) -> str:
    """Read [WITH] TAG, ROW ACCESS POLICY or another one up to its last word; empty for anything else."""
    first = reader.peek()
    ahead = 1 if first is not None and first.keyword == "WITH" else 0
    for words in POLICIES:
        if all((token := reader.peek(ahead + at)) and token.keyword == word for at, word in enumerate(words)):
            for _ in range(ahead + len(words)):
                reader.take()
            return " ".join(words)
    return ""


def property_of(reader: Reader, kind: str) -> dict[str, Any] | None:
    """Read one property of a kind of object; None if no property comes next.

    Raises:
        NotSupportedError: it has another value than its default, or is not supported at all.
        PropertyUnknownError: objects of this kind do not have it.
        InvalidValueError: it cannot have the value.
    """
    if found := policy(reader):
        raise unsupported(found)
    token, following = reader.peek(), reader.peek(1)
    if token is None or not token.keyword or following is None:
        return None
    name = token.keyword
    comment = name == "COMMENT" and following.kind is Kind.STRING
    if following.text != "=" and not comment:
        return None
    reader.take()
    if not comment:
        reader.take()
    value = _value(reader)
    if name in _PROPERTIES[kind]:
        return _kept(name, value)
    if name in _DEFAULTS:
        if value == _DEFAULTS[name]:
            return {}
        raise unsupported(f"{name} = {value}")
    if name in _UNSUPPORTED:
        raise unsupported(name)
    raise PropertyUnknownError(f"SQL compilation error:\ninvalid property '{name}' for '{kind}'")


def unset_property(reader: Reader, kind: str) -> dict[str, Any]:
    """Read the name of one property, and return its default.

    Raises:
        NotSupportedError: it is not supported.
        PropertyUnknownError: objects of this kind do not have it.
    """
    if found := policy(reader):
        raise unsupported(found)
    name = reader.take().keyword
    if name in _PROPERTIES[kind]:
        return {_FIELDS[name]: _UNSET[name]}
    if name in _DEFAULTS:
        return {}
    if name in _UNSUPPORTED:
        raise unsupported(name)
    raise PropertyUnknownError(f"SQL compilation error:\ninvalid property '{name}' for '{kind}'")


_FIELDS = {
    "COMMENT": "comment",
    "DATA_RETENTION_TIME_IN_DAYS": "retention_days",
    "CHANGE_TRACKING": "change_tracking",
}
_UNSET: dict[str, Any] = {"COMMENT": "", "DATA_RETENTION_TIME_IN_DAYS": 1, "CHANGE_TRACKING": False}


def _kept(name: str, value: str | int | bool) -> dict[str, Any]:
    valid = {
        "COMMENT": isinstance(value, str),
        "DATA_RETENTION_TIME_IN_DAYS": type(value) is int and value <= RETENTION_DAYS_MAX,
        "CHANGE_TRACKING": isinstance(value, bool),
    }[name]
    if not valid:
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")
    return {_FIELDS[name]: value}


def _value(reader: Reader) -> str | int | bool:
    token = reader.peek()
    if token is not None and token.text == "(":
        for _ in reader.group():
            reader.take()
        return "(...)"
    token = reader.take()
    if token.kind is Kind.STRING:
        return token.string
    if token.kind is Kind.NUMBER and token.text.isdecimal():
        return int(token.text)
    if token.keyword in {"TRUE", "FALSE"}:
        return token.keyword == "TRUE"
    return token.text
