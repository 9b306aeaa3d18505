"""COPY INTO a location, and tables from the columns of files."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def table(client: Any) -> Any:
    """A client with an internal stage `st` and a table of two rows."""
    client.rows("CREATE STAGE st")
    client.rows("CREATE TABLE t (id INT, name VARCHAR)")
    client.rows("INSERT INTO t VALUES (1, 'a,b'), (2, NULL)")
    return client


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("TYPE = CSV", "st/x/data_0_0_0.csv.gz"),
        ("TYPE = CSV COMPRESSION = NONE FIELD_OPTIONALLY_ENCLOSED_BY = '\"'", "st/x/data_0_0_0.csv"),
        ("TYPE = CSV COMPRESSION = ZSTD FIELD_DELIMITER = '|'", "st/x/data_0_0_0.csv.zst"),
    ],
)
def test_an_unloaded_file_is_read_back_by_its_format(table: Any, options: str, name: str) -> None:
    (row,) = table.rows(f"COPY INTO @st/x/ FROM t FILE_FORMAT = ({options})")
    assert 2 == row["rows_unloaded"]
    assert [name] == table.values("LIST @st")
    table.rows("CREATE TABLE back LIKE t")
    table.rows(f"COPY INTO back FROM @st FILE_FORMAT = ({options})")
    assert [{"id": 1, "name": "a,b"}, {"id": 2, "name": None}] == table.rows("SELECT * FROM back ORDER BY id")


def test_parquet_and_json_are_unloaded_from_queries(table: Any) -> None:
    table.rows("COPY INTO @st/p/ FROM (SELECT id FROM t) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE")
    table.rows("COPY INTO @st/j/ FROM (SELECT OBJECT_CONSTRUCT('ID', id) FROM t) FILE_FORMAT = (TYPE = JSON)")
    for path, kind in (("p", "PARQUET"), ("j", "JSON")):
        table.rows(f"CREATE FILE FORMAT f{path} TYPE = {kind}")
        sql = f"SELECT $1:ID::int FROM @st/{path}/ (FILE_FORMAT => f{path}) ORDER BY 1"  # noqa: S608 - values of the test
        assert [1, 2] == table.values(sql)


def test_an_unload_overwrites_only_if_wanted(table: Any) -> None:
    table.rows("COPY INTO @st/x/ FROM t")
    assert 1030 == table.refused("COPY INTO @st/x/ FROM t")[0]
    table.rows("COPY INTO @st/x/ FROM (SELECT 1) OVERWRITE = TRUE")
    assert 1 == len(table.rows("LIST @st"))


@pytest.mark.parametrize(
    "rest", ["PARTITION BY (id)", "MAX_FILE_SIZE = 10", "INCLUDE_QUERY_ID = TRUE", "FILE_FORMAT = (TYPE = AVRO)"]
)
def test_what_cannot_be_unloaded_is_refused(table: Any, rest: str) -> None:
    assert (2, "0A000") == table.refused(f"COPY INTO @st FROM t {rest}")


def test_a_table_takes_the_columns_of_files_as_template(table: Any) -> None:
    table.rows("COPY INTO @st/p/ FROM t FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE")
    table.rows("CREATE FILE FORMAT fp TYPE = PARQUET")
    table.rows(
        "CREATE TABLE made USING TEMPLATE (SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) WITHIN GROUP (ORDER BY order_id) "
        "FROM TABLE(INFER_SCHEMA(LOCATION => '@st/p/', FILE_FORMAT => 'fp')))"
    )
    table.rows("COPY INTO made FROM @st/p/ FILE_FORMAT = fp MATCH_BY_COLUMN_NAME = CASE_SENSITIVE")
    assert ["a,b", None] == table.values("SELECT name FROM made ORDER BY id")
