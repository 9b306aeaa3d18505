"""How the metapipeline reaches Mode: `HOURGLASS_MODE_…` in the environment or in `.env`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}


class ModeSettings(BaseSettings):
    """Address, credentials and limits of one Mode workspace. Arguments win over the environment.

    A workspace token of an admin reads every collection; a member's token reads its own only. The Discovery API needs
    a signature token with its key and secret (Enterprise plan); all three or none.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_MODE_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # the input of an error may be the secret
    )

    workspace: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = Field(
        description="user name of the workspace, as in https://app.mode.com/<workspace>"
    )
    token: SecretStr = Field(description="token of the API key")
    secret: SecretStr = Field(description="secret of the API key")
    url: str = Field(default="https://app.mode.com", description="address of Mode")

    discovery_token: SecretStr | None = None
    """Signature token of the Discovery API (Enterprise plan)."""
    discovery_access_key: SecretStr | None = None
    """Access key of that token."""
    discovery_access_secret: SecretStr | None = None
    """Access secret of that token."""
    require_discovery: bool = Field(
        default=False, description="without Discovery, the reading is doubtful: restricted collections may be missing"
    )
    ignore_private_collections: bool = Field(
        default=False, description="private collections that only Discovery has are no reason for doubt"
    )

    default_schemas: Mapping[str, str] = Field(
        default_factory=dict, description="name of a data source -> schema of its unqualified names; Mode has no field"
    )
    requests_per_second: float = Field(default=4, gt=0, description="Mode allows about 40 requests in 10 seconds")
    timeout_seconds: float = Field(default=30, gt=0, description="to connect, between two reads, and for one answer")
    attempts: int = Field(default=6, ge=1, description="of one request, with growing waits between them")
    retry_after_max_seconds: float = Field(default=60, gt=0, description="longest wait that the server may ask for")
    pages_max: int = Field(default=1000, ge=1, description="of one list")
    answer_bytes_max: int = Field(default=64 << 20, ge=1024)
    """A larger answer is refused."""

    @field_validator("url")
    @classmethod
    def _secret_stays_secret(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS):
            raise ValueError("must begin with https:// (http:// is for this machine only)")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("must be an address without user, query and fragment")
        return url.rstrip("/")

    @field_validator("token", "secret", "discovery_token", "discovery_access_key", "discovery_access_secret")
    @classmethod
    def _credential_is_one_word(cls, value: SecretStr | None) -> SecretStr | None:
        text = "" if value is None else value.get_secret_value()
        if value is not None and not (text and text.isascii() and text.isprintable() and " " not in text):
            raise ValueError("must be one word of ASCII characters; it may end with a line break")
        return value

    @model_validator(mode="after")
    def _discovery_is_complete(self) -> Self:
        given = [value is not None for value in self._discovery()]
        if any(given) and not all(given):
            raise ValueError("discovery_token, discovery_access_key and discovery_access_secret belong together")
        return self

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.url).hostname in _LOCAL_HOSTS

    @property
    def bearer(self) -> str | None:
        """The credential of the Discovery API; None when the account has none."""
        parts = [value.get_secret_value() for value in self._discovery() if value is not None]
        return b64encode(":".join(parts).encode()).decode() if parts else None

    def _discovery(self) -> tuple[SecretStr | None, ...]:
        return self.discovery_token, self.discovery_access_key, self.discovery_access_secret
