"""What a server that was killed left half done is completed or undone at the next start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from infra.local_snowflake.errors import ObjectInvalidError
from infra.local_snowflake.executor import StatementExecutor
from infra.local_snowflake.external_tables import tables
from infra.local_snowflake.language.parsing.dispatch import parse
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.settings import LocalSnowflakeSettings
from tests.fakes.local_snowflake import NOW, FolderBucket

CREATE = "CREATE OR REPLACE EXTERNAL TABLE t ({} AS (METADATA$FILENAME)) LOCATION = @st FILE_FORMAT = (TYPE = JSON)"


class Killed(BaseException):
    """The server was killed here."""


class Connection:
    """A session's connection without fakesnow: statements are DuckDB's."""

    database, schema = "AWS", "DEV"

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        self._duck_conn = duck

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Open another connection."""
        return self._duck_conn.cursor()


class Account:
    """An executor over a folder, which can be started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bucket = FolderBucket(folder / "s3")
        self.bucket.write("x/a.jsonl", {"n": 1})
        self.start()

    def start(self) -> None:
        """Start, as the server does."""
        self.duck = duckdb.connect()
        self.registry = Registry(self.duck, self.folder)
        self.executor = StatementExecutor.over(self.registry, self.bucket, lambda: NOW, LocalSnowflakeSettings())
        self.duck.execute(f"ATTACH '{self.folder}/aws.db' AS AWS")
        self.duck.execute("CREATE SCHEMA IF NOT EXISTS AWS.DEV")
        self.executor.tables.repair()

    def run(self, sql: str) -> None:
        """Execute a statement of this server."""
        statement = parse(sql)
        assert statement is not None
        self.executor.answer(statement, Session(Connection(self.duck.cursor())))

    def read(self, sql: str) -> list[Any]:
        """Return the rows of a query."""
        with self.duck.cursor() as cursor:
            return cursor.execute(sql).fetchall()


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    found = Account(tmp_path)
    found.run("CREATE STAGE st URL = 's3://hourglass/x/'")
    found.run(CREATE.format("former VARCHAR"))
    yield found
    found.duck.close()


@pytest.mark.parametrize(("step", "column"), [("whole_view_sql", "former"), ("public_view_sql", "later")])
def test_a_table_is_replaced_or_not(account: Account, step: str, column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the commit the former table is there after a start, afterwards the new one; no view is left over."""

    def kill(_: object) -> str:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(tables, step, kill)
        patch.setattr(Registry, "drop_views", lambda *_: None)  # a killed server does not tidy up
        with pytest.raises(Killed):
            account.run(CREATE.format("later VARCHAR"))
    account.duck.close()
    account.start()
    assert [("x/a.jsonl",)] == account.read(f"SELECT {column} FROM AWS.DEV.T")  # noqa: S608 - a constant
    views = account.read(
        "SELECT view_name FROM duckdb_views() WHERE database_name = '_fs_external' AND schema_name = 'raw'"
    )
    (table,) = account.registry.external_tables()
    assert {f"{table.id}{end}" for end in ("", "_columns", "_partitions")} == {name for (name,) in views}


def test_copies_that_no_registered_file_needs_are_deleted_at_the_start(account: Account) -> None:
    """One copy for each registered object that was read, and an empty one."""
    account.read("SELECT * FROM AWS.DEV.T")
    account.bucket.write("x/a.jsonl", {"n": 2})
    assert [('{"n":2}',)] == account.read("SELECT replace(value, ' ', '') FROM AWS.DEV.T")
    copies = account.folder / "copies"
    (copies / "interrupted").mkdir()
    assert 3 == len(list(copies.glob("*.parquet")))
    account.duck.close()
    account.start()
    assert 2 == len(list(copies.iterdir()))


def test_a_table_of_an_earlier_version_is_invalid_until_it_is_created_again(account: Account) -> None:
    """That version stored rows, which no refresh would change."""
    (table,) = account.registry.external_tables()
    with account.registry.transaction() as cursor:
        account.registry.drop_views(cursor, table)
        cursor.execute(f"CREATE TABLE {table.raw_sql} (value JSON)")
        account.registry.put(cursor, replace(table, with_rows=True))
    account.duck.close()
    account.start()
    with pytest.raises(ObjectInvalidError, match="earlier version"):
        account.run("ALTER EXTERNAL TABLE t REFRESH")
    account.run(CREATE.format("later VARCHAR"))
    assert [("x/a.jsonl",)] == account.read("SELECT later FROM AWS.DEV.T")
