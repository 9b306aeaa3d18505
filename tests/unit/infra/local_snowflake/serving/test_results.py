"""What the server keeps of statements, and what it forgets."""

from __future__ import annotations

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.serving.execution import results
from infra.local_snowflake.serving.execution.results import Result, Results


def _result(rows: int) -> Result:
    return Result([], pa.table({"a": list(range(rows))}))


def test_the_oldest_results_are_forgotten(monkeypatch: Any) -> None:
    """By number, and by bytes, but never the latest."""
    monkeypatch.setattr(results, "RESULTS_MAX", 6)
    kept = Results()
    for number in range(10):
        kept.put(str(number), "s", _result(1))
    assert [False] * 4 + [True] * 6 == [kept.result(str(number)) is not None for number in range(10)]
    monkeypatch.setattr(results, "BYTES_MAX", 1_000)
    for number in range(10, 20):
        kept.put(str(number), "s", _result(1_000))
    assert [str(number) for number in range(16, 20)] == [str(n) for n in range(20) if kept.result(str(n))]


def test_the_results_of_a_session_are_forgotten_at_its_end(client: Any) -> None:
    """Those of others are kept, and those of statements in the background, which another session may read."""
    other = client.another()
    with other.connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        query = cursor.sfqid
    scan = f"SELECT * FROM TABLE(RESULT_SCAN('{query}'))"  # noqa: S608 - an id
    assert [1] == client.values(scan)
    other.connection.close()
    assert 709 == client.refused(scan)[0]


def test_the_result_of_show_can_be_scanned(client: Any) -> None:
    """Also of a statement that this server executes itself."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    with client.connection.cursor() as cursor:
        cursor.execute("SHOW STAGES")
        columns = [column.name for column in cursor.description]
        cursor.execute(f"SELECT * FROM TABLE(RESULT_SCAN('{cursor.sfqid}'))")  # noqa: S608 - an id
        assert columns == [column.name for column in cursor.description]
        assert 1 == len(cursor.fetchall())


def test_a_result_is_a_table_of_another_query(client: Any) -> None:
    """LAST_QUERY_ID() is the statement before, LAST_QUERY_ID(1) the first of the session."""
    client.rows("SELECT column1 AS a, 'x' AS \"b\" FROM VALUES (1), (2), (3)")
    assert [5] == client.values("SELECT SUM(a) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) WHERE a > 1")
    assert ["x"] == client.values(
        'SELECT DISTINCT "b" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID(-2))) r JOIN (SELECT 1 a) USING (a)'
    )
    first = client.values("SELECT LAST_QUERY_ID(1)")
    assert first == client.values("SELECT LAST_QUERY_ID(1)")
    assert [None] == client.values("SELECT LAST_QUERY_ID(1000)")
    assert 709 == client.refused("SELECT 1 AS n FROM TABLE(RESULT_SCAN('no-such-id'))")[0]
