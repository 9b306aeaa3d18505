"""Logins, limits and repairs against the local Snowflake, through the real connector."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from infra.local_snowflake.faults import Fault, FaultKind, Faults
from infra.local_snowflake.serving import front
from infra.local_snowflake.serving.logins import require_login
from infra.local_snowflake.settings import LocalSnowflakeSettings
from snowflake_components import errors
from snowflake_components.connection import SnowflakeSettings, open_session, query
from tests.fakes.local_snowflake import FOREIGN_WARNING, Server

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

PASSPHRASE = "battery-staple"
_TENS = "(SELECT column1 AS n FROM VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
LONG = f"SELECT SUM(HASH(t0.n, t1.n, t2.n, t9.n)) FROM {', '.join(f'{_TENS} t{number}' for number in range(12))}"  # noqa: S608
"""A query of hours."""


def encrypted(key: RSAPrivateKey) -> bytes:
    """Return a private key as openssl writes it, with a passphrase."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode()))


def public(*keys: RSAPrivateKey) -> bytes:
    """Return the PEM of public keys."""
    return b"".join(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys)


@contextmanager
def accepting(monkeypatch: pytest.MonkeyPatch, **given: Any) -> Iterator[None]:
    """Let the server accept these logins alone for a block."""
    nothing = dict.fromkeys(["snowflake_user", "snowflake_password", "snowflake_token", "snowflake_public_key_file"])
    settings = LocalSnowflakeSettings(**nothing | given)
    with monkeypatch.context() as patch:
        patch.setattr(front, "require_login", lambda _, data, now: require_login(settings, data, now))
        yield


def test_a_key_is_rotated_without_a_restart(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snowflake has two keys of a user: the new one is added, the client's file is replaced, the old one is removed."""
    old, new = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    keys, file = tmp_path / "public.pem", tmp_path / "rsa_key.p8"
    keys.write_bytes(public(old))
    file.write_bytes(encrypted(old))
    settings = SnowflakeSettings(user="ada", port=server.port, private_key_file=file, private_key_passphrase=PASSPHRASE)
    login = partial(query, settings, "SELECT CURRENT_USER() AS NAME")
    with accepting(monkeypatch, snowflake_user="ada", snowflake_public_key_file=keys):
        assert "ADA" == login().rows[0]["NAME"]
        keys.write_bytes(public(old, new))
        file.write_bytes(encrypted(new))
        assert "ADA" == login().rows[0]["NAME"]
        keys.write_bytes(public(new))
        assert "ADA" == login().rows[0]["NAME"]
        file.write_bytes(encrypted(old))
        with pytest.raises(errors.LoginRefusedError, match=r"JWT token is invalid.*RSA_PUBLIC_KEY_FP.*SHA256:"):
            login()


@pytest.mark.parametrize(
    ("field", "said"),
    [("oauth_token_file", "Invalid OAuth access token"), ("access_token_file", "Programmatic access token is invalid")],
)
def test_a_token_is_rotated_without_a_restart(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, said: str
) -> None:
    """The refusal of an outdated token names the variable of its file; the next login reads the new one."""
    file = tmp_path / "token"
    file.write_text("outdated\n")
    token: dict[str, Any] = {field: file}
    settings = SnowflakeSettings(user="hourglass", port=server.port, **token)
    with accepting(monkeypatch, snowflake_token="t-2"):
        with pytest.raises(errors.LoginRefusedError, match=rf"{said}.*HOURGLASS_SNOWFLAKE_{field.upper()}"):
            query(settings, "SELECT 1")
        file.write_text("t-2\n")
        assert 1 == len(query(settings, "SELECT 1").rows)


def test_a_statement_may_take_longer_than_the_network_timeout(own_schema: SnowflakeSettings) -> None:
    """The limit of a statement is its own; what the network may take is counted from a failure on."""
    settings = own_schema.model_copy(update={"network_timeout_seconds": 1})
    slow = Fault(kind=FaultKind.SLOW, statement="AS SLOW", seconds=2)
    with Faults(settings.address).during(slow):
        assert ({"SLOW": 1},) == query(settings, "SELECT 1 AS SLOW").rows


def test_a_statement_beyond_its_limit_is_canceled(own_schema: SnowflakeSettings) -> None:
    """The message names the setting."""
    settings = own_schema.model_copy(update={"statement_timeout_seconds": 1})
    with pytest.raises(errors.StatementTimeoutError, match="HOURGLASS_SNOWFLAKE_STATEMENT_TIMEOUT_SECONDS = 1"):
        query(settings, LONG)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_statement(own_schema: SnowflakeSettings, number: signal.Signals) -> None:
    """The session goes on at once, so the server does not work on for nobody."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    former = {one: signal.signal(one, interrupt) for one in (signal.SIGTERM, signal.SIGINT)}
    main = threading.main_thread().ident
    assert main is not None
    killer = threading.Timer(1, signal.pthread_kill, [main, number])
    try:
        # without the cancel the next statement waits for this limit
        limited = own_schema.model_copy(update={"statement_timeout_seconds": 60})
        with open_session(limited) as session:
            killer.start()
            with pytest.raises(KeyboardInterrupt):
                session.execute(LONG)
            started = monotonic()
            assert ({"A": 1},) == session.execute("SELECT 1 AS A").rows
            assert monotonic() - started < 30
    finally:
        killer.cancel()
        for one, handler in former.items():
            signal.signal(one, handler)


def test_a_suspended_warehouse_is_named(own_schema: SnowflakeSettings) -> None:
    """With the statement that resumes it."""
    settings = own_schema.model_copy(update={"warehouse": "LOADING"})
    suspended = Fault(kind=FaultKind.WAREHOUSE_SUSPENDED, statement="AS SLEEPING")
    with Faults(settings.address).during(suspended), pytest.raises(errors.WarehouseError) as caught:
        query(settings, "SELECT 1 AS SLEEPING")
    assert "LOADING" in str(caught.value)
    assert "ALTER WAREHOUSE" in str(caught.value) or "GRANT USAGE ON WAREHOUSE" in str(caught.value)
