"""The variables of a login for a program that reads the environment alone: dbt."""

from __future__ import annotations

from collections.abc import Mapping

from snowflake_components.access.files import read_token
from snowflake_components.access.login import Login, variable
from snowflake_components.access.tag import query_tag
from snowflake_components.connection import SnowflakeSettings

TOKEN = "DBT_ENV_SECRET_HOURGLASS_SNOWFLAKE_TOKEN"  # noqa: S105 - a name
"""dbt reads no token from a file. It keeps variables with this beginning out of its logs and artifacts."""
DBT_QUERY_TAG = variable("dbt_query_tag")
_FIELDS = ("account", "user", "host", "port", "protocol", "role", "warehouse", "database", "schema_name")


def dbt_variables(settings: SnowflakeSettings, tag: Mapping[str, str]) -> dict[str, str]:
    """Return every variable that `orchestration/dbt/profiles.yml` reads; what is not set is empty.

    Args:
        settings: address and login; the file of a token is read now, dbt reads the file of a key at each connection.
        tag: parts of the query tag beside the application.

    Raises:
        CredentialError: no login is set, or the file of its token cannot be used.
    """
    found = {variable(name.removesuffix("_name")): _text(getattr(settings, name)) for name in _FIELDS}
    found[DBT_QUERY_TAG] = query_tag(f"{settings.query_tag}-dbt", tag)
    return {**found, **_login(settings)}


def _login(settings: SnowflakeSettings) -> dict[str, str]:
    login = settings.login
    passphrase = settings.private_key_passphrase
    values = {
        Login.PASSWORD: settings.password_text if login is Login.PASSWORD else None,
        Login.KEY_PAIR: settings.private_key_file and settings.private_key_file.expanduser(),
        Login.OAUTH: settings.oauth_token_file,
        Login.ACCESS_TOKEN: settings.access_token_file,
        Login.BROWSER: "true" if login is Login.BROWSER else None,
    }
    file = values[login] if login in {Login.OAUTH, Login.ACCESS_TOKEN} else None
    return {
        **{kind.variable: _text(value) for kind, value in values.items()},
        variable("private_key_passphrase"): passphrase.get_secret_value() if passphrase else "",
        TOKEN: read_token(getattr(settings, login.value), login) if file else "",
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)
