"""The commands of the conformance suite, on an account that the environment names: the local Snowflake."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from benchmarks.snowflake.conformance.__main__ import app
from benchmarks.snowflake.conformance.account import Account
from benchmarks.snowflake.conformance.documents import objects
from tests.fakes.local_snowflake import PASSWORD, Server


@pytest.fixture
def account(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    where = {"account": "local", "host": "127.0.0.1", "port": str(server.port), "protocol": "http", "database": "AWS"}
    for name, value in (where | {"user": "hourglass", "password": PASSWORD}).items():
        monkeypatch.setenv(f"SNOWFLAKE_{name.upper()}", value)
    return server


def test_without_an_account_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user alone names no account."""
    monkeypatch.delenv("SNOWFLAKE_ACCOUNT", raising=False)
    monkeypatch.setenv("SNOWFLAKE_USER", "ada")
    assert Account.of_environment() is None


@pytest.mark.usefixtures("account")
def test_the_password_is_not_shown() -> None:
    """The text of an account holds no argument of its login."""
    assert PASSWORD not in repr(Account.of_environment())


def test_the_sentences_run_on_the_account_of_the_environment(account: Server) -> None:
    """Those that read a bucket are skipped with the reason; the schemas of the suite are dropped at the end."""
    result = CliRunner().invoke(app, ["sentences", "--topic", "Directory"])
    assert "skipped directory-columns: it reads a bucket, and none is set" in result.output
    assert "local: " in result.output
    with account.connect() as connection, connection.cursor() as cursor:
        schemas = {row[1] for row in cursor.execute("SHOW SCHEMAS IN DATABASE AWS").fetchall()}
    assert not [schema for schema in schemas if schema.startswith("HOURGLASS_CONFORMANCE_")]


@pytest.mark.usefixtures("account")
def test_marks_are_those_of_the_local_server_alone() -> None:
    """`mark` refuses to write what an account does not meet."""
    result = CliRunner().invoke(app, ["mark"])
    assert 2 == result.exit_code
    assert "SNOWFLAKE_ACCOUNT" in result.output


@pytest.mark.usefixtures("account")
def test_the_objects_are_written_below_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key keeps its name below the folder; the integration becomes the clause of the stages."""
    written: dict[str, bytes] = {}

    class Client:
        """Keep what is put."""

        def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - as boto3 names them
            """Keep an object."""
            written[f"{Bucket}/{Key}"] = Body

    monkeypatch.setattr("benchmarks.snowflake.conformance.account.boto3.client", lambda _: Client())
    monkeypatch.setenv("SNOWFLAKE_CONFORMANCE_URL", "s3://lake/docs")
    monkeypatch.setenv("SNOWFLAKE_CONFORMANCE_INTEGRATION", "LAKE")
    account = Account.of_environment()
    assert account is not None
    place = account.conformance().place
    assert ("s3://lake/docs/", "STORAGE_INTEGRATION = LAKE") == (place.url, place.integration)
    assert {f"lake/docs/{key}" for key in objects()} == set(written)
    assert written["lake/docs/events/2025/08/01/03/b.jsonl.gz"].startswith(b"\x1f\x8b")
