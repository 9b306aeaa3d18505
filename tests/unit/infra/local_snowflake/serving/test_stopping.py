"""Statements that are stopped, run in the background, or are asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from snowflake import connector
from snowflake.connector.constants import QueryStatus

from infra.local_snowflake.files.bucket import StoredObject

_TENS = "(SELECT column1 AS n FROM VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
LONG = f"SELECT SUM(HASH(t0.n, t1.n, t2.n, t9.n)) FROM {', '.join(f'{_TENS} t{number}' for number in range(12))}"  # noqa: S608
"""A query of hours."""


def test_abort_query_ends_a_statement(client: Any) -> None:
    """It ends with 604 (57014), also for its own session, which goes on."""
    with client.connection.cursor() as cursor:
        query = cursor.execute_async(LONG)["queryId"]
        assert QueryStatus.RUNNING is client.connection.get_query_status(query)
        assert cursor.abort_query(query)
        with pytest.raises(connector.Error) as caught:
            cursor.query_result(query)
    assert (604, "57014") == (caught.value.errno, caught.value.sqlstate)
    assert QueryStatus.ABORTED is client.connection.get_query_status(query)
    assert [1] == client.values("SELECT 1")


def test_the_timeout_of_a_client_ends_a_statement(client: Any) -> None:
    """The connector sends an abort request for its own request."""
    with client.connection.cursor() as cursor, pytest.raises(connector.Error) as caught:
        cursor.execute(LONG, timeout=1)
    assert (604, "57014") == (caught.value.errno, caught.value.sqlstate)


def test_statement_timeout_in_seconds_ends_a_statement(server: Any) -> None:
    """630 (57014), as a parameter of the login."""
    with (
        server.connect(session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": 1}) as connection,
        connection.cursor() as cursor,
        pytest.raises(connector.Error) as caught,
    ):
        cursor.execute(LONG)
    assert (630, "57014") == (caught.value.errno, caught.value.sqlstate)


def test_an_aborted_change_leaves_no_rows(client: Any) -> None:
    """What was stopped has no effect."""
    client.rows("CREATE TABLE t (a INT)")
    with client.connection.cursor() as cursor:
        query = cursor.execute_async(f"INSERT INTO t {LONG}")["queryId"]
        cursor.abort_query(query)
        with pytest.raises(connector.Error):
            cursor.query_result(query)
    assert [0] == client.values("SELECT COUNT(*) FROM t")


def test_the_result_of_a_background_statement_is_read_later(client: Any) -> None:
    """Also by another session, after the first has ended."""
    first = client.another()
    with first.connection.cursor() as cursor:
        query = cursor.execute_async("SELECT 42 AS a")["queryId"]
        cursor.get_results_from_sfqid(query)
        assert [(42,)] == cursor.fetchall()
    with client.connection.cursor() as cursor:
        cursor.get_results_from_sfqid(query)
        assert [(42,)] == cursor.fetchall()


def test_a_failed_background_statement_has_its_error(client: Any) -> None:
    """Status and message."""
    with client.connection.cursor() as cursor:
        query = cursor.execute_async("SELECT * FROM no_such_table")["queryId"]
        with pytest.raises(connector.Error) as caught:
            cursor.query_result(query)
    assert 2003 == caught.value.errno
    assert QueryStatus.FAILED_WITH_ERROR is client.connection.get_query_status(query)


def test_a_waiting_statement_of_the_session_is_stopped_too(client: Any) -> None:
    """It waits for the one before it."""
    with client.connection.cursor() as cursor:
        before = cursor.execute_async(LONG)["queryId"]
        waiting = cursor.execute_async("CREATE TABLE never (a INT)")["queryId"]
        cursor.abort_query(waiting)
        with pytest.raises(connector.Error) as caught:
            cursor.query_result(waiting)
        cursor.abort_query(before)
    assert 604 == caught.value.errno
    assert [] == client.rows("SHOW TABLES LIKE 'never'")


def test_a_long_statement_of_one_session_stops_no_other(client: Any) -> None:
    """A login, reads and writes of other sessions go on."""
    with client.connection.cursor() as cursor:
        query = cursor.execute_async(LONG)["queryId"]
        other = client.another()
        other.rows("CREATE TABLE t (a INT)")
        other.rows("INSERT INTO t VALUES (1)")
        assert [1] == other.values("SELECT a FROM t")
        assert QueryStatus.RUNNING is client.connection.get_query_status(query)
        cursor.abort_query(query)


def test_a_heartbeat_and_a_renewal_keep_a_session(client: Any) -> None:
    """CLIENT_SESSION_KEEP_ALIVE sends heartbeats; a renewed token is of the same session."""
    number = client.values("SELECT CURRENT_SESSION()")
    rest = client.connection.rest
    assert rest._heartbeat()["success"]
    assert rest._renew_session()["success"]
    assert number == client.values("SELECT CURRENT_SESSION()")
    assert client.connection.is_valid()


def test_a_description_executes_nothing(client: Any) -> None:
    """cursor.describe() of a change returns its columns."""
    with client.connection.cursor() as cursor:
        assert ["A", "B"] == [column.name for column in cursor.describe("SELECT 1 AS a, 'x' AS b")]
        for sql in ("SELECT PARSE_JSON('1')::VARIANT AS a", "SELECT TO_DATE('2024', 'YYYY') AS a UNION SELECT NULL"):
            assert ["A"] == [column.name for column in cursor.describe(sql)]
        assert ["status"] == [column.name for column in cursor.describe("CREATE TABLE never (a INT)")]
        assert ["status"] == [column.name for column in cursor.describe("CREATE STAGE never URL = 's3://x/'")]
    assert [] == client.rows("SHOW TABLES LIKE 'never'") + client.rows("SHOW STAGES LIKE 'never'")


def test_a_refresh_is_stopped_between_two_objects(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It registers nothing."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    client.rows("CREATE EXTERNAL TABLE ext (n INT AS (value:n::int)) LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    for number in range(3):
        client.bucket.write(f"{client.schema}/{number}.jsonl", {"n": number})
    listed, go_on = Event(), Event()
    plain = client.bucket.list

    def slow(bucket: str, prefix: str) -> Iterator[StoredObject]:
        for stored in plain(bucket, prefix):
            yield stored
            listed.set()
            assert go_on.wait(timeout=30)

    monkeypatch.setattr(client.bucket, "list", slow)
    with client.connection.cursor() as cursor:
        query = cursor.execute_async("ALTER EXTERNAL TABLE ext REFRESH")["queryId"]
        assert listed.wait(timeout=30)
        cursor.abort_query(query)
        go_on.set()
        with pytest.raises(connector.Error) as caught:
            cursor.query_result(query)
    monkeypatch.undo()
    assert 604 == caught.value.errno
    assert [] == client.rows("SELECT n FROM ext")
    assert 3 == len(client.rows("ALTER EXTERNAL TABLE ext REFRESH"))
