"""What a statement costs: it does not grow with the objects of the server, nor with the depth of an expression."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import duckdb

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.columns.catalog import StoredColumns
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind
from infra.local_snowflake.meaning.dialect import parse_one
from infra.local_snowflake.meaning.macros.creation import creation_sql
from infra.local_snowflake.meaning.tree import rewrite
from infra.local_snowflake.serving.translation import translate

CONNECTION = SimpleNamespace(
    database="AWS", schema="DEV", db_path=None, _duck_conn=None, table_stages=None, variables=SimpleNamespace()
)


class Recording:
    """A connection of DuckDB that keeps the text of its statements."""

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        self._duck = duck
        self.sent: list[str] = []

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Open a cursor."""
        with self._duck.cursor() as cursor:
            yield SimpleNamespace(execute=lambda sql, *given: self._execute(cursor, sql, *given))

    def _execute(self, cursor: duckdb.DuckDBPyConnection, sql: str, *given: Any) -> Any:
        self.sent.append(sql)
        return cursor.execute(sql, *given)


def stored(relations: int) -> Recording:
    """Return a database of tables with the columns A and B0, B1, and so on."""
    duck = duckdb.connect()
    duck.execute("ATTACH ':memory:' AS home; ATTACH ':memory:' AS aws; CREATE SCHEMA aws.dev")
    for number in range(relations):
        duck.execute(f"CREATE TABLE aws.dev.T{number} (A DATE, B{number} VARCHAR)")
    return Recording(duck)


def test_a_statement_reads_the_columns_of_its_own_relations() -> None:
    """Also after a statement that changed columns: those of all others are not listed."""
    connection, columns, table = stored(3), StoredColumns("home"), ObjectName("AWS", "DEV", "T1")
    for _ in range(2):
        kinds = columns.kinds(connection, [table])
        assert (Kind.DATE, Kind.TEXT) == (kinds["A"], kinds["B1"])
        columns.forget(names=False)
    assert [] == [sql for sql in connection.sent if "duckdb_columns" in sql]
    assert ['DESCRIBE "AWS"."DEV"."T1"'] * 2 == [sql for sql in connection.sent if sql.startswith("DESCRIBE")]


def test_all_columns_are_read_once_for_a_name_of_no_relation() -> None:
    """A column of a relation that the statement makes itself has the kind of all columns of this name."""
    connection, columns = stored(3), StoredColumns("home")
    for _ in range(2):
        kinds = columns.kinds(connection, [ObjectName("AWS", "DEV", "T1"), ObjectName("AWS", "DEV", "NONE")])
        assert (Kind.TEXT, None) == (kinds.get("B2"), kinds.get("C"))
    assert 1 == len([sql for sql in connection.sent if "duckdb_columns" in sql])


def test_names_are_compared_again_after_a_statement_about_names() -> None:
    """One of this server's own statements needs no look at the names of clients."""
    connection, columns = stored(1), StoredColumns("home")
    for names in (False, True, False):
        columns.may_be_mixed(connection, named=False)
        columns.forget(names=names)
    assert not columns.may_be_mixed(connection, named=False)
    assert 2 == len(connection.sent)


def test_a_cast_of_a_timestamp_is_no_macro_of_fakesnow() -> None:
    """That macro has its argument six times, and DuckDB plans each copy of the expression."""
    tree = rewrite(parse_one("SELECT CAST(CAST(a || '' AS TIMESTAMP) AS TIMESTAMP)"), Columns({}))
    sql = translate(tree, CONNECTION, None).sql("duckdb").upper()
    assert "SF_SAME_TIMESTAMP(SF_TO_TIMESTAMP(A || ''))" in sql


def test_a_macro_binds_its_arguments_with_one_lambda() -> None:
    """The time to plan lambdas inside of lambdas grows exponentially."""
    (sql,) = (sql for sql in creation_sql("home") if ".sf_part(s, d, n)" in sql.partition(" AS ")[0])
    assert 1 == sql.count("lambda")
