from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from orchestration.dbt_runner.build import DbtModels, DbtRefusedError, _environment
from snowflake_components.access.environment import dbt_variables
from snowflake_components.access.files import read_private_key
from snowflake_components.connection import SnowflakeSettings
from snowflake_components.errors import CredentialError
from tests.fakes.dbt_profile import dbt_login


@pytest.fixture(scope="module")
def dbt() -> Iterator[ProcessPoolExecutor]:
    """A process for dbt, which leaves files open and warns."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


def test_a_snowflake_that_is_away_ends_the_build_with_the_settings_to_check(
    tmp_path: Path, dbt: ProcessPoolExecutor
) -> None:
    """The wait is bounded by the settings, not by the connector's five minutes."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: every connection is refused
        limits: dict[str, Any] = {"login_timeout_seconds": 1, "network_timeout_seconds": 1}
        settings = SnowflakeSettings(host="127.0.0.1", port=nobody.getsockname()[1], **limits)
        models = DbtModels(tmp_path, settings)
        with pytest.raises(
            DbtRefusedError, match=r"dbt build built nothing: .*Could not connect.*HOURGLASS_SNOWFLAKE_"
        ):
            dbt.submit(models.build, ["2025-08-01T03"], ["stg_platform_events"]).result(timeout=120)


def test_dbt_logs_in_as_every_other_client(tmp_path: Path, dbt: ProcessPoolExecutor) -> None:
    """One login, from the same settings; a token is read from its file, and the query tag names the run."""
    token, key = tmp_path / "token", tmp_path / "key.p8"
    token.write_text("t-1\n")
    encryption = serialization.BestAvailableEncryption(b"right")
    private = generate_private_key(public_exponent=65537, key_size=2048)
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    der = read_private_key(key, "right").der
    logins: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {"password": "hourglass"}),
        ({"password": "p"}, {"password": "p"}),
        ({"private_key_file": key, "private_key_passphrase": "right"}, {"private_key": der}),
        ({"oauth_token_file": token}, {"authenticator": "oauth", "token": "t-1"}),
        ({"access_token_file": token}, {"authenticator": "programmatic_access_token", "token": "t-1"}),
        ({"external_browser": True}, {"authenticator": "externalbrowser"}),
    ]
    same: dict[str, Any] = {"user": "ada", "role": "R", "warehouse": "W"}
    tag = '{"application": "hourglass-dbt", "run_id": "r-1"}'
    for given, expected in logins:
        variables = dbt_variables(SnowflakeSettings(**given, **same), {"run_id": "r-1"})
        assert {**expected, **same, "query_tag": tag} == dbt.submit(dbt_login, variables).result(timeout=120)


def test_a_login_that_cannot_be_used_ends_the_build_before_dbt_starts(tmp_path: Path) -> None:
    """The message names the variable and the file, and no secret is left in the environment."""
    models = DbtModels(tmp_path, SnowflakeSettings(oauth_token_file=tmp_path / "none"))
    with pytest.raises(CredentialError, match="HOURGLASS_SNOWFLAKE_OAUTH_TOKEN_FILE"):
        models.build(["2025-08-01T03"], ["x"])


def test_variables_of_dbt_are_gone_after_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later process of this one gets no token from it; what was set before is set again."""
    monkeypatch.setenv("HOURGLASS_BEFORE", "1")
    monkeypatch.delenv("HOURGLASS_NEW", raising=False)
    with _environment({"HOURGLASS_BEFORE": "2", "HOURGLASS_NEW": "3"}):
        assert ("2", "3") == (os.environ["HOURGLASS_BEFORE"], os.environ["HOURGLASS_NEW"])
    assert ("1", None) == (os.environ["HOURGLASS_BEFORE"], os.environ.get("HOURGLASS_NEW"))
