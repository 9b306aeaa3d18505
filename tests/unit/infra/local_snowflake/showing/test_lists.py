# ruff: noqa: S608 - the names in the SQL are the tests' own
"""Rules of Snowflake for SHOW, DESCRIBE and INFORMATION_SCHEMA."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local_snowflake.showing import relations
from tests.fakes.local_snowflake import NOW


@pytest.fixture
def listed(client: Any) -> Any:
    client.rows("CREATE TABLE a1 (x INT PRIMARY KEY, y VARCHAR(20) NOT NULL DEFAULT 'q' COMMENT 'c')")
    client.rows("CREATE TRANSIENT TABLE a2 (x INT) COMMENT = 'it''s'")
    client.rows("CREATE TABLE b1 (x INT)")
    client.rows("CREATE VIEW v AS SELECT x FROM a1")
    client.rows("CREATE STAGE st URL = 's3://hourglass/none/'")
    client.rows("CREATE EXTERNAL TABLE ext LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    return client


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def test_show_chooses_names(listed: Any) -> None:
    """LIKE ignores case, STARTS WITH does not; LIMIT FROM continues after the first name that begins so."""
    schema = f"IN SCHEMA AWS.{listed.schema}"
    assert ["A1", "A2"] == names(listed.rows(f"SHOW TABLES LIKE 'a%' {schema}"))
    assert [] == names(listed.rows(f"SHOW TABLES {schema} STARTS WITH 'a'"))
    assert ["A2"] == names(listed.rows(f"SHOW TABLES {schema} STARTS WITH 'A' LIMIT 10 FROM 'A1'"))
    assert ["A2", "B1"] == names(listed.rows(f"SHOW TABLES {schema} LIMIT 2 FROM 'A'"))
    assert [listed.schema] == names(listed.rows(f"SHOW TERSE SCHEMAS LIKE '{listed.schema}' IN DATABASE aws LIMIT 1"))
    assert ["AWS"] == names(listed.rows("SHOW DATABASES LIKE 'aws'"))
    assert (2043, "02000") == listed.refused("SHOW TABLES IN SCHEMA no_such_schema")


def test_the_rows_of_many_tables_are_counted(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are counted in groups; a view and an external table have no number of rows."""
    monkeypatch.setattr(relations, "_COUNTED_AT_ONCE", 2)
    listed.rows("INSERT INTO a1 (x) VALUES (1), (2)")
    listed.rows("INSERT INTO b1 VALUES (3)")
    shown = {row["name"]: row["rows"] for row in listed.rows(f"SHOW OBJECTS IN SCHEMA AWS.{listed.schema}")}
    assert {"A1": 2, "A2": 0, "B1": 1, "EXT": None, "V": None} == shown


def test_each_kind_of_relation_is_in_its_lists(listed: Any) -> None:
    """A table that is external is a table, and no view."""
    tables = {row["name"]: (row["kind"], row["is_external"], row["rows"]) for row in listed.rows("SHOW TABLES")}
    assert {
        "A1": ("TABLE", "N", 0),
        "A2": ("TRANSIENT", "N", 0),
        "B1": ("TABLE", "N", 0),
        "EXT": ("TABLE", "Y", None),
    } == tables
    assert ["V"] == names(listed.rows("SHOW VIEWS"))
    kinds = {row["name"]: row["kind"] for row in listed.rows("SHOW OBJECTS")}
    assert {"A1": "TABLE", "A2": "TABLE", "B1": "TABLE", "EXT": "EXTERNAL TABLE", "V": "VIEW"} == kinds
    types = listed.rows(
        f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = '{listed.schema}'"
    )
    assert {"BASE TABLE", "EXTERNAL TABLE", "VIEW"} == {row["table_type"] for row in types}


def test_terse_lists_have_five_columns(listed: Any) -> None:
    """created_on, name, kind, database_name, schema_name."""
    for kind in ("TABLES", "VIEWS", "OBJECTS", "SCHEMAS", "DATABASES"):
        assert ["created_on", "name", "kind", "database_name", "schema_name"] == list(
            listed.rows(f"SHOW TERSE {kind} LIMIT 1")[0]
        )


def test_times_and_rows_are_true(listed: Any) -> None:
    """created_on is the time of CREATE; ROW_COUNT follows DELETE; a write sets LAST_ALTERED."""
    listed.rows("INSERT INTO b1 VALUES (1), (2), (3)")
    listed.rows("DELETE FROM b1 WHERE x = 1")
    (row,) = listed.rows(
        "SELECT row_count, created, last_altered FROM aws.information_schema.tables AS t "
        f"WHERE t.table_name = 'B1' AND table_schema = '{listed.schema}'"
    )
    assert {"row_count": 2, "created": NOW, "last_altered": NOW} == row


def test_columns_are_described(listed: Any) -> None:
    """Type with its length, default, keys and comment; a rename keeps them."""
    listed.rows("ALTER TABLE a1 RENAME COLUMN y TO z")
    listed.rows("ALTER TABLE a1 RENAME TO a9")
    x, z = listed.rows("DESC TABLE a9")
    assert ("X", "NUMBER(38,0)", "N", "Y", None) == (x["name"], x["type"], x["null?"], x["primary key"], x["comment"])
    assert ("Z", "VARCHAR(20)", "N", "'q'", "c") == (z["name"], z["type"], z["null?"], z["default"], z["comment"])
    shown = listed.rows("SHOW COLUMNS LIKE 'z' IN TABLE a9")
    assert [('{"type":"TEXT","length":20,"byteLength":80,"nullable":false,"fixed":false}', "c")] == [
        (row["data_type"], row["comment"]) for row in shown
    ]
    assert [20] == listed.values(
        "SELECT character_maximum_length FROM information_schema.columns WHERE column_name = 'Z'"
    )
    assert [("A9", "X", 1)] == [
        (row["table_name"], row["column_name"], row["key_sequence"]) for row in listed.rows("SHOW PRIMARY KEYS")
    ]
    assert (2003, "42S02") == listed.refused("DESC TABLE a1")


def test_a_temporary_table_has_its_own_name(client: Any) -> None:
    """It is listed in its session alone, under its name, and its statements name it."""
    assert ["Table TT successfully created."] == client.values("CREATE TEMPORARY TABLE tt (a INT)")
    assert [("TT", "TEMPORARY")] == [(row["name"], row["kind"]) for row in client.rows("SHOW TABLES")]
    assert [] == client.another().rows("SHOW TABLES")
    assert ["TT successfully dropped."] == client.values("DROP TABLE tt")


def test_if_exists_says_what_was_done(client: Any) -> None:
    """IF NOT EXISTS keeps the table; IF EXISTS succeeds without one."""
    client.rows("CREATE TABLE t (a INT)")
    assert ["T already exists, statement succeeded."] == client.values("CREATE TABLE IF NOT EXISTS t (b INT)")
    assert ["Drop statement executed successfully (U already dropped)."] == client.values("DROP TABLE IF EXISTS u")
    assert ["A"] == names(client.rows("DESC TABLE t"))


@pytest.mark.parametrize("sql", ["SHOW TASKS", "SHOW ALERTS", "SHOW ROW ACCESS POLICIES", "SHOW TABLES HISTORY"])
def test_lists_of_missing_kinds_are_unsupported(client: Any, sql: str) -> None:
    """000002, and no empty list."""
    assert (2, "0A000") == client.refused(sql)
    assert (2003, "42S02") == client.refused("SELECT * FROM information_schema.applicable_nonsense")


def test_a_new_database_has_the_schema_public(client: Any) -> None:
    """PUBLIC is created with the database, and is the session's schema."""
    session = client.another()
    session.rows("CREATE DATABASE fresh")
    assert [("FRESH", "PUBLIC")] == [
        tuple(row.values()) for row in session.rows("SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()")
    ]
    session.rows("DROP DATABASE fresh")
