"""Which logins the settings allow, and what a refused client reads."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from snowflake import connector

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.serving.logins import require_login
from infra.local_snowflake.settings import LocalSnowflakeSettings
from tests.fakes.local_snowflake import NOW

_KEYS = [generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def public(*keys: RSAPrivateKey) -> bytes:
    """Return the PEM of public keys, one after another."""
    return b"".join(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys)


def token(key: RSAPrivateKey, user: str = "ADA", lives: timedelta = timedelta(minutes=1)) -> str:
    """Return the token of a key pair login, as the connector signs it."""
    return jwt.encode({"iss": f"LOCAL.{user}.SHA256:x", "sub": f"LOCAL.{user}", "exp": NOW + lives}, key, "RS256")


def settings_of(**given: Any) -> LocalSnowflakeSettings:
    """Return settings with these credentials only, whatever the environment has."""
    nothing = dict.fromkeys(["snowflake_user", "snowflake_password", "snowflake_token", "snowflake_public_key_file"])
    return LocalSnowflakeSettings(**nothing | given)


def refused(settings: LocalSnowflakeSettings, **data: str) -> tuple[int, str] | None:
    """Return the code and the message of a refused login; None for an allowed one."""
    try:
        require_login(settings, data, NOW)
    except StatementRefusedError as exc:
        return exc.code, exc.message
    return None


def test_a_token_of_a_key_pair_is_verified(tmp_path: Path) -> None:
    """Signature, user and end of the token; a key that is added to the file is accepted from the next login on."""
    file = tmp_path / "keys.pem"
    file.write_bytes(public(_KEYS[0]))
    settings = settings_of(snowflake_user="ada", snowflake_public_key_file=file)

    def login(given: str, user: str = "ada") -> tuple[int, str] | None:
        return refused(settings, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=given, LOGIN_NAME=user)

    wrong = (390144, "JWT token is invalid.")
    assert login(token(_KEYS[0])) is None
    assert wrong == login(token(_KEYS[1]))
    assert wrong == login(token(_KEYS[0], user="BOB"))
    assert wrong == login(token(_KEYS[0], user="BOB"), user="bob")
    assert wrong == login(token(_KEYS[0], lives=timedelta(minutes=-2)))
    assert wrong == login("nonsense")
    file.write_bytes(public(*_KEYS))
    assert login(token(_KEYS[1])) is None


@pytest.mark.parametrize(("kind", "code"), [("OAUTH", 390303), ("PROGRAMMATIC_ACCESS_TOKEN", 394400)])
def test_a_token_is_compared(kind: str, code: int) -> None:
    """OAuth and programmatic access tokens are the configured one."""
    settings = settings_of(snowflake_token="right")
    assert refused(settings, AUTHENTICATOR=kind, TOKEN="right") is None
    found = refused(settings, AUTHENTICATOR=kind, TOKEN="wrong")
    assert found is not None
    assert code == found[0]


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("SNOWFLAKE_JWT", "HOURGLASS_SNOWFLAKE_PUBLIC_KEY_FILE"),
        ("OAUTH", "HOURGLASS_SNOWFLAKE_TOKEN"),
        ("PROGRAMMATIC_ACCESS_TOKEN", "HOURGLASS_SNOWFLAKE_TOKEN"),
        ("EXTERNALBROWSER", "does not support the authenticator 'externalbrowser'"),
        ("HTTPS://X.OKTA.COM/", "does not support the authenticator 'https://x.okta.com/'"),
    ],
)
def test_a_login_that_is_not_configured_is_named(kind: str, setting: str) -> None:
    """390139 with the setting to set, instead of a wrong password."""
    found = refused(settings_of(snowflake_password="p"), AUTHENTICATOR=kind, TOKEN="t")
    assert found is not None
    assert 390139 == found[0]
    assert setting in found[1]


def test_a_password_is_not_configured_beside_a_token() -> None:
    """The settings name what is allowed."""
    found = refused(settings_of(snowflake_token="t"), PASSWORD="p")
    assert found is not None
    assert "set HOURGLASS_SNOWFLAKE_PASSWORD" in found[1]


@pytest.mark.parametrize("kind", ["", "SNOWFLAKE_JWT", "OAUTH"])
def test_without_credentials_every_login_is_accepted(kind: str) -> None:
    """For a first try."""
    assert refused(settings_of(), AUTHENTICATOR=kind, TOKEN="t", LOGIN_NAME="x") is None


def test_the_connector_shows_the_reason(server: Any) -> None:
    """Also for a login through a browser, which asks for its address first."""
    for kind in ("oauth", "externalbrowser"):
        with pytest.raises(connector.Error) as caught:
            server.connect(authenticator=kind, token="t")
        assert 390139 == caught.value.errno
        assert "local Snowflake" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"database": None, "schema": None}, (None, None, "HOURGLASS")),
        ({"schema": "NO_SUCH_SCHEMA"}, ("AWS", None, "HOURGLASS")),
        ({"database": "NO_SUCH_DATABASE"}, (None, None, "HOURGLASS")),
        ({"database": "x' OR 1 = 1 --"}, (None, None, "HOURGLASS")),
        ({"database": '"AWS"', "schema": "dev"}, ("AWS", "DEV", "HOURGLASS")),
        ({}, ("AWS", "DEV", "HOURGLASS")),
    ],
)
def test_a_session_knows_where_it_is(server: Any, given: dict[str, Any], expected: tuple[str | None, ...]) -> None:
    """Without a database, or with one that does not exist, the session has none."""
    with server.connect(**given) as connection, connection.cursor() as cursor:
        asked = "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_USER()"
        assert expected == cursor.execute(asked).fetchone()


def test_a_request_that_is_no_json_is_an_answer(server: Any) -> None:
    """Every failure has status 200 and a code, because the connector repeats a request after status 500."""
    with urlopen(f"http://127.0.0.1:{server.port}/session/v1/login-request", b"{") as answer:
        assert "261000" == json.load(answer)["code"]
