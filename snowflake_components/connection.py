"""The address and the login of Snowflake, and sessions at it; the connector is imported by the first session."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

import dagster as dg
from pydantic import Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from snowflake_components.access.login import Login, chosen, without_other_login
from snowflake_components.errors import CredentialError
from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult

if TYPE_CHECKING:
    from snowflake_components.session import ConnectorSession


DEMO_PASSWORD = "hourglass"  # noqa: S105 - of the local server
TAG_BACKFILL = "dagster/backfill"
"""The tag of each run of a backfill of Dagster; its value is the backfill."""
TAG_MODE = "hourglass/mode"
"""The tag that makes any run one of a backfill: `backfill`."""
_NO_TAG: Mapping[str, str] = MappingProxyType({})


class _Environment(EnvSettingsSource):
    def __call__(self) -> dict[str, Any]:
        return without_other_login(super().__call__(), self.current_state)


class _DotEnv(DotEnvSettingsSource):
    def __call__(self) -> dict[str, Any]:
        return without_other_login(super().__call__(), self.current_state)


class SnowflakeSettings(BaseSettings):
    """Address and login of Snowflake; the defaults are those of the local server of the demo.

    Every field is read from `HOURGLASS_SNOWFLAKE_<FIELD>` in the environment or in `.env`. An account in the cloud
    needs account, user, host (`<account>.snowflakecomputing.com`), port 443, protocol https, and exactly one login:
    password, key pair, OAuth token, programmatic access token or a browser. A login in the environment replaces the
    one in `.env`.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_SNOWFLAKE_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        # the message of a wrong combination would quote the password
        hide_input_in_errors=True,
    )

    account: str = "local"
    """Account identifier."""
    user: str = "hourglass"
    """Who logs in."""
    password: SecretStr | None = None
    """Login by password."""
    private_key_file: Path | None = Field(default=None, description="RSA key in PEM form, read at each login")
    private_key_passphrase: SecretStr | None = None
    """Passphrase of that key, if it is encrypted."""
    oauth_token_file: Path | None = Field(default=None, description="OAuth access token, read at each login")
    access_token_file: Path | None = Field(default=None, description="programmatic access token, read at each login")
    external_browser: bool = Field(default=False, description="log in with a browser, for a person at this machine")
    host: str | None = "127.0.0.1"
    """Host of the server; an account in the cloud has `<account>.snowflakecomputing.com`."""
    port: int = Field(default=8084, ge=1, le=65535)
    """Port of the server; 443 in the cloud."""
    protocol: Literal["http", "https"] = "http"
    """`https` in the cloud."""
    role: str | None = None
    """Role of the session; unset is the user's default."""
    warehouse: str | None = None
    """Warehouse of the session; unset is the user's default."""
    backfill_warehouse: str | None = None
    """Warehouse of the runs of a backfill; unset is that of every run."""
    backfill_statement_timeout_seconds: int | None = Field(default=None, ge=1)
    """Longest statement of the runs of a backfill; unset is that of every run."""
    database: str = "AWS"
    """Database of the objects."""
    schema_name: str = Field(default="DEV", validation_alias="HOURGLASS_SNOWFLAKE_SCHEMA")
    """Schema of the objects."""
    login_timeout_seconds: int = Field(default=20, ge=1)
    """Longest login."""
    network_timeout_seconds: int = Field(default=60, ge=1)
    """Longest time since a request failed first, with its repetitions."""
    statement_timeout_seconds: int = Field(default=600, ge=1)
    """Longest statement, which is canceled then."""
    query_tag: str = "hourglass"
    """Application in the query tag of every statement; a run adds `run_id` and `asset_key`."""

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        chosen(dict(self))
        return self

    def of_run(self, tags: Mapping[str, str]) -> Self:
        """Return the settings of a run with these tags: a backfill has its own warehouse and timeout, where set.

        A backfill is a run that Dagster's backfill launched, or one with the tag `hourglass/mode: backfill`.
        """
        if TAG_BACKFILL not in tags and tags.get(TAG_MODE) != "backfill":
            return self
        own = {
            "warehouse": self.backfill_warehouse,
            "statement_timeout_seconds": self.backfill_statement_timeout_seconds,
        }
        return self.model_copy(update={name: value for name, value in own.items() if value is not None})

    @property
    def login(self) -> Login:
        """The kind of login; without one, that of the local server of the demo.

        Raises:
            CredentialError: none is set, and the address is not that of a local server.
        """
        found = chosen(dict(self))
        if found is None and self.protocol == "https":
            names = ", ".join(login.variable for login in Login)
            raise CredentialError(f"no login is set for Snowflake at {self.address}: set one of {names}")
        return found or Login.PASSWORD

    @property
    def password_text(self) -> str:
        """The password; without one, that of the local server of the demo."""
        return self.password.get_secret_value() if self.password else DEMO_PASSWORD

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, environment and `.env`, in this order; the first of them that has a login decides it."""
        return init_settings, _Environment(settings_cls), _DotEnv(settings_cls)

    @property
    def address(self) -> str:
        """The address of the server, for messages."""
        return f"{self.protocol}://{self.host or self.account + '.snowflakecomputing.com'}:{self.port}"


@contextmanager
def open_session(settings: SnowflakeSettings, tag: Mapping[str, str] = _NO_TAG) -> Iterator["ConnectorSession"]:
    """Log in for a block and log out at its end.

    Args:
        settings: address and login; the files of the login are read now.
        tag: parts of the query tag beside the application, such as `run_id`.

    Raises:
        CredentialError: no login is set, or the file of its key or token cannot be used.
        SnowflakeUnavailableError: no server answers at the address.
        LoginRefusedError: user, secret, role or account are wrong.
    """
    # The connector costs a second to import, with pandas: a process that sends no statement does not pay for it.
    from snowflake_components import session  # noqa: PLC0415

    with session.log_in(settings, tag) as opened:
        yield opened


def query(settings: SnowflakeSettings, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
    """Execute one statement in its own session, without retries."""
    with open_session(settings) as session:
        return session.execute(sql, params)


@dataclass(frozen=True, slots=True)
class TaggedConnection:
    """Opens sessions whose statements have a query tag.

    Args:
        settings: address and login.
        tag: parts of the query tag beside the application.
        retries: while Snowflake is away.
    """

    settings: SnowflakeSettings
    tag: Mapping[str, str]
    retries: RetryPolicy = field(default_factory=RetryPolicy)

    @contextmanager
    def connect(self) -> Iterator["ConnectorSession"]:
        """Open a session for a block."""
        with open_session(self.settings, self.tag) as session:
            yield session

    def tagged(self, **parts: str) -> "TaggedConnection":
        """Return this connection with more parts in the tag."""
        return TaggedConnection(self.settings, {**self.tag, **parts}, self.retries)


class SnowflakeConnection(dg.ConfigurableResource):  # type: ignore[type-arg] # a resource without a value of its own
    """The Dagster resource `snowflake`: `SnowflakeConnection(settings=SnowflakeSettings())`.

    The settings are passed as an object, so that no password is in the configuration of the resource, which the
    Dagster UI shows. Every statement of a run has the id of the run in its query tag.
    """

    settings: dg.ResourceDependency[SnowflakeSettings]
    _tag: dict[str, str] = PrivateAttr(default_factory=dict)
    _of_run: SnowflakeSettings | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Keep the id of the run, and whether it is of a backfill; called by Dagster."""
        self._tag = {"run_id": context.run.run_id} if context.run else {}
        self._of_run = self.settings.of_run(context.run.tags) if context.run else None

    @property
    def retries(self) -> RetryPolicy:
        """Five attempts within two minutes."""
        return RetryPolicy()

    def tagged(self, **parts: str) -> TaggedConnection:
        """Return a connection with these parts in its query tag, such as `asset_key`."""
        return TaggedConnection(self._of_run or self.settings, {**self._tag, **parts}, self.retries)

    @contextmanager
    def connect(self) -> Iterator["ConnectorSession"]:
        """Open a session for a block."""
        with open_session(self._of_run or self.settings, self._tag) as session:
            yield session
