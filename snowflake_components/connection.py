"""The address and the login of Snowflake, and sessions at it; the connector is imported by the first session."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult

if TYPE_CHECKING:
    from snowflake_components.session import ConnectorSession


class SnowflakeSettings(BaseSettings):
    """Address and login of Snowflake; the defaults are those of the local server of the demo.

    Every field is read from `HOURGLASS_SNOWFLAKE_<FIELD>` in the environment or in `.env`. An account in the cloud
    needs account, user, password, host (`<account>.snowflakecomputing.com`), port 443 and protocol https.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_SNOWFLAKE_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    account: str = "local"
    user: str = "hourglass"
    password: SecretStr = SecretStr("hourglass")
    host: str | None = "127.0.0.1"
    port: int = Field(default=8084, ge=1, le=65535)
    protocol: Literal["http", "https"] = "http"
    role: str | None = None
    warehouse: str | None = None
    database: str = "AWS"
    schema_name: str = Field(default="DEV", validation_alias="HOURGLASS_SNOWFLAKE_SCHEMA")
    login_timeout_seconds: int = Field(default=20, ge=1)
    network_timeout_seconds: int = Field(default=60, ge=1)
    statement_timeout_seconds: int = Field(default=600, ge=1)
    query_tag: str = "hourglass"

    @property
    def address(self) -> str:
        """The address of the server, for messages."""
        return f"{self.protocol}://{self.host or self.account + '.snowflakecomputing.com'}:{self.port}"


@contextmanager
def open_session(settings: SnowflakeSettings) -> Iterator["ConnectorSession"]:
    """Log in for a block and log out at its end.

    Raises:
        SnowflakeUnavailableError: no server answers at the address.
        LoginRefusedError: user, password or account are wrong.
    """
    # The connector costs a second to import, with pandas: a process that sends no statement does not pay for it.
    from snowflake_components import session  # noqa: PLC0415

    with session.log_in(settings) as opened:
        yield opened


def query(settings: SnowflakeSettings, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
    """Execute one statement in its own session, without retries."""
    with open_session(settings) as session:
        return session.execute(sql, params)


class SnowflakeConnection(dg.ConfigurableResource):  # type: ignore[type-arg] # a resource without a value of its own
    """The Dagster resource `snowflake`: `SnowflakeConnection(settings=SnowflakeSettings())`.

    The settings are passed as an object, so that no password is in the configuration of the resource, which the
    Dagster UI shows.
    """

    settings: dg.ResourceDependency[SnowflakeSettings]

    @property
    def retries(self) -> RetryPolicy:
        """Five attempts within two minutes."""
        return RetryPolicy()

    @contextmanager
    def connect(self) -> Iterator["ConnectorSession"]:
        """Open a session for a block."""
        with open_session(self.settings) as session:
            yield session
