"""Check logins: password, key pair, OAuth and programmatic access tokens.

Without a password, a key and a token in the settings every login is accepted, except one through a browser.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from pydantic import SecretStr

from infra.local_snowflake.errors import (
    AccessTokenRefusedError,
    AuthenticatorRefusedError,
    JwtRefusedError,
    LoginRefusedError,
    OAuthRefusedError,
)
from infra.local_snowflake.settings import LocalSnowflakeSettings

_PASSWORD = frozenset({"", "SNOWFLAKE", "DEFAULT", "USERNAME_PASSWORD_MFA"})
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_LEEWAY = timedelta(seconds=60)


def require_login(settings: LocalSnowflakeSettings, data: Mapping[str, Any], now: datetime) -> None:
    """Refuse a login that the settings do not allow.

    Args:
        settings: what is configured.
        data: of the login request.
        now: time of the login; the token of a key pair login has an end.

    Raises:
        AuthenticatorRefusedError: this kind of login is unsupported or not configured; the message names the setting.
        LoginRefusedError: user or password are wrong.
        JwtRefusedError: no configured key has signed the token, or its time has passed.
        OAuthRefusedError: the token is not the configured one.
        AccessTokenRefusedError: the token is not the configured one.
    """
    kind = str(data.get("AUTHENTICATOR") or "").upper()
    given = str(data.get("TOKEN") or "")
    if kind in _PASSWORD:
        _require_password(settings, data)
    elif kind == "SNOWFLAKE_JWT":
        _require_key(settings, data, given, now)
    elif kind == "OAUTH":
        _require_token(settings, given, OAuthRefusedError("Invalid OAuth access token."))
    elif kind == "PROGRAMMATIC_ACCESS_TOKEN":
        _require_token(settings, given, AccessTokenRefusedError("Programmatic access token is invalid."))
    else:
        raise AuthenticatorRefusedError(
            f"The local Snowflake does not support the authenticator '{kind.lower()}'. "
            "Log in with a password, a key pair, an OAuth token or a programmatic access token."
        )


def _open(settings: LocalSnowflakeSettings) -> bool:
    return (
        settings.snowflake_password is None
        and settings.snowflake_token is None
        and settings.snowflake_public_key_file is None
    )


def _require_password(settings: LocalSnowflakeSettings, data: Mapping[str, Any]) -> None:
    if _open(settings):
        return
    if settings.snowflake_password is None:
        raise _not_configured("Login by password", "HOURGLASS_SNOWFLAKE_PASSWORD")
    known = settings.snowflake_user in {None, data.get("LOGIN_NAME")}
    if not _same(settings.snowflake_password, str(data.get("PASSWORD") or "")) or not known:
        raise LoginRefusedError("Incorrect username or password was specified.")


def _require_token(settings: LocalSnowflakeSettings, given: str, refused: LoginRefusedError) -> None:
    if _open(settings):
        return
    if settings.snowflake_token is None:
        raise _not_configured("Login by token", "HOURGLASS_SNOWFLAKE_TOKEN")
    if not _same(settings.snowflake_token, given):
        raise refused


def _require_key(settings: LocalSnowflakeSettings, data: Mapping[str, Any], given: str, now: datetime) -> None:
    if _open(settings):
        return
    if settings.snowflake_public_key_file is None:
        raise _not_configured("Login by key pair", "HOURGLASS_SNOWFLAKE_PUBLIC_KEY_FILE")
    user = str(data.get("LOGIN_NAME") or "").upper()
    wanted = (settings.snowflake_user or user).upper()
    for key in _keys(settings.snowflake_public_key_file):
        try:
            # the time is compared below, with the clock of this server
            claims = jwt.decode(given, key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError:
            continue
        in_time = float(claims.get("exp", 0)) > (now - _LEEWAY).timestamp()
        if in_time and str(claims.get("sub", "")).rpartition(".")[2] == user == wanted:
            return
    raise JwtRefusedError("JWT token is invalid.")


def _keys(path: Path) -> list[str]:
    """Return the public keys of a file, which is read at every login: a second key there rotates the first."""
    try:
        return _PEM.findall(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise AuthenticatorRefusedError(f"The public key of the local Snowflake cannot be read: {exc}.") from exc


def _same(wanted: SecretStr, given: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.get_secret_value().encode())


def _not_configured(what: str, setting: str) -> AuthenticatorRefusedError:
    return AuthenticatorRefusedError(f"{what} is not configured at the local Snowflake: set {setting}.")
