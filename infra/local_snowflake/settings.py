"""What the local Snowflake can be told."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalSnowflakeSettings(BaseSettings):
    """Hold the settings of the server: environment variables `HOURGLASS_...`, then `.env`, then defaults.

    Without a password every login is accepted.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None
    snowflake_user: str | None = None
    snowflake_password: SecretStr | None = None
    snowflake_database: str = "AWS"
    snowflake_schema: str = "DEV"
