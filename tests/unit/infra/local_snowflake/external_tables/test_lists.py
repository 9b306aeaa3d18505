# ruff: noqa: S608 - the names in the SQL are the tests' own
"""Where external tables are listed, described, and found invalid."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def tables(client: Any) -> Any:
    """Two external tables over one stage."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/' DIRECTORY = (ENABLE = TRUE)")
    client.bucket.write(f"{client.schema}/a.jsonl", {"n": 1})
    for name in ("ta", "tb"):
        client.rows(
            f"CREATE EXTERNAL TABLE {name} (f VARCHAR AS (METADATA$FILENAME), "
            "n NUMBER(5) AS (value:n::NUMBER) NOT NULL) PARTITION BY (f) LOCATION = @st "
            "AUTO_REFRESH = FALSE PATTERN = '.*[.]jsonl' COMMENT = 'it''s' "
            "FILE_FORMAT = (TYPE = JSON STRIP_OUTER_ARRAY = TRUE)"
        )
    return client


@pytest.mark.parametrize(
    ("rest", "names"),
    [
        ("", ["TA", "TB"]),
        ("LIKE 't_'", ["TA", "TB"]),
        ("LIKE 'TA%' IN SCHEMA {schema}", ["TA"]),
        ("IN DATABASE AWS STARTS WITH 'ta'", []),
        ("STARTS WITH 'T' LIMIT 1", ["TA"]),
        ("LIMIT 5 FROM 'TA'", ["TB"]),
    ],
)
def test_show_filters_pages_and_shortens(tables: Any, rest: str, names: list[str]) -> None:
    """LIKE ignores case, STARTS WITH does not, LIMIT ... FROM begins after a name, TERSE has five columns."""
    rest = rest.format(schema=tables.schema)
    shown = tables.rows(f"SHOW EXTERNAL TABLES {rest}")
    assert names == [row["name"] for row in shown if row["schema_name"] == tables.schema]
    terse = tables.rows(f"SHOW TERSE EXTERNAL TABLES {rest}")
    assert all(["created_on", "name", "kind", "database_name", "schema_name"] == list(row) for row in terse)


def test_a_show_that_is_none_is_refused(client: Any) -> None:
    """A clause that is none with 1003, a schema or database that does not exist with 2043."""
    for rest in ("LIMIT x", "LIKE", "LIMIT -1", "FROM 'TA'", "LIMIT 1 LIMIT 2"):
        assert (1003, "42000") == client.refused(f"SHOW EXTERNAL TABLES {rest}")
    for scope in ("SCHEMA nowhere", "DATABASE nowhere", "AWS.nowhere"):
        assert (2043, "02000") == client.refused(f"SHOW EXTERNAL TABLES IN {scope}")


def test_lists_of_files_have_columns_in_capitals(tables: Any) -> None:
    """DIRECTORY and EXTERNAL_TABLE_FILES, also by SELECT *."""
    cursor = tables.connection.cursor()
    names = [column.name for column in cursor.describe("SELECT * FROM DIRECTORY(@st)")]
    assert ["RELATIVE_PATH", "SIZE", "LAST_MODIFIED", "MD5", "ETAG", "FILE_URL"] == names
    files = "TABLE(INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => 'TA'))"
    names = [column.name for column in cursor.describe(f"SELECT * FROM {files}")]
    assert ["FILE_NAME", "REGISTERED_ON", "FILE_SIZE", "LAST_MODIFIED", "ETAG", "MD5"] == names


def test_describe_has_types_of_snowflake_and_properties_of_the_stage(tables: Any) -> None:
    """DESC ... TYPE = COLUMNS is the default; TYPE = STAGE lists properties."""
    described = tables.rows("DESC EXTERNAL TABLE ta TYPE = COLUMNS")
    assert [("VALUE", "VARIANT", "Y"), ("F", "VARCHAR(16777216)", "Y"), ("N", "NUMBER(5,0)", "N")] == [
        (row["name"], row["type"], row["null?"]) for row in described
    ]
    properties = {row["property"]: row["property_value"] for row in tables.rows("DESC EXTERNAL TABLE ta TYPE = STAGE")}
    assert ("JSON", "true") == (properties["TYPE"], properties["STRIP_OUTER_ARRAY"])
    assert f'["s3://hourglass/{tables.schema}/"]' == properties["URL"]
    assert 1003 == tables.refused("DESC EXTERNAL TABLE ta TYPE = ROWS")[0]


def test_the_ddl_of_a_table_creates_it_again(tables: Any) -> None:
    """GET_DDL returns a statement that this server executes."""
    before = tables.rows("DESC EXTERNAL TABLE ta")
    (ddl,) = tables.values("SELECT GET_DDL('TABLE', 'ta')")
    tables.rows("DROP EXTERNAL TABLE ta")
    tables.rows(ddl.rstrip().removesuffix(";"))
    assert before == tables.rows("DESC EXTERNAL TABLE ta")
    assert [1] == tables.values("SELECT n FROM ta")


def test_the_statement_of_a_table_without_columns_has_no_brackets(tables: Any) -> None:
    """Empty brackets are a syntax error."""
    tables.rows("CREATE EXTERNAL TABLE plain LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    (ddl,) = tables.values("SELECT GET_DDL('TABLE', 'plain')")
    assert ddl.startswith('create or replace external table "PLAIN"\nlocation=@ST/\n')
    tables.rows(ddl)
    assert ["VALUE"] == [row["name"] for row in tables.rows("DESC EXTERNAL TABLE plain")]


def test_information_schema_has_external_tables_stages_and_file_formats(tables: Any) -> None:
    """Each of them for one database, with and without its name."""
    tables.rows("CREATE FILE FORMAT ff TYPE = CSV")
    where = f"WHERE {{}}_schema = '{tables.schema}' ORDER BY 1"
    read = tables.rows(
        "SELECT t.table_name, location, file_format_type FROM AWS.INFORMATION_SCHEMA.EXTERNAL_TABLES t "
        + where.format("t.table")
    )
    location = f"@AWS.{tables.schema}.ST/"
    assert [("TA", location, "JSON"), ("TB", location, "JSON")] == [tuple(row.values()) for row in read]
    assert ["ST"] == tables.values(f"SELECT stage_name FROM information_schema.stages {where.format('stage')}")
    assert ["FF"] == tables.values(
        f"SELECT file_format_name FROM INFORMATION_SCHEMA.FILE_FORMATS {where.format('file_format')}"
    )


def test_a_registration_history_is_not_kept(tables: Any) -> None:
    """The table functions of registrations are refused as unsupported."""
    for function in ("EXTERNAL_TABLE_FILE_REGISTRATION_HISTORY", "AUTO_REFRESH_REGISTRATION_HISTORY"):
        sql = f"SELECT * FROM TABLE(INFORMATION_SCHEMA.{function}(TABLE_NAME => 'TA'))"
        assert (2, "0A000") == tables.refused(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM over_metadata",
        "WITH c AS (SELECT * FROM over_view) SELECT * FROM c",
        "SELECT (SELECT MAX(n) FROM over_view) AS m",
        "CREATE TABLE copied AS SELECT * FROM plain, over_view",
        "INSERT INTO plain SELECT n FROM ta",
        "ALTER EXTERNAL TABLE ta REFRESH",
    ],
)
def test_an_invalid_table_is_refused_wherever_a_statement_reads_it(tables: Any, sql: str) -> None:
    """91093 through views, common table expressions, subqueries and CREATE TABLE AS; other tables are read."""
    tables.rows("CREATE TABLE plain (n INT)")
    tables.rows("CREATE VIEW over_metadata AS SELECT METADATA$FILENAME AS f, n FROM ta")
    tables.rows("CREATE VIEW over_view AS SELECT o.n FROM over_metadata o")
    tables.rows(f"CREATE OR REPLACE STAGE st URL = 's3://hourglass/{tables.schema}/'")
    assert (91093, "55000") == tables.refused(sql)
    assert [] == tables.rows("SELECT * FROM plain")


def test_a_character_that_there_is_none_of_is_kept(client: Any) -> None:
    """NONE is a value of an option, in the catalog and in GET_DDL."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    client.bucket.file(f"{client.schema}/a.csv").parent.mkdir(parents=True, exist_ok=True)
    client.bucket.file(f"{client.schema}/a.csv").write_bytes(b"a,b\nc\n")
    client.rows(
        "CREATE EXTERNAL TABLE e (line VARCHAR AS (value:c1::VARCHAR)) LOCATION = @st "
        "FILE_FORMAT = (TYPE = CSV FIELD_DELIMITER = NONE ESCAPE = 'none' NULL_IF = ())"
    )
    for _ in range(2):
        assert ["a,b", "c"] == client.values("SELECT line FROM e ORDER BY 1")
        (ddl,) = client.values("SELECT GET_DDL('TABLE', 'e')")
        assert "file_format=(TYPE='CSV' FIELD_DELIMITER=NONE ESCAPE=NONE NULL_IF=())" in ddl
        client.rows(ddl.rstrip(";"))
