"""Settings of the local Snowflake."""

from __future__ import annotations

from pydantic import SecretStr

from flink_jobs.contracts.s3_access import S3Access


class LocalSnowflakeSettings(S3Access):
    """Settings of the server: `HOURGLASS_...` in the environment, then in `.env`, then defaults.

    Without a password every login is accepted.
    """

    snowflake_user: str | None = None
    snowflake_password: SecretStr | None = None
    snowflake_database: str = "AWS"
    snowflake_schema: str = "DEV"
