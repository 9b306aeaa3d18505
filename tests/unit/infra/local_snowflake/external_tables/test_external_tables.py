# ruff: noqa: S608 - the names in the SQL are the tests' own
"""Rules of Snowflake for external tables, asked through its own connector."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

COLUMNS = """(
    FILENAME VARCHAR AS (METADATA$FILENAME),
    HOUR TIMESTAMP AS (CAST(SPLIT_PART(METADATA$FILENAME, '/', 2) || '-' || SPLIT_PART(METADATA$FILENAME, '/', 3)
        || '-' || SPLIT_PART(METADATA$FILENAME, '/', 4) || ' ' || SPLIT_PART(METADATA$FILENAME, '/', 5) || ':00:00'
        AS TIMESTAMP)),
    N INTEGER AS (value:n::integer),
    HAPPENED TIMESTAMP_TZ AS (value:event:at::timestamp_tz),
    WHO VARCHAR AS (value:event:who::varchar)
) PARTITION BY (HOUR)"""


@pytest.fixture
def table(client: Any) -> Any:
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    create(client)
    return client


def create(client: Any, how: str = "CREATE EXTERNAL TABLE", rest: str = "REFRESH_ON_CREATE = FALSE") -> None:
    client.rows(f"{how} ext {COLUMNS} LOCATION = @st/ AUTO_REFRESH = FALSE {rest} FILE_FORMAT = (TYPE = JSON)")


def write(client: Any, path: str, *numbers: int) -> None:
    client.bucket.write(f"{client.schema}/2025/08/01/{path}", *({"n": n, "event": {"who": f"w{n}"}} for n in numbers))


def refresh(client: Any, path: str = "") -> list[tuple[str, str]]:
    rows = client.rows("ALTER EXTERNAL TABLE ext REFRESH" + (f" '{path}'" if path else ""))
    return [(row["file"].removeprefix(f"{client.schema}/2025/08/01/"), row["status"]) for row in rows]


def registered(client: Any) -> list[str]:
    names = client.values("SELECT FILE_NAME FROM TABLE(INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => 'EXT'))")
    return sorted(name.removeprefix(f"{client.schema}/2025/08/01/") for name in names)


def test_every_codec_of_the_landing_job_is_read(table: Any) -> None:
    """Plain, gzip and zstd JSON lines give their rows after a refresh, and no row before it."""
    assert [] == table.rows("SELECT * FROM ext")
    for number, codec in enumerate(("", ".gz", ".zst")):
        write(table, f"03/part-{number}.jsonl{codec}", number)
    refresh(table)
    assert [0, 1, 2] == table.values("SELECT n FROM ext ORDER BY n")


def test_a_refresh_reports_new_changed_and_vanished_files(table: Any) -> None:
    """Status REGISTERED_NEW, REGISTERED_UPDATE, UNREGISTERED; the second refresh reports nothing; rows follow."""
    write(table, "03/a.jsonl", 1)
    write(table, "03/b.jsonl", 2)
    assert [("03/a.jsonl", "REGISTERED_NEW"), ("03/b.jsonl", "REGISTERED_NEW")] == refresh(table)
    assert [] == refresh(table)
    write(table, "03/a.jsonl", 10, 11)
    table.bucket.remove(f"{table.schema}/2025/08/01/03/b.jsonl")
    assert [("03/a.jsonl", "REGISTERED_UPDATE"), ("03/b.jsonl", "UNREGISTERED")] == refresh(table)
    assert [10, 11] == table.values("SELECT n FROM ext ORDER BY n")


def test_a_path_refreshes_nothing_but_itself(table: Any) -> None:
    """REFRESH '<path>' is relative to LOCATION: files elsewhere are neither added nor removed."""
    write(table, "03/a.jsonl", 1)
    refresh(table)
    table.bucket.remove(f"{table.schema}/2025/08/01/03/a.jsonl")
    write(table, "04/b.jsonl", 2)
    write(table, "05/c.jsonl", 3)
    assert [("04/b.jsonl", "REGISTERED_NEW")] == refresh(table, "2025/08/01/04/")
    assert ["03/a.jsonl", "04/b.jsonl"] == registered(table)


def test_a_path_without_files_refreshes_to_nothing(table: Any) -> None:
    """An hour in which nothing was produced: no row is reported, and no other hour is touched."""
    write(table, "03/a.jsonl", 1)
    refresh(table)
    assert [] == refresh(table, "2025/08/01/04/")
    assert [1] == table.values("SELECT n FROM ext")


def test_the_partition_column_comes_from_the_path_that_counts_from_the_bucket(table: Any) -> None:
    """METADATA$FILENAME includes the stage's own path; a filter on the hour finds its files only."""
    write(table, "03/a.jsonl", 1, 2)
    write(table, "04/b.jsonl", 3)
    refresh(table)
    counted = table.rows(
        "SELECT METADATA$FILENAME AS k, COUNT(*) AS c FROM ext WHERE hour = '2025-08-01 03:00:00'::TIMESTAMP_NTZ "
        "GROUP BY METADATA$FILENAME"
    )
    assert [{"k": f"{table.schema}/2025/08/01/03/a.jsonl", "c": 2}] == counted
    assert [datetime(2025, 8, 1, 4)] == table.values("SELECT hour FROM ext WHERE n = 3")  # noqa: DTZ001 - TIMESTAMP_NTZ has no zone


def test_a_field_that_is_missing_or_null_is_null(table: Any) -> None:
    """A path into VALUE that leads nowhere gives NULL, also for timestamps."""
    table.bucket.write(f"{table.schema}/2025/08/01/03/a.jsonl", {"n": 1}, {"n": 2, "event": {"at": None, "who": None}})
    refresh(table)
    assert [(None, None), (None, None)] == [
        (row["happened"], row["who"]) for row in table.rows("SELECT happened, who FROM ext")
    ]


def test_rows_are_numbered_within_their_file(table: Any) -> None:
    """METADATA$FILE_ROW_NUMBER starts at one in every file, in the order of the lines."""
    write(table, "03/a.jsonl", 30, 20, 10)
    refresh(table)
    assert [30, 20, 10] == table.values("SELECT n FROM ext ORDER BY METADATA$FILE_ROW_NUMBER")
    assert [1] == table.values("SELECT MIN(METADATA$FILE_ROW_NUMBER) FROM ext")


@pytest.mark.parametrize(("lines", "read"), [(['{"n": 1}\n', "{no json\n", '{"n": 3}\n'], [1]), ([""], [])])
def test_a_file_is_read_up_to_its_first_broken_row_without_an_error(
    table: Any, lines: list[str], read: list[int]
) -> None:
    """A file that fails during a scan is skipped from that row on; other files are not affected."""
    table.bucket.write(f"{table.schema}/2025/08/01/03/broken.jsonl", *lines)
    write(table, "03/whole.jsonl", 9)
    assert 2 == len(refresh(table))
    assert [*read, 9] == table.values("SELECT n FROM ext ORDER BY n")


@pytest.mark.parametrize(
    "twice",
    ['{"n": 2, "n": 3}', '{"n": 3, "event": {"who": "a", "deep": [{"x": 1, "x": 2}]}}', '{"n": 0, "\\u006e": 3}'],
    ids=["outermost", "deep", "escaped"],
)
def test_a_key_that_an_object_holds_twice_is_no_json_unless_the_format_allows_it(client: Any, twice: str) -> None:
    """ALLOW_DUPLICATE is FALSE by default: the file is read up to that row. TRUE keeps the last value."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    client.bucket.write(f"{client.schema}/2025/08/01/03/a.jsonl", '{"n": 1}\n', twice + "\n", '{"n": 4}\n')
    create(client)
    refresh(client)
    assert [1] == client.values("SELECT n FROM ext ORDER BY n")
    client.rows(
        f"CREATE OR REPLACE EXTERNAL TABLE ext {COLUMNS} LOCATION = @st/ AUTO_REFRESH = FALSE "
        "FILE_FORMAT = (TYPE = JSON ALLOW_DUPLICATE = TRUE)"
    )
    assert [1, 3, 4] == client.values("SELECT n FROM ext ORDER BY n")


def test_a_compressed_file_that_is_cut_gives_no_rows_and_no_error(table: Any) -> None:
    """It is registered all the same: registration reads no contents."""
    (table.bucket.folder / "hourglass" / table.schema).mkdir()
    (table.bucket.folder / "hourglass" / table.schema / "cut.jsonl.zst").write_bytes(b"\x28\xb5\x2f\xfd\x24")
    write(table, "03/whole.jsonl", 9)
    assert 2 == len(refresh(table))
    assert [9] == table.values("SELECT n FROM ext")


def test_a_pattern_chooses_files(table: Any) -> None:
    """PATTERN is a regular expression over the whole path."""
    create(table, "CREATE OR REPLACE EXTERNAL TABLE", "REFRESH_ON_CREATE = FALSE PATTERN = '.*[.]jsonl([.](zst|gz))?'")
    write(table, "03/a.jsonl.zst", 1)
    write(table, "03/b.json", 2)
    assert [("03/a.jsonl.zst", "REGISTERED_NEW")] == refresh(table)


def test_refresh_on_create_is_true_unless_it_is_written(client: Any) -> None:
    """CREATE EXTERNAL TABLE without REFRESH_ON_CREATE registers every file."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    write(client, "03/a.jsonl", 1)
    create(client, rest="")
    assert [1] == client.values("SELECT n FROM ext")


def test_registered_files_are_a_table_function(table: Any) -> None:
    """EXTERNAL_TABLE_FILES has name, size and ETag of each file, takes any spelling of the name and a WHERE."""
    write(table, "03/a.jsonl", 1)
    write(table, "04/b.jsonl", 2)
    refresh(table)
    for name in ("ext", f"AWS.{table.schema}.EXT", f'"AWS"."{table.schema}"."EXT"'):
        rows = table.rows(
            "SELECT FILE_NAME, FILE_SIZE FROM TABLE(AWS.INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES("
            f"TABLE_NAME => '{name}')) WHERE FILE_NAME LIKE '%/03/%'"
        )
        assert [{"file_name": f"{table.schema}/2025/08/01/03/a.jsonl", "file_size": 33}] == rows


def test_show_lists_the_table_with_stage_and_location(table: Any) -> None:
    """SHOW EXTERNAL TABLES has invalid, stage, location and last_refreshed_on, which is NULL before a refresh."""
    (row,) = table.rows("SHOW EXTERNAL TABLES LIKE 'EX_'")
    assert ("EXT", "AWS", table.schema, "false", f"@AWS.{table.schema}.ST/", None) == (
        row["name"],
        row["database_name"],
        row["schema_name"],
        row["invalid"],
        row["location"],
        row["last_refreshed_on"],
    )
    refresh(table)
    assert 2025 == table.rows("SHOW EXTERNAL TABLES")[0]["last_refreshed_on"].year


def test_describe_lists_value_first_then_the_virtual_columns(table: Any) -> None:
    """DESC EXTERNAL TABLE."""
    names = [row["name"] for row in table.rows("DESC EXTERNAL TABLE ext")]
    assert ["VALUE", "FILENAME", "HOUR", "N", "HAPPENED", "WHO"] == names


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("CREATE OR REPLACE STAGE st URL = 's3://hourglass/{schema}/'", "dropped or replaced"),
        ("ALTER STAGE st SET URL = 's3://hourglass/elsewhere/'", "location altered"),
        ("DROP STAGE st", "dropped or replaced"),
    ],
)
def test_a_table_is_invalid_once_its_stage_is_another(table: Any, change: str, reason: str) -> None:
    """After OR REPLACE, SET URL or DROP of the stage, query and refresh fail with 91093; a new table is valid."""
    table.rows(change.format(schema=table.schema))
    for sql in ("SELECT * FROM ext", f"SELECT e.n FROM AWS.{table.schema}.ext e", "ALTER EXTERNAL TABLE ext REFRESH"):
        assert (91093, "55000") == table.refused(sql)
    (row,) = table.rows("SHOW EXTERNAL TABLES")
    assert "true" == row["invalid"]
    assert reason in row["invalid_reason"]


def test_a_replaced_table_knows_nothing_of_its_former_files(table: Any) -> None:
    """CREATE OR REPLACE EXTERNAL TABLE ... COPY GRANTS starts without files."""
    write(table, "03/a.jsonl", 1)
    refresh(table)
    create(table, "CREATE OR REPLACE EXTERNAL TABLE", "REFRESH_ON_CREATE = FALSE COPY GRANTS")
    assert [] == table.rows("SELECT * FROM ext")
    assert [("03/a.jsonl", "REGISTERED_NEW")] == refresh(table)


def test_a_creation_that_fails_leaves_what_was_there(table: Any) -> None:
    """After a CREATE with a column that cannot be compiled, the former table answers as before."""
    write(table, "03/a.jsonl", 1)
    refresh(table)
    table.refused(
        "CREATE OR REPLACE EXTERNAL TABLE ext (x INT AS (no_such_column)) LOCATION = @st FILE_FORMAT = (TYPE = JSON)"
    )
    assert [1] == table.values("SELECT n FROM ext")
    table.refused("CREATE EXTERNAL TABLE e2 (x INT AS (no_such_column)) LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    assert ["EXT"] == [row["name"] for row in table.rows("SHOW EXTERNAL TABLES")]


def test_a_first_refresh_that_fails_takes_the_table_back(client: Any) -> None:
    """If the bucket refuses during REFRESH_ON_CREATE, no table remains."""
    client.rows("CREATE STAGE st URL = 's3://no-such-bucket/'")
    assert 91016 == client.refused("CREATE EXTERNAL TABLE ext LOCATION = @st FILE_FORMAT = (TYPE = JSON)")[0]
    assert [] == client.rows("SHOW EXTERNAL TABLES")
    assert 2003 == client.refused("SELECT * FROM ext")[0]


def test_creating_a_name_that_is_taken(table: Any) -> None:
    """CREATE without IF NOT EXISTS fails with 2002, also when the name is that of an ordinary table."""
    create(table, "CREATE EXTERNAL TABLE IF NOT EXISTS")
    table.rows("CREATE TABLE plain (a INT)")
    table.rows("CREATE EXTERNAL TABLE IF NOT EXISTS plain LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    assert ["EXT"] == [row["name"] for row in table.rows("SHOW EXTERNAL TABLES")]
    for name in ("ext", "plain"):
        refused = table.refused(f"CREATE EXTERNAL TABLE {name} LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
        assert (2002, "42710") == refused


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("CREATE EXTERNAL TABLE e LOCATION = @st FILE_FORMAT = (TYPE = AVRO)", 2),
        ("CREATE EXTERNAL TABLE e LOCATION = @st FILE_FORMAT = (TYPE = JSON SKIP_HEADER = 1)", 1006),
        ("CREATE EXTERNAL TABLE e LOCATION = @st", 1003),
        ("CREATE EXTERNAL TABLE e LOCATION = @st FILE_FORMAT = (TYPE = JSON) DIRECTORY = TRUE", 1006),
        ("CREATE EXTERNAL TABLE e LOCATION = @nowhere FILE_FORMAT = (TYPE = JSON)", 2003),
        (
            "CREATE EXTERNAL TABLE e (n INT AS (value:n)) PARTITION BY (n) LOCATION = @st FILE_FORMAT = (TYPE = JSON)",
            1420,
        ),
        ("CREATE EXTERNAL TABLE e PARTITION BY (nothing) LOCATION = @st FILE_FORMAT = (TYPE = JSON)", 1420),
        ("CREATE EXTERNAL TABLE nowhere.dev.e LOCATION = @st FILE_FORMAT = (TYPE = JSON)", 2003),
        ("DROP TABLE ext", 2203),
        ("DROP VIEW ext", 2203),
        ("DROP EXTERNAL TABLE plain", 2203),
        ("CREATE OR REPLACE TABLE ext (a INT)", 2002),
        ("CREATE OR REPLACE VIEW ext AS SELECT 1 a", 2002),
        ("INSERT INTO ext (n) VALUES (1)", 2),
        ("DELETE FROM ext", 2),
        ("TRUNCATE TABLE ext", 2),
        ("CREATE TABLE copy CLONE ext", 2),
        ("ALTER TABLE ext RENAME TO other", 2),
        ("ALTER TABLE ext DROP COLUMN hour", 1420),
        ("ALTER TABLE ext ADD COLUMN n INT AS (value:x::INT)", 2025),
    ],
)
def test_what_cannot_be_is_refused_with_a_number(table: Any, sql: str, code: int) -> None:
    """Formats that cannot be read, unknown clauses, missing stages and schemas, and other statements are refused."""
    table.rows("CREATE TABLE plain (a INT)")
    assert code == table.refused(sql)[0]


def test_a_dropped_table_is_gone_and_its_files_stay(table: Any) -> None:
    """DROP EXTERNAL TABLE [IF EXISTS]."""
    write(table, "03/a.jsonl", 1)
    refresh(table)
    table.rows("DROP EXTERNAL TABLE ext")
    assert 2003 == table.refused("SELECT * FROM ext")[0]
    assert 2003 == table.refused("DROP EXTERNAL TABLE ext")[0]
    table.rows("DROP EXTERNAL TABLE IF EXISTS ext")
    assert 1 == len(table.rows("LIST @st"))


def test_a_dropped_schema_takes_its_objects_with_it(table: Any) -> None:
    """DROP SCHEMA drops stages and external tables; the names are free in a new schema."""
    table.rows(f"DROP SCHEMA {table.schema}")
    assert table.schema not in {row["schema_name"] for row in table.rows("SHOW EXTERNAL TABLES IN ACCOUNT")}
    assert table.schema not in {row["schema_name"] for row in table.rows("SHOW STAGES IN ACCOUNT")}


def test_the_offset_of_an_event_is_kept(table: Any) -> None:
    """The table shows the time and the offset that the producer wrote."""
    table.bucket.write(f"{table.schema}/2025/08/01/03/a.jsonl", {"n": 1, "event": {"at": "2025-08-01T05:30:00+05:30"}})
    refresh(table)
    assert ["2025-08-01 05:30:00.000 +0530"] == table.values("SELECT happened::VARCHAR FROM ext")
