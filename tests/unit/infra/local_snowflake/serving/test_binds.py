"""Values that are bound by clients, one by one and in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from snowflake import connector

from infra.local_snowflake.serving.binding.bulk import of_literals

_MOMENT = datetime(2025, 8, 1, 3, 4, 5, 678000)  # noqa: DTZ001 - of a type without zone


@pytest.fixture
def qmark(server: Any, client: Any) -> Iterator[Any]:
    with closing(server.connect(paramstyle="qmark", schema=client.schema)) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize(
    "value",
    [
        1,
        -(10**30),
        1.5,
        Decimal("1.50"),
        True,
        None,
        "it's \\ ?",
        date(2025, 8, 1),
        date(1969, 12, 31),
        time(1, 2, 3, 4),
        _MOMENT,
        bytearray(b"\x00\xff"),
    ],
)
def test_a_value_comes_back_as_it_was_bound(qmark: Any, value: object) -> None:
    """Each type of Python has a type of Snowflake; a datetime has no zone."""
    assert (value,) == qmark.execute("SELECT ?", (value,)).fetchone()


def test_a_moment_with_a_zone_is_bound_as_timestamp_tz(qmark: Any) -> None:
    """The moment is kept."""
    moment = datetime(2025, 8, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    (found,) = qmark.execute("SELECT ?", (("TIMESTAMP_TZ", moment),)).fetchone()
    assert datetime(2025, 8, 1, 3, tzinfo=UTC) == found


def test_a_value_is_cast(qmark: Any) -> None:
    """A cast directly after the question mark; a question mark in a text is none."""
    assert (5, date(2025, 8, 1), "?") == qmark.execute("SELECT ?::int, ?::date, '?'", ("5", "2025-08-01")).fetchone()


@pytest.mark.parametrize(("values", "position"), [((), 7), ((1,), 10)])
def test_a_missing_value_is_refused(qmark: Any, values: tuple[object, ...], position: int) -> None:
    """2049 (42601) with the position of the question mark."""
    with pytest.raises(connector.Error) as caught:
        qmark.execute("SELECT ?, ?", values)
    assert (2049, "42601") == (caught.value.errno, caught.value.sqlstate)
    assert f"error line 1 at position {position}\nBind variable ? not set." in str(caught.value)


_ROWS = [
    (1, 1.5, Decimal("1.50"), "it's", date(2025, 8, 1), _MOMENT, time(1, 2, 3), bytearray(b"\x01"), True),
    (None,) * 9,
    (-2, -0.25, Decimal("-20.25"), "\\", date(1969, 1, 1), _MOMENT, time(0), bytearray(b""), False),
]
_COLUMNS = "(i INT, f FLOAT, n NUMBER(10, 2), s VARCHAR, d DATE, ts TIMESTAMP_NTZ, t TIME, b BINARY, o BOOLEAN)"


@pytest.mark.parametrize("rows", [_ROWS, [_ROWS[0], _ROWS[2]]])
@pytest.mark.parametrize(("style", "mark"), [("qmark", "?"), ("numeric", ":{}"), ("pyformat", "%s")])
def test_a_batch_is_inserted(server: Any, client: Any, style: str, mark: str, rows: list[Any]) -> None:
    """In each style, with and without NULL: a batch with a NULL is bound as text."""
    client.rows(f"CREATE TABLE t {_COLUMNS}")
    marks = ", ".join(mark.format(number) for number in range(1, 10))
    with closing(server.connect(paramstyle=style, schema=client.schema)) as connection, connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO t VALUES ({marks})", rows)  # noqa: S608
        assert len(rows) == cursor.rowcount
        assert rows[:1] == cursor.execute("SELECT * FROM t WHERE i = 1").fetchall()
        assert sorted(rows, key=repr) == sorted(cursor.execute("SELECT * FROM t").fetchall(), key=repr)


def test_a_batch_is_inserted_through_expressions(qmark: Any) -> None:
    """Casts and functions around the question marks, columns in another order."""
    qmark.execute("CREATE TABLE t (a INT, v VARIANT, s VARCHAR)")
    qmark.executemany(
        'INSERT INTO t (s, "A", v) SELECT UPPER(?), ?::int + 1, PARSE_JSON(?)', [("x", "1", '{"k": 2}')] * 3
    )
    assert [(2, 2, "X")] * 3 == qmark.execute("SELECT a, v:k::int, s FROM t").fetchall()


def test_another_form_of_batch_is_inserted_row_by_row(qmark: Any) -> None:
    """All rows or none."""
    qmark.execute("CREATE TABLE t (a INT)")
    batch = "INSERT INTO t SELECT ? + column1 FROM VALUES (0), (10)"
    qmark.executemany(batch, [(1,), (2,)])
    assert [(1,), (2,), (11,), (12,)] == qmark.execute("SELECT a FROM t ORDER BY a").fetchall()
    with pytest.raises(connector.Error):
        qmark.executemany(batch, [("3",), ("x",)])
    assert (4,) == qmark.execute("SELECT COUNT(*) FROM t").fetchone()


def test_many_rows_are_inserted_at_once(client: Any) -> None:
    """As literals, which the connector writes in its default style: texts with every kind of escape, too."""
    rows = [(number, f"it''s \\\\ ({number}), '\n'", None if number % 2 else number / 4) for number in range(3_000)]
    client.rows("CREATE TABLE t (a INT, s VARCHAR, f FLOAT)")
    with client.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t (a, s, f) VALUES (%s, %s, %s)", rows)
        assert 3_000 == cursor.rowcount
        assert rows == cursor.execute("SELECT * FROM t ORDER BY a").fetchall()


def test_a_batch_goes_to_a_temporary_table(qmark: Any) -> None:
    """The types of its columns are found."""
    qmark.execute("CREATE TEMPORARY TABLE t (d DATE)")
    qmark.executemany("INSERT INTO t VALUES (?)", [(date(2025, 8, 1),), (None,)])
    assert [(None,), (date(2025, 8, 1),)] == qmark.execute("SELECT d FROM t ORDER BY d NULLS FIRST").fetchall()


def test_a_long_insert_of_another_form_is_left_to_the_engine_at_once() -> None:
    """A pattern that tries every division of a name would never end here."""
    name = "A_LONG_NAME_OF_A_TABLE" * 1_000
    assert of_literals(f"INSERT INTO {name} SELECT 1") is None
    assert of_literals(f"INSERT INTO t ({name}, {name}) SELECT 1") is None
