"""The suite leaves nothing behind, and says which variables an account needs."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from snowflake_components import errors
from snowflake_components.access.login import Login
from snowflake_components.connection import SnowflakeSettings, query
from tests.acceptance.places import PREFIX, AccountUnknownError, Storage, account_place, own_place
from tests.fakes.local_snowflake import FOREIGN_WARNING

LOGIN = {"ACCOUNT": "org-acme", "USER": "ada", "WAREHOUSE": "W", "DATABASE": "LAB", "CONFORMANCE_URL": "s3://lake/lab"}


@pytest.fixture
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("SNOWFLAKE_", "HOURGLASS_SNOWFLAKE_"))]:
        monkeypatch.delenv(name)


@pytest.mark.filterwarnings(FOREIGN_WARNING)
def test_schema_and_objects_are_removed_after_an_error(everything: tuple[SnowflakeSettings, Storage]) -> None:
    """Whatever a test makes lies in its schema, and below its folder."""
    settings, _ = everything
    with ExitStack() as block:
        block.enter_context(pytest.raises(errors.ObjectMissingError))
        own = block.enter_context(own_place(*everything))
        own.storage.write("a.jsonl", {"id": "a"})
        own.rows("CREATE TABLE T (A INT)")
        own.rows("SELECT 1 FROM NO_SUCH_TABLE")
    assert own.settings.schema_name.startswith(PREFIX)
    assert () == query(settings, f"SHOW SCHEMAS LIKE '{own.settings.schema_name}'").rows
    assert [] == own.storage.objects.below(own.storage.prefix)


@pytest.mark.usefixtures("_no_account")
def test_missing_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, and the login as a choice."""
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "org-acme")
    with pytest.raises(AccountUnknownError) as missing:
        account_place()
    assert (
        "--snowflake account needs SNOWFLAKE_USER; SNOWFLAKE_WAREHOUSE; SNOWFLAKE_DATABASE; SNOWFLAKE_CONFORMANCE_URL; "
        "exactly one of SNOWFLAKE_PASSWORD, SNOWFLAKE_PRIVATE_KEY_FILE, SNOWFLAKE_OAUTH_TOKEN_FILE, "
        "SNOWFLAKE_ACCESS_TOKEN_FILE (docs/snowflake.md)"
    ) == str(missing.value)


@pytest.mark.usefixtures("_no_account")
def test_an_account_is_that_of_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address follows from the account; the folder ends with a slash."""
    for name, value in {**LOGIN, "PRIVATE_KEY_FILE": "key.p8", "PRIVATE_KEY_PASSPHRASE": "secret"}.items():
        monkeypatch.setenv(f"SNOWFLAKE_{name}", value)
    settings, storage = account_place()
    assert ("https://org-acme.snowflakecomputing.com:443", "ada", "W", "LAB", Login.KEY_PAIR) == (
        settings.address,
        settings.user,
        settings.warehouse,
        settings.database,
        settings.login,
    )
    assert ("s3://lake/lab/", "lab/", None) == (storage.url, storage.prefix, storage.integration)
