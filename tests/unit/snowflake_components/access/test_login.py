"""Which login is used, and what the connector is given for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError
from snowflake import connector
from snowflake.connector.errors import DatabaseError

from snowflake_components import errors
from snowflake_components.access.files import read_private_key, read_token
from snowflake_components.access.login import Login
from snowflake_components.connection import SnowflakeSettings, open_session

SECRET = "canary-7f3a"
PREFIX = "HOURGLASS_SNOWFLAKE_"
_SHORT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it is refused
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in SnowflakeSettings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every login; none reaches a server."""
    found: list[dict[str, Any]] = []

    def connect(**arguments: Any) -> Any:
        found.append(arguments)
        raise DatabaseError(msg="refused", errno=390144)

    monkeypatch.setattr(connector, "connect", connect)
    return found


def pem(key: Any = _KEY, passphrase: str | None = None) -> bytes:
    """Return a private key as openssl writes it."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    found: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return found


def log_in(settings: SnowflakeSettings, **tag: str) -> str:
    """Try to log in, and return the message of the refusal."""
    with pytest.raises(errors.SnowflakeError) as caught, open_session(settings, tag):
        pass
    return str(caught.value)


def test_each_login_has_its_own_arguments(tmp_path: Path, given: list[dict[str, Any]]) -> None:
    """No login passes the secret of another; address, role, warehouse, tag and timeouts are the same for all."""
    token, key, locked = tmp_path / "token", tmp_path / "key.p8", tmp_path / "locked.p8"
    token.write_text("t-1\n")
    key.write_bytes(pem())
    locked.write_bytes(pem(passphrase=SECRET))
    place: dict[str, Any] = {
        "account": "acme",
        "host": "h",
        "port": 443,
        "protocol": "https",
        "role": "R",
        "warehouse": "W",
    }
    of_key = {"authenticator": "SNOWFLAKE_JWT", "private_key": read_private_key(key, None).der}
    logins: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"password": SECRET}, {"password": SECRET}),
        ({"private_key_file": key}, of_key),
        ({"private_key_file": locked, "private_key_passphrase": SECRET}, of_key),
        ({"oauth_token_file": token}, {"authenticator": "OAUTH", "token": "t-1"}),
        ({"access_token_file": token}, {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "t-1"}),
        (
            {"external_browser": True},
            {"authenticator": "externalbrowser", "client_store_temporary_credential": True, "login_timeout": 120},
        ),
    ]
    for settings, expected in logins:
        log_in(SnowflakeSettings(user="ada", **place, **settings), run_id="r-1", asset_key="aws/dev/x")
        pauses = given[-1].pop("backoff_policy")
        assert [1, 2, 4] == [pause for pause, _ in zip(pauses(), range(3), strict=False)]
        assert {
            **place,
            "user": "ada",
            "database": "AWS",
            "schema": "DEV",
            "login_timeout": 20,
            "session_parameters": {
                "QUERY_TAG": '{"application": "hourglass", "run_id": "r-1", "asset_key": "aws/dev/x"}',
                "STATEMENT_TIMEOUT_IN_SECONDS": 600,
            },
        } | expected == given[-1]


def test_a_new_file_is_used_by_the_next_login(tmp_path: Path, given: list[dict[str, Any]]) -> None:
    """A key or a token is rotated without a restart."""
    token = tmp_path / "token"
    settings = SnowflakeSettings(oauth_token_file=token)
    for text in ("first", "second"):
        token.write_text(text)
        log_in(settings)
    assert ["first", "second"] == [arguments["token"] for arguments in given]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PASSWORD": SECRET, "PRIVATE_KEY_FILE": "k"}, ["PASSWORD", "PRIVATE_KEY_FILE"]),
        ({"OAUTH_TOKEN_FILE": "t", "ACCESS_TOKEN_FILE": "t"}, ["OAUTH_TOKEN_FILE", "ACCESS_TOKEN_FILE"]),
        ({"PASSWORD": SECRET, "EXTERNAL_BROWSER": "true"}, ["PASSWORD", "EXTERNAL_BROWSER"]),
        ({"PRIVATE_KEY_PASSPHRASE": SECRET}, ["PRIVATE_KEY_PASSPHRASE", "PRIVATE_KEY_FILE"]),
        ({"PASSWORD": "p", "PRIVATE_KEY_PASSPHRASE": SECRET}, ["PRIVATE_KEY_PASSPHRASE", "PRIVATE_KEY_FILE"]),
    ],
)
def test_two_logins_are_refused_by_the_names_of_their_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: list[str]
) -> None:
    """The message has no value of them."""
    for name, value in variables.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ValidationError) as caught:
        SnowflakeSettings()
    assert all(PREFIX + name in str(caught.value) for name in named)
    assert SECRET not in str(caught.value)


def test_a_login_in_the_environment_replaces_the_one_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A local stack, whose password is in the environment, starts beside a `.env` with the key of an account."""
    file = f"{PREFIX}PRIVATE_KEY_FILE=k.p8\n{PREFIX}PRIVATE_KEY_PASSPHRASE=s\n{PREFIX}USER=ada\n"
    (tmp_path / ".env").write_text(file)
    assert (Login.KEY_PAIR, "ada") == (SnowflakeSettings().login, SnowflakeSettings().user)
    monkeypatch.setenv(f"{PREFIX}PASSWORD", "p")
    assert (Login.PASSWORD, "ada", None) == (
        SnowflakeSettings().login,
        SnowflakeSettings().user,
        SnowflakeSettings().private_key_passphrase,
    )
    assert Login.OAUTH is SnowflakeSettings(oauth_token_file=Path("t")).login


def test_the_local_server_has_a_password_and_an_account_has_none(given: list[dict[str, Any]]) -> None:
    """Without any login, the demo's password goes to the local server alone."""
    log_in(SnowflakeSettings())
    assert "hourglass" == given[0]["password"]
    message = log_in(SnowflakeSettings(protocol="https", host="acme.example", port=443))
    assert message.startswith("no login is set for Snowflake at https://acme.example:443: set one of HOURGLASS_")
    assert 1 == len(given)


def test_a_refused_key_is_named_with_the_fingerprint_to_compare(tmp_path: Path, given: list[dict[str, Any]]) -> None:
    """DESC USER shows the same text when the key is registered."""
    file = tmp_path / "key.p8"
    file.write_bytes(pem())
    message = log_in(SnowflakeSettings(private_key_file=file))
    assert read_private_key(file, None).fingerprint in message
    assert "HOURGLASS_SNOWFLAKE_PRIVATE_KEY_FILE" in message
    assert 1 == len(given)


@pytest.mark.parametrize(
    ("content", "passphrase", "said"),
    [
        (None, None, "cannot be read: No such file"),
        (b"nonsense", None, "no private key in PEM form"),
        (b"-----BEGIN PUBLIC KEY-----\n", None, "holds a public key"),
        (pem(passphrase="right"), None, "is encrypted: set HOURGLASS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        (pem(passphrase="right"), SECRET, "check HOURGLASS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        (pem(), SECRET, "not encrypted: remove HOURGLASS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        (pem(ec.generate_private_key(ec.SECP256R1())), None, "no RSA key of at least 2048 bits"),
        (pem(_SHORT_KEY), None, "no RSA key of at least 2048"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, passphrase: str | None, said: str
) -> None:
    """Variable and file are in the message, the passphrase is not."""
    file = tmp_path / "key.p8"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(errors.CredentialError) as caught:
        read_private_key(file, passphrase)
    assert f"HOURGLASS_SNOWFLAKE_PRIVATE_KEY_FILE: {file}" in str(caught.value)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"two tokens", b"\xff\xfe"])
def test_a_token_file_that_holds_no_token_is_named(tmp_path: Path, content: bytes) -> None:
    """One token, and white space around it."""
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(errors.CredentialError, match=r"HOURGLASS_SNOWFLAKE_ACCESS_TOKEN_FILE: .*must hold one token"):
        read_token(file, Login.ACCESS_TOKEN)
