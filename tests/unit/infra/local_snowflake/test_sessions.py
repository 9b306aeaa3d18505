# ruff: noqa: S608 - the names in the SQL are the tests' own
"""Rules of Snowflake for logins, sessions and what dbt asks of them."""

from __future__ import annotations

import threading
from typing import Any
from urllib.request import urlopen

import pytest
from snowflake import connector


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"password": ""}, {"user": "somebody"}])
def test_a_wrong_login_is_refused_at_once(server: Any, wrong: dict[str, str]) -> None:
    """User and password are checked; the refusal is a response that clients do not retry."""
    with pytest.raises(connector.Error) as caught:
        server.connect(**wrong)
    assert "Incorrect username or password" in str(caught.value) or 251006 == caught.value.errno


def test_a_login_creates_no_database(server: Any) -> None:
    """A login that names a missing database or schema does not create it, and has none."""
    with server.connect(database="NOWHERE", schema="X") as connection, connection.cursor() as cursor:
        assert "NOWHERE" not in {row[1] for row in cursor.execute("SHOW DATABASES").fetchall()}
        with pytest.raises(connector.Error) as caught:
            cursor.execute("CREATE STAGE s URL = 's3://hourglass/x/'")
    assert 90105 == caught.value.errno


def test_a_session_that_is_gone_needs_a_new_login(server: Any) -> None:
    """390111, after which a client logs in again; after a restart every token is unknown."""
    connection = server.connect()
    connection.rest._token = "of-a-former-server"
    with connection.cursor() as cursor, pytest.raises(connector.Error) as caught:
        cursor.execute("SELECT 1")
    assert 390111 == caught.value.errno


def test_the_server_has_a_health_route(server: Any) -> None:
    """GET /healthz answers 200 without a login."""
    with urlopen(f"http://127.0.0.1:{server.port}/healthz") as answer:
        assert 200 == answer.status


def test_a_session_has_a_number(server: Any) -> None:
    """CURRENT_SESSION() is the same in each statement of a session, and another one in the next session."""
    numbers = []
    for _ in range(2):
        with server.connect() as connection, connection.cursor() as cursor:
            (first,) = cursor.execute("SELECT CURRENT_SESSION()").fetchone()
            (second,) = cursor.execute("select current_session() as number").fetchone()
        assert first == second
        assert first.isdecimal()
        numbers.append(first)
    assert numbers[0] != numbers[1]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT nonsense(", 1003),
        ("SELECT 1; SELECT 2", 8),
        ("SELECT * FROM no_such_table", 2003),
        ("SELECT REDUCE([1, 2], 0, (a, x) -> a + x)", 2),
        ("SELECT $1 FROM @no_stage", 2003),
        ("CREATE STAGE s URL = 3", 1003),
        ("CREATE STAGE s URL = 'ftp://x/' NONSENSE = 1", 1006),
        ("CREATE STAGE s URL = 'gcs://x/'", 2),
        ("ALTER EXTERNAL TABLE", 1003),
    ],
)
def test_what_this_server_cannot_do_is_an_answer(client: Any, sql: str, code: int) -> None:
    """Every failure has a code and is returned at once, because the connector retries status 500 forever."""
    assert code == client.refused(sql)[0]
    assert [1] == client.values("SELECT 1")


def test_null_timestamps_are_null(client: Any) -> None:
    """A NULL of a timestamp type arrives as NULL, between values."""
    rows = client.rows(
        "SELECT 1 AS n, NULL::TIMESTAMP_TZ AS a, NULL::TIMESTAMP_NTZ AS b "
        "UNION ALL SELECT 2, '2025-08-01 00:00:01'::TIMESTAMP_TZ, '2025-08-01'::TIMESTAMP_NTZ ORDER BY n"
    )
    assert (None, None) == (rows[0]["a"], rows[0]["b"])
    assert (2025, 2025) == (rows[1]["a"].year, rows[1]["b"].year)


def test_temporary_relations_belong_to_their_session(client: Any) -> None:
    """Two sessions use one name at the same time, with three-part names as dbt writes them; the end drops them."""
    other = client.another()
    name = f"AWS.{client.schema}.model__dbt_tmp"
    client.rows(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS (SELECT 1 AS a)")
    other.rows(f'CREATE OR REPLACE  TEMPORARY TABLE "AWS"."{client.schema}"."MODEL__DBT_TMP" AS (SELECT 2 AS a)')
    assert [1] == client.values(f"SELECT {name}.a FROM {name}")
    assert [2] == other.values("SELECT model__dbt_tmp.a FROM model__dbt_tmp")
    assert ["A"] == client.values(f'DESCRIBE TABLE "AWS"."{client.schema}"."MODEL__DBT_TMP"')
    other.connection.close()
    assert [] == [row for row in client.rows("SHOW TABLES") if "MODEL" in row["name"]]
    client.rows(f"DROP VIEW IF EXISTS {name} CASCADE")
    assert 2003 == client.refused(f"SELECT * FROM {name}")[0]


def test_clients_at_the_same_time_do_not_disturb_each_other(client: Any) -> None:
    """Inserts, updates of the same million rows and refreshes of several sessions all count, and no statement fails."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    client.rows("CREATE EXTERNAL TABLE ext (n INT AS (value:n::int)) LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    client.rows("CREATE TABLE goal (id INT, n INT)")
    tens = "(SELECT column1 AS d FROM VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))"
    many = ", ".join(f"{tens} t{digit}" for digit in range(6))
    client.rows(f"CREATE TABLE total AS SELECT 0 AS n FROM {many}")
    failed: list[Exception] = []

    def work(worker: int) -> None:
        session = client.another()
        try:
            for turn in range(4):
                client.bucket.write(f"{client.schema}/{worker}-{turn}.jsonl", {"n": worker})
                session.rows("ALTER EXTERNAL TABLE ext REFRESH")
                session.rows(f"INSERT INTO goal SELECT {worker}, COUNT(*) FROM ext WHERE n = {worker}")
                session.rows("UPDATE total SET n = n + 1")
        except Exception as exc:  # noqa: BLE001 - the thread passes its error on
            failed.append(exc)
        session.connection.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed
    counted = client.rows("SELECT id, n FROM goal ORDER BY id, n")
    assert [(worker, turn) for worker in range(4) for turn in (1, 2, 3, 4)] == [
        (row["id"], row["n"]) for row in counted
    ]
    assert [{"least": 16, "most": 16}] == client.rows("SELECT MIN(n) AS least, MAX(n) AS most FROM total")
