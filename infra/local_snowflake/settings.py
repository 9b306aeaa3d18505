"""What the local Snowflake can be told."""

from __future__ import annotations

from pydantic import SecretStr

from flink_jobs.contracts.s3_access import S3Access


class LocalSnowflakeSettings(S3Access):
    """Hold the settings of the server: environment variables `HOURGLASS_...`, then `.env`, then defaults.

    Without a password every login is accepted.
    """

    snowflake_user: str | None = None
    snowflake_password: SecretStr | None = None
    snowflake_database: str = "AWS"
    snowflake_schema: str = "DEV"
