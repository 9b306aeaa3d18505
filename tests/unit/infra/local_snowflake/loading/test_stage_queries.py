"""SELECT from a stage, INFER_SCHEMA, and the functions on stages."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def lake(client: Any) -> Any:
    """A client with a stage `st`, the file formats `j` and `c`, and three files."""
    client.bucket.write(f"{client.schema}/a/one.jsonl", {"n": 1, "s": "x"}, {"n": 2, "s": "y"})
    client.bucket.write(f"{client.schema}/a/two.jsonl.gz", {"n": 3, "s": "z"})
    client.bucket.write(f"{client.schema}/c/t.csv", "id,name\n1,Ada\n2,\n")
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/' FILE_FORMAT = (TYPE = JSON)")
    client.rows("CREATE FILE FORMAT j TYPE = JSON")
    client.rows("CREATE FILE FORMAT c TYPE = CSV PARSE_HEADER = TRUE")
    return client


def test_the_rows_of_files_have_metadata(lake: Any) -> None:
    rows = lake.rows("SELECT $1:n::int n, METADATA$FILENAME f, METADATA$FILE_ROW_NUMBER l FROM @st/a/ ORDER BY n")
    folder = f"{lake.schema}/a/"
    expected = [(1, "one.jsonl", 1), (2, "one.jsonl", 2), (3, "two.jsonl.gz", 1)]
    assert [(n, folder + name, line) for n, name, line in expected] == [(r["n"], r["f"], r["l"]) for r in rows]


@pytest.mark.parametrize(
    "source",
    [
        "@st/a/ (FILE_FORMAT => 'j') t",
        "@st/a (FILE_FORMAT => j, PATTERN => '.*jsonl.*') t",
        "'@st/a/' (FILE_FORMAT => 'j') AS t",
        "(SELECT * FROM @st/a/) t",
    ],
)
def test_a_stage_in_from_takes_a_format_a_pattern_and_an_alias(lake: Any, source: str) -> None:
    assert [6] == lake.values(f"SELECT SUM(t.$1:n::int) FROM {source}")  # noqa: S608 - values of the test


def test_a_stage_is_joined_and_read_in_a_common_table_expression(lake: Any) -> None:
    sql = """WITH a AS (SELECT $1:n::int n FROM @st/a/)
    SELECT c.$2 FROM a JOIN @st/c/ (FILE_FORMAT => c) c ON a.n = c.$1::int ORDER BY a.n"""
    assert ["Ada", None] == lake.values(sql)


def test_every_column_of_a_stage_is_a_text_of_csv(lake: Any) -> None:
    assert {"$1": "1", "$2": "Ada"} == lake.rows("SELECT * FROM @st/c/ (FILE_FORMAT => c)")[0]
    assert [None, None] == lake.values("SELECT $7 FROM @st/c/ (FILE_FORMAT => c)")


def test_a_bad_record_ends_the_query_with_its_place(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/bad.jsonl", '{"n":1}\nnot json\n')
    assert (100069, "22P02") == lake.refused("SELECT $1 FROM @st/bad.jsonl")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT $1 FROM @missing", 2003),
        ("SELECT $1 FROM @st (FILE_FORMAT => 'missing')", 2003),
        ("SELECT $1 FROM @st (FILE_FORMATS => 'j')", 1003),
        ("SELECT $1 FROM @st (PATTERN => '*')", 1420),
        ("SELECT GET_PRESIGNED_URL(@st, 'a')", 2),
        ("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@st'))", 1003),
    ],
)
def test_what_cannot_be_read_is_refused(lake: Any, sql: str, code: int) -> None:
    assert code == lake.refused(sql)[0]


def test_infer_schema_lists_the_columns_of_the_files(lake: Any) -> None:
    rows = lake.rows("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@st/a/', FILE_FORMAT => 'j'))")
    assert [("n", "NUMBER(1, 0)", "$1:n::NUMBER(1, 0)"), ("s", "TEXT", "$1:s::TEXT")] == [
        (row["column_name"], row["type"], row["expression"]) for row in rows
    ]
    rows = lake.rows("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => @st/c/, FILE_FORMAT => 'c', IGNORE_CASE => TRUE))")
    assert [("ID", "NUMBER(1, 0)"), ("NAME", "TEXT")] == [(row["column_name"], row["type"]) for row in rows]


def test_the_location_of_a_stage(lake: Any) -> None:
    assert [f"s3://hourglass/{lake.schema}/"] == lake.values("SELECT GET_STAGE_LOCATION(@st)")


def test_a_directory_table_of_a_prefix_has_urls_that_exist(client: Any) -> None:
    client.bucket.write(f"{client.schema}/in/a.jsonl", {"n": 1})
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/in' DIRECTORY = (ENABLE = TRUE)")
    with client.connection.cursor() as cursor:
        cursor.execute("SELECT * FROM DIRECTORY(@st)")
        names = [column.name for column in cursor.description]
        ((path, _, _, _, _, url),) = cursor.fetchall()
    assert ["RELATIVE_PATH", "SIZE", "LAST_MODIFIED", "MD5", "ETAG", "FILE_URL"] == names
    assert ("a.jsonl", f"s3://hourglass/{client.schema}/in/a.jsonl") == (path, url)


def test_a_view_over_a_stage_is_refused(lake: Any) -> None:
    assert (2, "0A000") == lake.refused("CREATE VIEW v AS SELECT $1 FROM @st/a/")


def test_a_text_that_begins_like_a_stage_is_a_text(lake: Any) -> None:
    assert ["@st"] == lake.values("SELECT x FROM (SELECT 1 AS n, '@st' AS x)")


def test_the_columns_of_values_are_numbered_too(client: Any) -> None:
    """Snowpark makes every data frame of local rows so."""
    rows = client.rows(
        'SELECT $1 AS "A", $2 AS "B" FROM VALUES (1 :: INT, \'x\' :: STRING), (2 :: INT, NULL :: STRING)'
    )
    assert [{"a": 1, "b": "x"}, {"a": 2, "b": None}] == rows


def test_stages_and_file_formats_are_in_the_information_schema(lake: Any) -> None:
    sql = "SELECT stage_name, stage_type FROM information_schema.stages WHERE stage_schema = CURRENT_SCHEMA()"
    assert [{"stage_name": "ST", "stage_type": "External Named"}] == lake.rows(sql)
    sql = "SELECT file_format_name FROM information_schema.file_formats WHERE file_format_schema = CURRENT_SCHEMA()"
    assert ["C", "J"] == sorted(lake.values(sql))
