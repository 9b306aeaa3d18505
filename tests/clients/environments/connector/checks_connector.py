"""Snowflake's connector beyond the everyday: batches, statements in the background, files, dictionaries."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector import DictCursor
from snowflake.connector.errors import DatabaseError, ProgrammingError


def test_a_batch_of_parameters_is_inserted(cursor: Any) -> None:
    """`executemany` with tuples and with dictionaries, and an UPDATE for each row; `rowcount` is their sum."""
    cursor.execute("CREATE OR REPLACE TABLE batch (a INT, b VARCHAR, c TIMESTAMP_NTZ)")
    noon = datetime(2024, 1, 1, 12)  # noqa: DTZ001 - TIMESTAMP_NTZ has none
    cursor.executemany("INSERT INTO batch (a, b, c) VALUES (%s, %s, %s)", [(1, "x", noon), (2, "y'z", None)])
    assert 2 == cursor.rowcount
    cursor.executemany("INSERT INTO batch (a, b) VALUES (%(a)s, %(b)s)", [{"a": 3, "b": "p"}, {"a": 4, "b": "q"}])
    cursor.executemany("UPDATE batch SET b = %s WHERE a = %s", [("u", 1), ("v", 3)])
    assert 2 == cursor.rowcount
    found = cursor.execute("SELECT a, b, c FROM batch ORDER BY a").fetchall()
    assert [(1, "u", noon), (2, "y'z", None), (3, "v", None), (4, "q", None)] == [tuple(row) for row in found]


def test_parameters_are_bound_on_the_server(login: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """`paramstyle` qmark: 5,000 rows in one request."""
    monkeypatch.setattr(snowflake.connector, "paramstyle", "qmark")
    with snowflake.connector.connect(**login) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE TABLE bound (a INT, b VARCHAR, c DATE)")
        rows = [(number, f"n{number}", date(2024, 1, 1)) for number in range(5_000)]
        cursor.executemany("INSERT INTO bound VALUES (?, ?, ?)", rows)
        assert 5_000 == cursor.rowcount
        cursor.execute("SELECT COUNT(*), MAX(a) FROM bound WHERE b = ?", ("n7",))
        assert [(1, 7)] == cursor.fetchall()


def test_a_statement_runs_in_the_background(connection: Any, cursor: Any) -> None:
    """`execute_async`, its status, and its result on another cursor; its error there, too."""
    cursor.execute_async("SELECT 7 AS a")
    query = cursor.sfqid
    with connection.cursor() as other:
        other.get_results_from_sfqid(query)
        assert [(7,)] == [tuple(row) for row in other.fetchall()]
    assert "SUCCESS" == connection.get_query_status(query).name
    assert not connection.is_still_running(connection.get_query_status(query))
    cursor.execute_async("SELECT * FROM nothing")
    with connection.cursor() as other, pytest.raises(DatabaseError, match="NOTHING"):  # noqa: PT012 - either of them
        other.get_results_from_sfqid(cursor.sfqid)
        other.fetchall()


def test_a_cursor_describes_its_result(connection: Any, cursor: Any) -> None:
    """`describe` without executing, `description`, `rowcount`, `sfqid`, and rows as dictionaries."""
    described = cursor.describe("SELECT 1::INT AS a, 'x' AS b, 1.5 AS c, TRUE AS d, CURRENT_DATE() AS e, 1::FLOAT AS f")
    assert [("A", 0), ("B", 2), ("C", 0), ("D", 13), ("E", 3), ("F", 1)] == [
        (column.name, column.type_code) for column in described
    ]
    cursor.execute("SELECT 1::NUMBER(10, 2) AS a, 'x' AS b")
    assert [(10, 2), (None, None)] == [(column.precision, column.scale) for column in cursor.description]
    assert (1, 36) == (cursor.rowcount, len(cursor.sfqid))
    with connection.cursor(DictCursor) as rows:
        assert [{"A": 1, "b c": "x"}] == rows.execute("SELECT 1 AS a, 'x' AS \"b c\"").fetchall()


def test_statements_count_what_they_change(cursor: Any) -> None:
    """`rowcount` of INSERT, UPDATE and DELETE, and the columns of their results."""
    cursor.execute("CREATE OR REPLACE TABLE counted (a INT)")
    counts = []
    for statement in ("INSERT INTO counted VALUES (1), (2)", "UPDATE counted SET a = 5", "DELETE FROM counted"):
        cursor.execute(statement)
        counts.append((cursor.rowcount, cursor.description[0].name))
    assert [(2, "number of rows inserted"), (2, "number of rows updated"), (2, "number of rows deleted")] == counts


def test_several_statements_have_a_result_each(connection: Any, cursor: Any) -> None:
    """`num_statements` with `nextset`, and `execute_string`."""
    cursor.execute("SELECT 1; SELECT 2", num_statements=2)
    first = cursor.fetchall()
    cursor.nextset()
    assert [(1,), (2,)] == [tuple(row) for row in [*first, *cursor.fetchall()]]
    assert [1, 2] == [each.fetchone()[0] for each in connection.execute_string("SELECT 1; SELECT 2;")]


def test_a_refusal_has_code_state_and_query(cursor: Any) -> None:
    """The attributes of ProgrammingError."""
    with pytest.raises(ProgrammingError) as refused:
        cursor.execute("SELECT * FRO x")
    assert (1003, "42000", 36) == (refused.value.errno, refused.value.sqlstate, len(refused.value.sfqid or ""))


def test_autocommit_is_switched_off(connection: Any, cursor: Any) -> None:
    """`autocommit(False)`, `rollback`, `commit`."""
    cursor.execute("CREATE OR REPLACE TABLE kept (a INT)")
    connection.autocommit(False)
    cursor.execute("INSERT INTO kept VALUES (1)")
    connection.rollback()
    cursor.execute("INSERT INTO kept VALUES (2)")
    connection.commit()
    connection.autocommit(True)
    assert [(2,)] == [tuple(row) for row in cursor.execute("SELECT a FROM kept").fetchall()]


def test_files_are_put_listed_and_got(cursor: Any, tmp_path: Path) -> None:
    """PUT of several files with and without compression, LIST, GET and COPY."""
    for number in (1, 2):
        (tmp_path / f"f{number}.csv").write_text("1,a\n" * number)
    cursor.execute("CREATE OR REPLACE STAGE files")
    put = f"PUT file://{tmp_path}/f*.csv @files/in"
    assert {"UPLOADED"} == {row[6] for row in cursor.execute(put).fetchall()}
    cursor.execute(f"{put} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
    listed = sorted(row[0] for row in cursor.execute("LIST @files").fetchall())
    assert ["files/in/f1.csv", "files/in/f1.csv.gz", "files/in/f2.csv", "files/in/f2.csv.gz"] == listed
    (tmp_path / "got").mkdir()
    cursor.execute(f"GET @files/in file://{tmp_path}/got/")
    assert "1,a\n1,a\n" == (tmp_path / "got" / "f2.csv").read_text()
    cursor.execute("CREATE OR REPLACE TABLE loaded (a INT, b VARCHAR)")
    cursor.execute("COPY INTO loaded FROM @files/in PATTERN = '.*gz'")
    assert (3,) == tuple(cursor.execute("SELECT COUNT(*) FROM loaded").fetchone())
