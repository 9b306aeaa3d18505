"""Settings of the local Snowflake."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from flink_jobs.contracts.s3_access import S3Access


class LocalSnowflakeSettings(S3Access):
    """Settings of the server: `HOURGLASS_...` in the environment, then in `.env`, then defaults.

    Without a password, a key and a token every login is accepted.

    Args:
        snowflake_user: the only user of logins by password and by key pair; None accepts any.
        snowflake_password: of logins by password.
        snowflake_public_key_file: PEM file with the public keys of key pair logins; it is read at every login.
        snowflake_token: of logins by OAuth and by programmatic access token.
        snowflake_faults: serve the route that makes faults on request.
        snowflake_role: created with the account and granted to the user; it has what SYSADMIN has.
        snowflake_warehouse: created with the account, beside COMPUTE_WH.
    """

    snowflake_user: str | None = None
    snowflake_password: SecretStr | None = None
    snowflake_public_key_file: Path | None = None
    snowflake_token: SecretStr | None = None
    snowflake_faults: bool = False
    snowflake_database: str = "AWS"
    snowflake_schema: str = "DEV"
    snowflake_role: str | None = "AWS_WRITER"
    snowflake_warehouse: str | None = None
    snowflake_storage_integration: str = "AWS_INTEGRATION"
    """A storage integration that exists from the start and allows every location."""
