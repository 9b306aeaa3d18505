"""COPY INTO a table inside of a transaction."""

from __future__ import annotations

from typing import Any

import pytest

NOTHING = "Copy executed with 0 files processed."


@pytest.fixture
def lake(client: Any) -> Any:
    client.bucket.write("tx/a.json", {"id": 1}, {"id": 2})
    client.rows("CREATE TABLE raw (v VARIANT)")
    client.rows("CREATE STAGE s URL = 's3://hourglass/tx/' FILE_FORMAT = (TYPE = JSON)")
    return client


def test_a_rollback_takes_rows_and_load_history_back(lake: Any) -> None:
    """Within the transaction the file is loaded once; after its end it can be loaded again."""
    other = lake.another()
    lake.rows("BEGIN")
    lake.rows("COPY INTO raw FROM @s")
    assert [NOTHING] == lake.values("COPY INTO raw FROM @s")
    assert ([2], [0]) == (lake.values("SELECT COUNT(*) FROM raw"), other.values("SELECT COUNT(*) FROM raw"))
    lake.rows("ROLLBACK")
    assert [0] == lake.values("SELECT COUNT(*) FROM raw")
    assert ["LOADED"] == [row["status"] for row in lake.rows("COPY INTO raw FROM @s")]


def test_a_commit_keeps_rows_and_load_history(lake: Any) -> None:
    """With the other statements of the transaction, without AUTOCOMMIT, too."""
    lake.rows("ALTER SESSION SET AUTOCOMMIT = FALSE")
    lake.rows("COPY INTO raw FROM @s")
    lake.rows("INSERT INTO raw SELECT PARSE_JSON('{}')")
    lake.rows("COMMIT")
    other = lake.another()
    assert [3] == other.values("SELECT COUNT(*) FROM raw")
    assert [NOTHING] == other.values("COPY INTO raw FROM @s")


def test_a_new_database_is_loaded_in_a_transaction(lake: Any) -> None:
    """Its load history is there before the transaction, which would not see it otherwise."""
    database = f"{lake.schema}_D"
    lake.rows(f"CREATE DATABASE {database}")
    lake.rows(f"USE SCHEMA aws.{lake.schema}")
    lake.rows(f"CREATE TABLE {database}.public.raw (v VARIANT)")
    lake.rows("BEGIN")
    lake.rows(f"COPY INTO {database}.public.raw FROM @s")
    lake.rows("COMMIT")
    assert [NOTHING] == lake.values(f"COPY INTO {database}.public.raw FROM @s")
    lake.rows(f"DROP DATABASE {database}")


def test_files_are_not_purged_in_a_transaction(lake: Any) -> None:
    """A rollback could not bring them back."""
    lake.rows("BEGIN")
    assert 2 == lake.refused("COPY INTO raw FROM @s PURGE = TRUE")[0]
    lake.rows("ROLLBACK")


def test_a_load_needs_a_warehouse_that_exists(lake: Any) -> None:
    """A login with an unknown warehouse succeeds; the first statement that needs one is refused."""
    with lake.server.connect(schema=lake.schema, warehouse="NO_SUCH") as connection, connection.cursor() as cursor:
        assert (None,) == cursor.execute("SELECT CURRENT_WAREHOUSE()").fetchone()
        for sql in ("COPY INTO raw FROM @s", "SELECT * FROM raw"):
            with pytest.raises(Exception, match="No active warehouse"):
                cursor.execute(sql)
