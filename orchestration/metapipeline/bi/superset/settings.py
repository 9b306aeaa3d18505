"""How to reach Superset, from `HOURGLASS_SUPERSET_…` in the environment or in `.env`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SupersetSettings(BaseSettings):
    """Address and account of one Superset.

    The account needs the role that Superset calls Admin: every other one sees a part of the dashboards and no log, with
    status 200.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_SUPERSET_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    url: HttpUrl = Field(description="Address of the server, without /api.")
    username: str = Field(min_length=1)
    """Account of the client."""
    password: SecretStr
    """Its password."""
    provider: str = Field("db", description="`db` or `ldap`: where the server looks up the account.")
    workspace: str = Field("superset", min_length=1, description="Name of this Superset in the platform graph.")
    admin_role: str = Field("Admin", description="The role that sees everything: AUTH_ROLE_ADMIN of the server.")
    backups: Path = Field(
        Path(".hourglass/superset"), description="Folder for the exports of dashboards that are deleted."
    )
    page_size: int = Field(100, ge=1, description="Rows per page; the server may send fewer.")
    history_rows_max: int = Field(
        5_000, ge=0, description="Newest rows of the query history that are read for statements and runs."
    )

    @property
    def root(self) -> str:
        """The address without a slash at its end."""
        return str(self.url).rstrip("/")
