"""Snowflake stages and external tables as Dagster components, described in YAML."""

from snowflake_components.component import POOL, RESOURCE_KEY, SnowflakeCreateOrRefreshComponent
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.errors import (
    FilesNotRegistered,
    LoginRefused,
    MissingPrivilege,
    ObjectInvalid,
    ObjectMissing,
    SnowflakeError,
    SnowflakeUnavailable,
    StatementFailed,
)
from snowflake_components.work import QueryResult

__all__ = [
    "POOL",
    "RESOURCE_KEY",
    "FilesNotRegistered",
    "LoginRefused",
    "MissingPrivilege",
    "ObjectInvalid",
    "ObjectMissing",
    "QueryResult",
    "SnowflakeConnection",
    "SnowflakeCreateOrRefreshComponent",
    "SnowflakeError",
    "SnowflakeSettings",
    "SnowflakeUnavailable",
    "StatementFailed",
    "query",
]
