"""What CREATE and ALTER EXTERNAL TABLE take, refuse and change."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # it ships no types
import pytest

FORM = "LOCATION = @st FILE_FORMAT = (TYPE = JSON)"


@pytest.fixture
def stage(client: Any) -> Any:
    """A stage over two files of one row each."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    for part in ("a", "b"):
        client.bucket.write(f"{client.schema}/part={part}/x.jsonl", {"id": part, "n": 1})
    return client


def data(client: Any, name: str, body: bytes) -> None:
    path = client.bucket.file(f"{client.schema}/other/{name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def test_automatic_compression_goes_by_the_suffix(stage: Any) -> None:
    """An object of another form than its name says has no rows, unless COMPRESSION is given."""
    data(stage, "plain.jsonl.gz", b'{"a": 1}\n')
    data(stage, "packed.jsonl", gzip.compress(b'{"a": 2}\n'))
    data(stage, "right.jsonl.gz", gzip.compress(b'{"a": 3}\n'))
    stage.rows("CREATE EXTERNAL TABLE e (a INT AS (value:a::INT)) LOCATION = @st/other FILE_FORMAT = (TYPE = JSON)")
    assert [3] == stage.values("SELECT a FROM e")
    stage.rows(
        "CREATE OR REPLACE EXTERNAL TABLE e (a INT AS (value:a::INT)) LOCATION = @st/other "
        "FILE_FORMAT = (TYPE = JSON COMPRESSION = GZIP)"
    )
    assert [2, 3] == stage.values("SELECT a FROM e ORDER BY a")


def parquet() -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"id": 1, "city": "Paris"}, {"id": 2, "city": None}]), body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "file_format", "expected"),
    [
        (b'{"a": 1,\n "b": [1,\n 2]}\n{"a": 2}', "(TYPE = JSON)", ["1", "2"]),
        (b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n', "(TYPE = JSON)", ["1", "2"]),
        (b'[{"a": 1}, {"a": 2}]', "(TYPE = JSON STRIP_OUTER_ARRAY = TRUE)", ["1", "2"]),
        (b'{"a": 1, "b": null}', "(TYPE = JSON STRIP_NULL_VALUES = TRUE)", ["1"]),
        (b'{"a": 1}\n{"a": 1, "b": "\xff"}\n{"a": 3}', "(TYPE = JSON)", ["1", "3"]),
        (b'{"a": 1}\n{"a": 2, "b": "\xff"}', "(TYPE = JSON REPLACE_INVALID_CHARACTERS = TRUE)", ["1", "2"]),
        (b'{"a": 1}\n{"a": 2, "a": 3}\n{"a": 4}', "(TYPE = JSON)", ["1"]),
        (b'{"a": 1}\n{"a": 2, "a": 3}', "(TYPE = JSON ALLOW_DUPLICATE = TRUE)", ["1", "3"]),
    ],
)
def test_the_options_of_json_decide_what_a_row_is(
    stage: Any, body: bytes, file_format: str, expected: list[str]
) -> None:
    """Documents over lines, byte order mark, outer arrays, nulls, invalid UTF-8 and duplicate keys."""
    data(stage, "x.json", body)
    stage.rows(f"CREATE EXTERNAL TABLE e (a INT AS (value:a::INT)) LOCATION = @st/other FILE_FORMAT = {file_format}")
    assert expected == [str(a) for a in stage.values("SELECT a FROM e ORDER BY a")]
    if "STRIP_NULL" in file_format:
        assert ['{"a":1}'] == stage.values("SELECT value FROM e")


@pytest.mark.parametrize("clause", ["(FORMAT_NAME = 'ff')", "'ff'", "ff", "(FORMAT_NAME = AWS.{schema}.ff)"])
def test_a_file_format_is_named_in_four_ways(stage: Any, clause: str) -> None:
    """Fields of CSV are c1, c2 of VALUE; a header is skipped."""
    stage.rows("CREATE FILE FORMAT ff TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"'")
    data(stage, "x.csv", b'id,name\n1,"Ada, L"\n2,\n')
    clause = clause.format(schema=stage.schema)
    stage.rows(
        f"CREATE EXTERNAL TABLE e (id INT AS (value:c1::INT), name VARCHAR AS (value:c2::VARCHAR)) "
        f"LOCATION = @st/other/ FILE_FORMAT = {clause}"
    )
    assert [{"id": 1, "name": "Ada, L"}, {"id": 2, "name": None}] == stage.rows("SELECT id, name FROM e ORDER BY id")
    assert (f"AWS.{stage.schema}.FF", "CSV") == tuple(
        stage.rows("SHOW EXTERNAL TABLES")[0][name] for name in ("file_format_name", "file_format_type")
    )


def test_a_parquet_file_is_rows_with_its_columns(stage: Any) -> None:
    """VALUE has the columns of the file by their names; one that is NULL is missing."""
    data(stage, "x.parquet", parquet())
    stage.rows(
        "CREATE EXTERNAL TABLE e (id INT AS ($1:id::INT), city VARCHAR AS (value:city::VARCHAR)) "
        "LOCATION = @st/other FILE_FORMAT = (TYPE = PARQUET)"
    )
    assert [(1, "Paris"), (2, None)] == [(r["id"], r["city"]) for r in stage.rows("SELECT id, city FROM e ORDER BY id")]


@pytest.mark.parametrize(
    "columns",
    [
        "part VARCHAR AS SPLIT_PART(METADATA$FILENAME, '=', 2), id VARCHAR NOT NULL AS (value:id::VARCHAR)",
        "id VARCHAR AS (value:id::VARCHAR) NOT NULL PRIMARY KEY COMMENT 'key', part VARCHAR AS (METADATA$FILENAME)",
        "id VARCHAR AS value:id::VARCHAR CONSTRAINT k UNIQUE, part VARCHAR AS (METADATA$FILENAME), PRIMARY KEY (id)",
        "id VARCHAR AS (IFF(value:x IS NOT NULL, 'x', value:id::VARCHAR)), part VARCHAR AS METADATA$FILENAME NOT NULL",
    ],
)
def test_columns_take_constraints_on_both_sides_of_the_expression(stage: Any, columns: str) -> None:
    """Constraints are stored and not enforced."""
    stage.rows(
        f"CREATE EXTERNAL TABLE e ({columns}) PARTITION BY (part) WITH LOCATION = @st FILE_FORMAT = (TYPE = JSON)"
    )
    assert ["a", "b"] == stage.values("SELECT id FROM e ORDER BY id")


REFUSED = [
    (f"CREATE EXTERNAL TABLE e (a INT AS (no_such)) {FORM}", 904),
    (f"CREATE EXTERNAL TABLE e (a INT AS (no_such(value))) {FORM}", 2140),
    (f"CREATE EXTERNAL TABLE e (a INT AS (value:a::INT), b INT AS (a + 1)) {FORM}", 904),
    (f"CREATE EXTERNAL TABLE e (a INT AS (value:a::INT), a INT AS (value:b::INT)) {FORM}", 2025),
    (f"CREATE EXTERNAL TABLE e (a NOTYPE AS (value:a)) {FORM}", 2040),
    (f"CREATE EXTERNAL TABLE e (a INT AS (COUNT(*))) {FORM}", 1420),
    (f"CREATE EXTERNAL TABLE e (a INT AS ((SELECT 1))) {FORM}", 1420),
    (f"CREATE EXTERNAL TABLE e (a INT AS (value:a::INT),) {FORM}", 1003),
    (f"CREATE EXTERNAL TABLE e () {FORM}", 1003),
    (f"CREATE EXTERNAL TABLE e {FORM} CLUSTER BY (a)", 2),
    (f"CREATE EXTERNAL TABLE e (p VARCHAR AS (METADATA$FILENAME || CURRENT_DATE)) PARTITION BY (p) {FORM}", 1420),
    (f"CREATE EXTERNAL TABLE e (p VARCHAR AS (METADATA$FILENAME || UUID_STRING())) PARTITION BY (p) {FORM}", 1420),
    (f"CREATE EXTERNAL TABLE e (p VARCHAR AS (METADATA$FILENAME || value:a)) PARTITION BY (p) {FORM}", 1420),
    (f"CREATE EXTERNAL TABLE e (p VARCHAR AS (METADATA$EXTERNAL_TABLE_PARTITION)) {FORM}", 904),
    (f"CREATE EXTERNAL TABLE e (a INT AS (value:a)) {FORM} PATTERN = '*.jsonl'", 1420),
    ("CREATE EXTERNAL TABLE e LOCATION = '@st' FILE_FORMAT = (TYPE = JSON)", 1003),
    ("CREATE EXTERNAL TABLE e LOCATION = @st FILE_FORMAT = (TYPE = JSON FORMAT_NAME = 'f')", 1420),
    ("CREATE EXTERNAL TABLE e LOCATION = @st FILE_FORMAT = (FORMAT_NAME = 'nowhere')", 2003),
    ("CREATE EXTERNAL TABLE e LOCATION = @st FILE_FORMAT = (TYPE = XML)", 2),
    (f"CREATE OR REPLACE EXTERNAL TABLE IF NOT EXISTS e {FORM}", 1003),
    (f"CREATE EXTERNAL TABLE e {FORM} TABLE_FORMAT = DELTA", 2),
    (f"CREATE EXTERNAL TABLE e {FORM} INTEGRATION = 'n'", 2),
    (f"CREATE EXTERNAL TABLE e {FORM} WITH TAG (cost = 'x')", 2),
    (f"CREATE EXTERNAL TABLE e {FORM} ROW ACCESS POLICY p ON (VALUE)", 2),
    (f"CREATE EXTERNAL TABLE e (a INT COLLATE 'en' AS (value:a::INT)) {FORM}", 2),
    (f"CREATE EXTERNAL TABLE e USING TEMPLATE (SELECT 1) {FORM}", 2),
    ("CREATE EXTERNAL TABLE e LOCATION = @inner FILE_FORMAT = (TYPE = JSON)", 1420),
    (f"CREATE EXTERNAL TABLE e PARTITION_TYPE = USER_SPECIFIED {FORM}", 1420),
]


def test_what_is_not_as_documented_is_refused_at_creation(stage: Any) -> None:
    """Nothing is left of a table that is refused."""
    stage.rows("CREATE STAGE inner")
    assert REFUSED == [(sql, stage.refused(sql)[0]) for sql, _ in REFUSED]
    assert [] == stage.rows("SHOW EXTERNAL TABLES")


def test_files_are_added_and_removed_by_their_paths(stage: Any) -> None:
    """ADD FILES and REMOVE FILES take files and directories below LOCATION, and nothing else changes."""
    stage.rows(f"CREATE EXTERNAL TABLE e {FORM} REFRESH_ON_CREATE = FALSE")
    added = stage.rows("ALTER EXTERNAL TABLE e ADD FILES ('part=a/x.jsonl', 'part=c/none.jsonl')")
    assert [("part=a/x.jsonl", "REGISTERED_NEW"), ("part=c/none.jsonl", "REGISTER_FAILED")] == [
        (row["file"].removeprefix(f"{stage.schema}/"), row["status"]) for row in added
    ]
    stage.rows("ALTER EXTERNAL TABLE e ADD FILES ('part=b/')")
    assert ["UNREGISTERED"] == [
        row["status"] for row in stage.rows("ALTER EXTERNAL TABLE e REMOVE FILES ('part=a/x.jsonl')")
    ]
    assert ["b"] == stage.values("SELECT value:id::VARCHAR FROM e")


def test_an_owner_adds_and_drops_partitions(stage: Any) -> None:
    """With PARTITION_TYPE = USER_SPECIFIED the values are given, and REFRESH is refused."""
    stage.rows(
        "CREATE EXTERNAL TABLE e (day DATE AS (PARSE_JSON(METADATA$EXTERNAL_TABLE_PARTITION):DAY::DATE), "
        "who VARCHAR AS (PARSE_JSON(METADATA$EXTERNAL_TABLE_PARTITION):WHO::VARCHAR)) "
        f"PARTITION BY (day, who) {FORM} PARTITION_TYPE = USER_SPECIFIED"
    )
    assert [] == stage.rows("SELECT * FROM e")
    for part, day in (("a", "2025-08-01"), ("b", "2025-08-02")):
        stage.rows(f"ALTER EXTERNAL TABLE e ADD PARTITION (day = '{day}', who = 'it''s') LOCATION 'part={part}'")
    assert ["b"] == stage.values("SELECT value:id::VARCHAR FROM e WHERE day = '2025-08-02' AND who = 'it''s'")
    stage.rows("ALTER EXTERNAL TABLE e DROP PARTITION LOCATION 'part=a'")
    assert ["b"] == stage.values("SELECT value:id::VARCHAR FROM e")
    for refused in (
        "REFRESH",
        "ADD FILES ('part=a/x.jsonl')",
        "ADD PARTITION (day = '2025-08-01') LOCATION 'part=a'",
        "ADD PARTITION (day = 'never', who = 'x') LOCATION 'part=a'",
        "SET AUTO_REFRESH = TRUE",
    ):
        assert 1420 == stage.refused(f"ALTER EXTERNAL TABLE e {refused}")[0]


def test_columns_are_added_renamed_and_dropped(stage: Any) -> None:
    """ALTER TABLE changes the virtual columns; the files stay registered."""
    stage.rows(f"CREATE EXTERNAL TABLE e (id VARCHAR AS (value:id::VARCHAR)) {FORM}")
    stage.rows("ALTER TABLE e ADD COLUMN n INT AS (value:n::INT)")
    stage.rows("ALTER TABLE e RENAME COLUMN id TO key")
    assert [{"key": "a", "n": 1}, {"key": "b", "n": 1}] == stage.rows("SELECT key, n FROM e ORDER BY key")
    stage.rows("ALTER TABLE e DROP COLUMN n")
    assert ["value", "key"] == list(stage.rows("SELECT * FROM e")[0])
    assert 904 == stage.refused("ALTER TABLE e ADD COLUMN x INT AS (no_such)")[0]
    assert ["a", "b"] == stage.values("SELECT key FROM e ORDER BY key")
