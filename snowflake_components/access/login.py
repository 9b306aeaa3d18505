"""The kinds of login, and the settings of each; a process has exactly one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

PREFIX = "HOURGLASS_SNOWFLAKE_"


class Login(StrEnum):
    """A kind of login, by the field of the settings that chooses it."""

    PASSWORD = "password"  # noqa: S105 - a field, as the others
    KEY_PAIR = "private_key_file"
    OAUTH = "oauth_token_file"
    ACCESS_TOKEN = "access_token_file"  # noqa: S105
    BROWSER = "external_browser"

    @property
    def variable(self) -> str:
        """The variable that chooses it."""
        return variable(self.value)


PASSPHRASE = "private_key_passphrase"  # noqa: S105
FIELDS = frozenset({*Login, PASSPHRASE})
"""Every field of a login."""


class LoginSettingsError(ValueError):
    """Settings of several logins at once; the message names the variables, never their values."""


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def chosen(values: Mapping[str, Any]) -> Login | None:
    """Return the one login that is set; None when none is.

    Args:
        values: of the settings by field; an empty one is not set.

    Raises:
        LoginSettingsError: several are set, or a passphrase without its key.
    """
    found = [login for login in Login if values.get(login)]
    if len(found) > 1:
        names = " and ".join(login.variable for login in found)
        raise LoginSettingsError(f"{names} are set, each for another login: remove all but one")
    if values.get(PASSPHRASE) and found != [Login.KEY_PAIR]:
        raise LoginSettingsError(
            f"{variable(PASSPHRASE)} is set without {Login.KEY_PAIR.variable}: set the file of the key, or remove it"
        )
    return found[0] if found else None


def without_other_login(found: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the login of a source of settings when a source before it has one.

    Args:
        found: settings of `.env` or of the environment, by field.
        before: settings of the sources with precedence; a passphrase there keeps the key file of `found`.
    """
    first = {login for login in Login if login in before}
    if not first:
        return dict(found)
    kept = {PASSPHRASE} if first == {Login.KEY_PAIR} else set()
    return {name: value for name, value in found.items() if name not in FIELDS - kept}
