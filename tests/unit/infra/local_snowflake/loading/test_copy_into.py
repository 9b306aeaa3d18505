"""COPY INTO a table, as the documentation describes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pandas as pd  # type: ignore[import-untyped] # it ships no types
import pytest
from snowflake.connector.pandas_tools import write_pandas

from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.loading.copy_into.history import FileOutcome, LoadHistory
from tests.fakes.local_snowflake import NOW

BAD = '{"n":1}\nnot json\n{"n":3}\n{"n":4}\n'


@pytest.fixture
def lake(client: Any) -> Any:
    """A client with a stage `st`, a file of two records and a table `raw` with one VARIANT."""
    client.bucket.write(f"{client.schema}/in/a.jsonl", {"n": 1}, {"n": 2})
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/' FILE_FORMAT = (TYPE = JSON)")
    client.rows("CREATE TABLE raw (v VARIANT)")
    return client


def loaded(client: Any) -> list[int]:
    found: list[int] = client.values("SELECT v:n::int FROM raw ORDER BY 1")
    return found


def statuses(rows: list[dict[str, Any]]) -> list[tuple[str, str, int, int, int]]:
    columns = ("status", "rows_parsed", "rows_loaded", "errors_seen")
    return [(row["file"].rpartition("/")[2], *(row[name] for name in columns)) for row in rows]


def test_a_file_is_loaded_once_until_it_changes(lake: Any) -> None:
    assert [("a.jsonl", "LOADED", 2, 2, 0)] == statuses(lake.rows("COPY INTO raw FROM @st/in/"))
    assert [{"status": "Copy executed with 0 files processed."}] == lake.rows("COPY INTO raw FROM @st/in/")
    lake.bucket.write(f"{lake.schema}/in/a.jsonl", {"n": 7})
    lake.rows("COPY INTO raw FROM @st/in/")
    assert [1, 2, 7] == loaded(lake)


def test_force_loads_a_file_again(lake: Any) -> None:
    lake.rows("COPY INTO raw FROM @st/in/")
    lake.rows("COPY INTO raw FROM @st/in/ FORCE = TRUE")
    assert [1, 1, 2, 2] == loaded(lake)


@pytest.mark.parametrize("sql", ["TRUNCATE TABLE raw", "CREATE OR REPLACE TABLE raw (v VARIANT)"])
def test_a_truncated_or_replaced_table_has_no_history(lake: Any, sql: str) -> None:
    lake.rows("COPY INTO raw FROM @st/in/")
    lake.rows(sql)
    lake.rows("COPY INTO raw FROM @st/in/")
    assert [1, 2] == loaded(lake)


def test_a_renamed_table_keeps_its_history(lake: Any) -> None:
    lake.rows("COPY INTO raw FROM @st/in/")
    lake.rows("ALTER TABLE raw RENAME TO other")
    assert "0 files" in lake.values("COPY INTO other FROM @st/in/")[0]


def test_a_transformation_selects_and_casts(lake: Any) -> None:
    lake.rows("CREATE TABLE t (a INT, f VARCHAR, l INT, d VARCHAR DEFAULT 'x')")
    lake.rows(
        "COPY INTO t (l, a, f) FROM (SELECT s.METADATA$FILE_ROW_NUMBER, s.$1:n::int * 10, METADATA$FILENAME FROM @st/in/ s)"  # noqa: E501
    )
    rows = lake.rows("SELECT * FROM t ORDER BY a")
    assert [(10, f"{lake.schema}/in/a.jsonl", 1), (20, f"{lake.schema}/in/a.jsonl", 2)] == [
        (row["a"], row["f"], row["l"]) for row in rows
    ]


@pytest.mark.parametrize("rest", ["WHERE $1:n = 1", "LIMIT 1", "GROUP BY 1", "JOIN raw", "ORDER BY 1"])
def test_a_transformation_has_no_other_clauses(lake: Any, rest: str) -> None:
    assert (1003, "42000") == lake.refused(f"COPY INTO raw FROM (SELECT $1 FROM @st/in/ {rest})")  # noqa: S608 - values of the test


def test_pattern_and_files_choose_files(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/in/b.jsonl", {"n": 5})
    lake.rows("COPY INTO raw FROM @st PATTERN = '.*/b[.]jsonl'")
    assert [5] == loaded(lake)
    lake.rows("COPY INTO raw FROM @st/in FILES = ('a.jsonl')")
    assert [1, 2, 5] == loaded(lake)
    assert (91016, "22000") == lake.refused("COPY INTO raw FROM @st FILES = ('missing.jsonl')")


@pytest.mark.parametrize(
    ("option", "row", "rows"),
    [
        ("CONTINUE", ("bad.jsonl", "PARTIALLY_LOADED", 4, 3, 1), [1, 3, 4]),
        ("SKIP_FILE", ("bad.jsonl", "LOAD_FAILED", 4, 0, 1), []),
        ("SKIP_FILE_2", ("bad.jsonl", "PARTIALLY_LOADED", 4, 3, 1), [1, 3, 4]),
        ("'SKIP_FILE_25%'", ("bad.jsonl", "PARTIALLY_LOADED", 4, 3, 1), [1, 3, 4]),
        ("SKIP_FILE_24%", ("bad.jsonl", "LOAD_FAILED", 4, 0, 1), []),
    ],
)
def test_on_error(lake: Any, option: str, row: tuple[Any, ...], rows: list[int]) -> None:
    lake.bucket.write(f"{lake.schema}/bad.jsonl", BAD)
    found = lake.rows(f"COPY INTO raw FROM @st/bad.jsonl ON_ERROR = {option}")
    assert [row] == statuses(found)
    assert "Error parsing JSON: expecting value" == found[0]["first_error"]
    assert 2 == found[0]["first_error_line"]
    assert rows == loaded(lake)


def test_every_bad_value_of_a_file_is_counted(lake: Any) -> None:
    text = "".join(f"{number},{'x' if number % 3 else number}\n" for number in range(600))
    (row,) = csv(lake, text, "id INT, n INT", copying="ON_ERROR = CONTINUE")
    assert (600, 200, 400) == (row["rows_parsed"], row["rows_loaded"], row["errors_seen"])
    assert [200] == lake.values("SELECT COUNT(*) FROM t WHERE n = id")


def test_by_default_an_error_loads_no_file_of_the_statement(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/in/bad.jsonl", BAD)
    assert (100069, "22P02") == lake.refused("COPY INTO raw FROM @st/in/")
    assert [] == loaded(lake)
    lake.rows("COPY INTO raw FROM @st/in/a.jsonl")
    assert [1, 2] == loaded(lake)


def test_rows_and_history_commit_together(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends the server between the two leaves neither."""

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(LoadHistory, "add", fail)
        assert 261000 == lake.refused("COPY INTO raw FROM @st/in/")[0]
    assert [] == loaded(lake)
    lake.rows("COPY INTO raw FROM @st/in/")
    assert [1, 2] == loaded(lake)


def test_a_failed_file_is_tried_again_and_a_partial_one_is_not(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/bad.jsonl", BAD)
    lake.rows("COPY INTO raw FROM @st/bad.jsonl ON_ERROR = SKIP_FILE")
    lake.rows("COPY INTO raw FROM @st/bad.jsonl ON_ERROR = CONTINUE")
    assert "0 files" in lake.values("COPY INTO raw FROM @st/bad.jsonl ON_ERROR = CONTINUE")[0]
    assert [1, 3, 4] == loaded(lake)


def csv(client: Any, text: str, columns: str, options: str = "", copying: str = "") -> list[dict[str, Any]]:
    client.bucket.write(f"{client.schema}/t.csv", text)
    client.rows(f"CREATE TABLE t ({columns})")
    rows: list[dict[str, Any]] = client.rows(
        f"COPY INTO t FROM @st/t.csv FILE_FORMAT = (TYPE = CSV {options}) {copying}"
    )
    return rows


def test_csv_values_become_the_types_of_the_columns(lake: Any) -> None:
    text = "1,2025-08-01,1.5,true,2025-08-01 03:04:05\n2,,,,\n"
    csv(lake, text, "a INT, d DATE, n NUMBER(5, 1), b BOOLEAN, t TIMESTAMP_NTZ")
    first, second = lake.rows("SELECT a, TO_VARCHAR(d) day, TO_VARCHAR(n) number, b, HOUR(t) h FROM t ORDER BY a")
    assert {"a": 1, "day": "2025-08-01", "number": "1.5", "b": True, "h": 3} == first
    assert {"a": 2, "day": None, "number": None, "b": None, "h": None} == second


@pytest.mark.parametrize(
    ("text", "columns", "code", "sqlstate"),
    [
        ("x\n", "a INT", 100038, "22018"),
        ("x\n", "a DATE", 100040, "22007"),
        ("x\n", "a TIMESTAMP_NTZ", 100035, "22007"),
        ("maybe\n", "a BOOLEAN", 100037, "22018"),
        ("abcd\n", "a VARCHAR(3)", 100078, "22000"),
        ("1,\n", "a INT, b INT NOT NULL", 100072, "22000"),
        ("1,2\n", "a INT", 100080, "22000"),
    ],
)
def test_a_value_of_another_type_has_its_own_code(lake: Any, text: str, columns: str, code: int, sqlstate: str) -> None:
    lake.bucket.write(f"{lake.schema}/t.csv", text)
    lake.rows(f"CREATE TABLE t ({columns})")
    assert (code, sqlstate) == lake.refused("COPY INTO t FROM @st/t.csv FILE_FORMAT = (TYPE = CSV)")


def test_the_error_of_a_value_names_its_column_and_line(lake: Any) -> None:
    (row,) = csv(lake, "id,n\n1,2\n3,x\n", "id INT, n INT", "SKIP_HEADER = 1", "ON_ERROR = CONTINUE")
    assert ("Numeric value 'x' is not recognized", 3, '"T"["N"]') == (
        row["first_error"],
        row["first_error_line"],
        row["first_error_column_name"],
    )


def test_truncatecolumns_cuts_texts(lake: Any) -> None:
    csv(lake, "abcd\n", "a VARCHAR(3)", copying="TRUNCATECOLUMNS = TRUE")
    assert ["abc"] == lake.values("SELECT a FROM t")


def test_formats_of_dates_and_binary_values(lake: Any) -> None:
    csv(
        lake,
        "01/08/2025|QQ==\n",
        "d DATE, b BINARY",
        "FIELD_DELIMITER = '|' DATE_FORMAT = 'DD/MM/YYYY' BINARY_FORMAT = BASE64",
    )
    assert {"day": "2025-08-01", "b": bytearray(b"A")} == lake.rows("SELECT TO_VARCHAR(d) day, b FROM t")[0]


def test_columns_are_matched_by_name_with_metadata(lake: Any) -> None:
    lake.rows("CREATE TABLE t (f VARCHAR, other INT, n INT)")
    lake.rows(
        "COPY INTO t FROM @st/in/ MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE INCLUDE_METADATA = (f = METADATA$FILENAME)"
    )
    assert [(f"{lake.schema}/in/a.jsonl", None, 1)] == [
        (row["f"], row["other"], row["n"]) for row in lake.rows("SELECT * FROM t WHERE n = 1")
    ]


def test_csv_columns_are_matched_by_the_header(lake: Any) -> None:
    csv(lake, "b,a\n2,1\n", "a INT, b INT", "PARSE_HEADER = TRUE", "MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE")
    assert [{"a": 1, "b": 2}] == lake.rows("SELECT * FROM t")


def test_documents_need_one_variant_column(lake: Any) -> None:
    lake.rows("CREATE TABLE t (a INT, b INT)")
    assert (2019, "0A000") == lake.refused("COPY INTO t FROM @st/in/")


def test_validation_mode_loads_nothing(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/bad.jsonl", BAD)
    (row,) = lake.rows("COPY INTO raw FROM @st/bad.jsonl VALIDATION_MODE = RETURN_ERRORS")
    assert (100069, 2, 2) == (row["code"], row["line"], row["row_number"])
    assert ['{"n": 1}'] == lake.values("COPY INTO raw FROM @st/in/ VALIDATION_MODE = RETURN_1_ROWS")
    assert [] == loaded(lake)


def test_purge_deletes_loaded_files(lake: Any) -> None:
    lake.rows("COPY INTO raw FROM @st/in/ PURGE = TRUE")
    assert [] == lake.rows("LIST @st/in/")


def test_size_limit_stops_after_the_file_that_reaches_it(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/in/b.jsonl", {"n": 5})
    assert ["a.jsonl"] == [row[0] for row in statuses(lake.rows("COPY INTO raw FROM @st/in/ SIZE_LIMIT = 1"))]


def test_return_failed_only_hides_loaded_files(lake: Any) -> None:
    lake.bucket.write(f"{lake.schema}/in/bad.jsonl", BAD)
    rows = lake.rows("COPY INTO raw FROM @st/in/ ON_ERROR = CONTINUE RETURN_FAILED_ONLY = TRUE")
    assert ["bad.jsonl"] == [row[0] for row in statuses(rows)]


def test_an_url_is_loaded_through_an_integration(lake: Any) -> None:
    source = f"'s3://hourglass/{lake.schema}/in/' STORAGE_INTEGRATION = aws_integration FILE_FORMAT = (TYPE = JSON)"
    lake.rows(f"COPY INTO raw FROM {source}")
    assert [1, 2] == loaded(lake)


def test_the_history_lists_loaded_files(lake: Any) -> None:
    lake.rows("COPY INTO raw FROM @st/in/")
    start = "START_TIME => DATEADD(hours, -1, CURRENT_TIMESTAMP())"
    (row,) = lake.rows(f"SELECT * FROM TABLE(INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => 'RAW', {start}))")  # noqa: S608 - values of the test
    assert ("in/a.jsonl", 2, "Loaded", "RAW") == (row["file_name"], row["row_count"], row["status"], row["table_name"])
    schema = lake.schema
    rows = lake.rows(f"SELECT * FROM information_schema.load_history WHERE schema_name = '{schema}'")  # noqa: S608 - values of the test
    assert [("LOADED", 2)] == [(row["status"], row["row_parsed"]) for row in rows]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("COPY INTO missing FROM @st", 2003),
        ("COPY INTO raw FROM @missing", 2003),
        ("COPY INTO raw (nope) FROM @st", 904),
        ("COPY INTO raw (v, v) FROM @st", 2025),
        ("COPY INTO raw FROM (SELECT DISTINCT $1 FROM @st/in/)", 2),
        ("COPY INTO raw FROM (SELECT COUNT(*) FROM @st/in/)", 1003),
        ("COPY INTO raw FROM (SELECT FLATTEN($1) FROM @st/in/)", 1003),
        ("COPY INTO raw FROM @st ON_ERROR = IGNORE", 1008),
        ("COPY INTO raw FROM @st NO_SUCH = 1", 1006),
        ("COPY INTO raw FROM @st FILE_FORMAT = (TYPE = AVRO)", 2),
        ("COPY INTO raw FROM (SELECT $1, $1 FROM @st/in/)", 2020),
        ("COPY INTO raw FROM @st INCLUDE_METADATA = (v = METADATA$FILENAME)", 1420),
        ("COPY INTO raw FROM @st VALIDATION_MODE = RETURN_NOTHING", 1008),
        ("COPY INTO raw FROM 's3://hourglass/' STORAGE_INTEGRATION = missing", 2003),
        ("COPY INTO raw FROM 'gcs://hourglass/'", 2),
    ],
)
def test_what_cannot_be_loaded_is_refused(lake: Any, sql: str, code: int) -> None:
    assert code == lake.refused(sql)[0]


@pytest.fixture
def history() -> Iterator[LoadHistory]:
    """The history of a table of a database of its own."""
    import duckdb  # noqa: PLC0415 - this fixture alone needs it

    with closing(duckdb.connect()) as connection:
        connection.execute("ATTACH ':memory:' AS D; CREATE SCHEMA D._fs_information_schema")
        found = LoadHistory(connection, ObjectName("D", "S", "T"))
        found.ensure()
        yield found


def test_after_64_days_the_status_of_an_old_file_is_unknown(history: LoadHistory) -> None:
    stored = StoredObject("k", 1, "e", NOW)
    history.add([FileOutcome("b/k", "k", "k", stored, "LOADED", 1, 1, 1, 0, None, None)], "@s", NOW)
    later = NOW + timedelta(days=64, seconds=1)
    changed = StoredObject("k", 1, "other", NOW)
    fresh = StoredObject("k2", 1, "e", later)
    assert [] == history.wanted("b", [stored], NOW + timedelta(days=63), uncertain=False)
    assert [changed] == history.wanted("b", [changed], NOW + timedelta(days=63), uncertain=False)
    assert [fresh] == history.wanted("b", [stored, fresh], later, uncertain=False)
    assert [stored] == history.wanted("b", [stored], later, uncertain=True)


@pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype is deprecated")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"auto_create_table": True},
        {"overwrite": True},
        {"auto_create_table": True, "overwrite": True},
        {"quote_identifiers": False},
        {"auto_create_table": True, "table_type": "temp"},
        {"chunk_size": 2},
    ],
)
def test_write_pandas(client: Any, options: dict[str, Any]) -> None:
    frame = pd.DataFrame({"ID": [1, 2, 3], "NAME": ["a", None, "it's"]})
    if "auto_create_table" not in options:
        client.rows("CREATE TABLE frame (id INT, name VARCHAR)")
    success, _, rows, _ = write_pandas(client.connection, frame, "FRAME", **options)
    assert (success, rows) == (True, 3)
    assert ["a", None, "it's"] == client.values("SELECT name FROM frame ORDER BY id")
