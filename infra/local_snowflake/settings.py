"""Settings of the local Snowflake."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from flink_jobs.contracts.s3_access import S3Access


class LocalSnowflakeSettings(S3Access):
    """Settings of the server: `HOURGLASS_...` in the environment, then in `.env`, then defaults."""

    snowflake_user: str | None = None
    """The only user of logins by password and by key pair; unset accepts any."""
    snowflake_password: SecretStr | None = None
    """Password of that user; without a password, a key and a token every login is accepted."""
    snowflake_public_key_file: Path | None = None
    """PEM file with the public keys of key pair logins; it is read at every login."""
    snowflake_token: SecretStr | None = None
    """Token of logins by OAuth and by programmatic access token."""
    snowflake_faults: bool = False
    """Whether the route that makes faults on request is served."""
    snowflake_database: str = "AWS"
    """Database that is created with the account."""
    snowflake_schema: str = "DEV"
    """Schema that is created with the account."""
    snowflake_role: str | None = "AWS_WRITER"
    """Created with the account and granted to the user; it has what SYSADMIN has."""
    snowflake_warehouse: str | None = None
    """Created with the account, beside COMPUTE_WH."""
    snowflake_storage_integration: str = "AWS_INTEGRATION"
    """Storage integration of the stages; the local Snowflake has it from the start, and it allows every location."""
