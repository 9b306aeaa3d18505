"""The repair in the message of a refusal."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from snowflake.connector.errors import OperationalError

from snowflake_components import errors
from snowflake_components.access.login import Login
from snowflake_components.access.refusals import SessionFacts, refused_login, refused_statement
from snowflake_components.access.retries import pauses
from snowflake_components.access.tag import query_tag

NO_WAREHOUSE = "No active warehouse selected in the current session."
DENIED = "SQL access control error: Insufficient privileges to operate on"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (SessionFacts("R", "W", "W"), "warehouse W is suspended or was dropped: ALTER WAREHOUSE W RESUME"),
        (SessionFacts("R", None, "W"), "GRANT USAGE ON WAREHOUSE W TO ROLE R"),
        (SessionFacts("R", None, None), "set HOURGLASS_SNOWFLAKE_WAREHOUSE"),
    ],
)
def test_a_statement_without_warehouse_names_the_one_to_repair(facts: SessionFacts, said: str) -> None:
    """Snowflake has one text for a suspended, a missing and an unset warehouse; the session tells them apart."""
    kind, message = refused_statement(606, NO_WAREHOUSE, "SELECT 1", facts)
    assert errors.WarehouseError is kind
    assert message.startswith(NO_WAREHOUSE)
    assert said in message


def test_a_missing_warehouse_is_named_where_it_is_used() -> None:
    """2043 of USE WAREHOUSE does not name it."""
    kind, message = refused_statement(2043, "Object does not exist", "use warehouse W", SessionFacts("R"))
    assert errors.WarehouseError is kind
    assert "CREATE WAREHOUSE W, or GRANT USAGE ON WAREHOUSE W TO ROLE R" in message


@pytest.mark.parametrize(
    ("sql", "denied", "grant"),
    [
        ("CREATE STAGE IF NOT EXISTS S", "schema 'DEV'", "GRANT CREATE STAGE ON SCHEMA DEV TO ROLE R"),
        ("create or replace external  table T", "schema 'DEV'", "GRANT CREATE EXTERNAL TABLE ON SCHEMA DEV TO ROLE R"),
        ("CREATE EXTERNAL TABLE T", "stage 'S'", "GRANT USAGE ON STAGE S TO ROLE R"),
        ("ALTER EXTERNAL TABLE T REFRESH", "table 'T'", "GRANT OWNERSHIP ON TABLE T TO ROLE R"),
        ("SELECT 1 FROM T", "table 'T'", "GRANT SELECT ON TABLE T TO ROLE R"),
        ("CREATE STAGE S", "database 'AWS'", "GRANT USAGE ON DATABASE AWS TO ROLE R"),
        ("CREATE STAGE S", "integration 'I'", "GRANT USAGE ON INTEGRATION I TO ROLE R"),
        ("DROP STAGE S", "stage 'S'", "GRANT USAGE ON STAGE S TO ROLE R"),
    ],
)
def test_a_missing_grant_is_the_repair(sql: str, denied: str, grant: str) -> None:
    """The object is in Snowflake's text, the privilege follows from the statement."""
    kind, message = refused_statement(3001, f"{DENIED} {denied}", sql, SessionFacts("R"))
    assert errors.MissingPrivilegeError is kind
    assert message.endswith(f"({grant})")


def test_a_statement_at_its_time_limit_names_the_setting() -> None:
    """By the server, and by the connector when the server does not end it."""
    for code, text in (
        (630, "Statement reached its statement or warehouse timeout"),
        (604, "cancelled due to a timeout"),
    ):
        kind, message = refused_statement(code, text, "SELECT 1", SessionFacts(statement_seconds_max=600))
        assert errors.StatementTimeoutError is kind
        assert "HOURGLASS_SNOWFLAKE_STATEMENT_TIMEOUT_SECONDS = 600" in message
    assert errors.StatementFailedError is refused_statement(604, "SQL execution canceled", "X", SessionFacts())[0]


@pytest.mark.parametrize(
    ("code", "login", "variables"),
    [
        (390100, Login.PASSWORD, ["_ACCOUNT", "_USER", "_PASSWORD"]),
        (390144, Login.KEY_PAIR, ["_USER", "_PRIVATE_KEY_FILE"]),
        (390303, Login.OAUTH, ["_OAUTH_TOKEN_FILE"]),
        (394400, Login.ACCESS_TOKEN, ["_ACCESS_TOKEN_FILE"]),
        (390189, Login.OAUTH, ["_ROLE"]),
        (390201, Login.OAUTH, ["_WAREHOUSE", "_DATABASE"]),
    ],
)
def test_a_refused_login_names_the_variables_of_its_kind(code: int, login: Login, variables: list[str]) -> None:
    """Nobody is sent to a password that is not used."""
    message = refused_login(code, "refused", login, None)
    assert all(f"HOURGLASS_SNOWFLAKE{name}" in message for name in variables)
    assert ("PASSWORD" in message) == (login is Login.PASSWORD)


def test_the_query_tag_fits_in_the_limit_of_snowflake() -> None:
    """The last parts are left out of a tag of more than 2,000 characters; it is always JSON."""
    tag = query_tag("hourglass", {"run_id": "r", "asset_key": "x" * 2_000})
    assert {"application": "hourglass", "run_id": "r"} == json.loads(tag)


def test_retries_of_a_request_end_after_the_time_since_its_first_failure() -> None:
    """A statement that runs for an hour is no failure, so its time does not count."""
    now = iter([3_600.0, 3_601.0, 3_603.0, 3_607.0, 3_661.0])
    found = pauses(60, lambda: next(now))
    assert [1, 2, 4, 8, 16] == list(islice(found, 5))
    with pytest.raises(OperationalError, match="no answer since 60 s"):
        next(found)
