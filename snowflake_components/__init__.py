"""A Dagster component for Snowflake stages and external tables that are described in YAML."""

from snowflake_components.assets import POOL, RESOURCE_KEY
from snowflake_components.component import SnowflakeCreateOrRefreshComponent
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.errors import (
    FilesNotRegisteredError,
    LoginRefusedError,
    MissingPrivilegeError,
    ObjectInvalidError,
    ObjectMissingError,
    SnowflakeError,
    SnowflakeUnavailableError,
    StatementFailedError,
)
from snowflake_components.work import QueryResult

__all__ = [
    "POOL",
    "RESOURCE_KEY",
    "FilesNotRegisteredError",
    "LoginRefusedError",
    "MissingPrivilegeError",
    "ObjectInvalidError",
    "ObjectMissingError",
    "QueryResult",
    "SnowflakeConnection",
    "SnowflakeCreateOrRefreshComponent",
    "SnowflakeError",
    "SnowflakeSettings",
    "SnowflakeUnavailableError",
    "StatementFailedError",
    "query",
]
