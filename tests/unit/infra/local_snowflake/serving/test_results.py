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
