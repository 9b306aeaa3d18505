"""Rules of Snowflake for session parameters, warehouses and USE."""

from __future__ import annotations

from typing import Any

import pytest
from snowflake import connector


def test_a_parameter_is_the_session_s(client: Any) -> None:
    """SHOW PARAMETERS LIKE 'query_tag' IN SESSION, as dbt asks it, has one row."""
    shown = "SHOW PARAMETERS LIKE 'query_tag' IN SESSION"
    assert [("", "")] == [(row["value"], row["level"]) for row in client.rows(shown)]
    client.rows('ALTER SESSION SET QUERY_TAG = \'{"a": "b;c"}\'')
    assert [('{"a": "b;c"}', "SESSION")] == [(row["value"], row["level"]) for row in client.rows(shown)]
    client.rows("ALTER SESSION UNSET QUERY_TAG")
    assert [""] == [row["value"] for row in client.rows(shown)]
    with client.server.connect(session_parameters={"QUERY_TAG": "of the login"}) as connection:
        assert "of the login" == connection.cursor().execute(shown).fetchone()[1]


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("NO_SUCH_PARAMETER = 1", 1006),
        ("AUTOCOMMIT = 3", 1008),
        ("TIMEZONE = 'America/New_York'", 2),
        ("WEEK_START = 7", 2),
        ("TIMESTAMP_TYPE_MAPPING = TIMESTAMP_LTZ", 2),
    ],
)
def test_a_parameter_has_an_effect_or_is_refused(client: Any, setting: str, code: int) -> None:
    """An unknown one, a value of another type, and a value that would change nothing here."""
    assert code == client.refused(f"ALTER SESSION SET {setting}")[0]


def test_parameters_change_what_follows(client: Any) -> None:
    """MULTI_STATEMENT_COUNT and AUTOCOMMIT of the session; the value that a parameter has can be set."""
    client.rows("ALTER SESSION SET TIMEZONE = 'UTC', WEEK_START = 1 MULTI_STATEMENT_COUNT = 0")
    client.rows("CREATE TABLE t (a INT); ALTER SESSION SET AUTOCOMMIT = FALSE; INSERT INTO t VALUES (1); ROLLBACK")
    assert [0] == client.values("SELECT COUNT(*) FROM t")


def test_a_warehouse_runs_or_is_missed(client: Any) -> None:
    """A suspended one without AUTO_RESUME, and a dropped one, refuse what reads a table: 606 (57P03)."""
    assert [None] == client.values("SELECT CURRENT_WAREHOUSE()")
    client.rows("CREATE TABLE t (a INT)")
    client.rows("CREATE WAREHOUSE w WAREHOUSE_SIZE = XSMALL AUTO_RESUME = FALSE INITIALLY_SUSPENDED = TRUE")
    assert ["W"] == client.values("SELECT CURRENT_WAREHOUSE()")
    assert (606, "57P03") == client.refused("SELECT * FROM t")
    client.rows("ALTER WAREHOUSE w RESUME")
    assert 90064 == client.refused("ALTER WAREHOUSE w RESUME")[0]
    assert [] == client.values("SELECT * FROM t")
    client.rows("ALTER WAREHOUSE w SET WAREHOUSE_SIZE = 'LARGE', COMMENT = 'it''s'")
    (row,) = client.rows("SHOW WAREHOUSES LIKE 'w'")
    assert ("STARTED", "Large", "it's", "Y") == (row["state"], row["size"], row["comment"], row["is_current"])
    client.rows("DROP WAREHOUSE w")
    assert (606, "57P03") == client.refused("INSERT INTO t VALUES (1)")
    client.rows("USE WAREHOUSE compute_wh")
    client.rows("INSERT INTO t VALUES (1)")
    assert 2043 == client.refused("USE WAREHOUSE w")[0]


def test_a_missing_warehouse_of_a_login_is_none(server: Any) -> None:
    """CURRENT_WAREHOUSE() is NULL, as is CURRENT_DATABASE() for a missing database."""
    with server.connect(warehouse="nope", database="nope") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_WAREHOUSE(), CURRENT_DATABASE(), CURRENT_SCHEMA()")
        assert (None, None, None) == cursor.fetchone()
        with pytest.raises(connector.Error) as caught:
            cursor.execute("CREATE TABLE t (a INT)")
    assert 90105 == caught.value.errno


@pytest.mark.parametrize("sql", ["USE SCHEMA aws.no_such_schema", "USE DATABASE no_such_database", "USE no.such"])
def test_use_needs_its_object(client: Any, sql: str) -> None:
    """2043 (02000), and the session stays where it is."""
    assert (2043, "02000") == client.refused(sql)
    assert [client.schema] == client.values("SELECT CURRENT_SCHEMA()")
