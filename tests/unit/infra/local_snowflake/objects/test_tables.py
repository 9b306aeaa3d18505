# ruff: noqa: S608 - the names in the SQL are the tests' own
"""Rules of Snowflake for CLONE and CREATE OR ALTER TABLE."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_clone_is_a_table_of_its_own(client: Any) -> None:
    """Rows, columns, defaults and comments are copied; later rows are not."""
    client.rows("CREATE TABLE a (x INT NOT NULL, y VARCHAR(5) DEFAULT 'q' COMMENT 'c') COMMENT = 't'")
    client.rows("INSERT INTO a (x) VALUES (1)")
    client.rows("CREATE TABLE b CLONE a")
    client.rows("INSERT INTO b (x) VALUES (2)")
    assert ([1], [2]) == (client.values("SELECT COUNT(*) FROM a"), client.values("SELECT COUNT(*) FROM b"))
    assert client.rows("DESC TABLE a") == client.rows("DESC TABLE b")
    assert ["t", "t"] == [row["comment"] for row in client.rows("SHOW TABLES")]
    assert 2002 == client.refused("CREATE TABLE b CLONE a")[0]
    client.rows("CREATE OR REPLACE TABLE b CLONE a")
    assert [1] == client.values("SELECT COUNT(*) FROM b")


def test_a_clone_keeps_keys_lengths_and_properties(client: Any) -> None:
    """It is not reclustered by itself."""
    client.rows("CREATE TABLE a (x INT, y VARCHAR(2), CONSTRAINT k PRIMARY KEY (x)) CLUSTER BY (x)")
    client.rows("CREATE TABLE b CLONE a")
    assert ["K"] == [row["constraint_name"] for row in client.rows("SHOW PRIMARY KEYS IN TABLE b")]
    assert 100078 == client.refused("INSERT INTO b VALUES (1, 'abc')")[0]
    (row,) = client.rows("SHOW TABLES LIKE 'b'")
    assert ("LINEAR(X)", "OFF") == (row["cluster_by"], row["automatic_clustering"])


def test_create_or_alter_stores_clauses_and_ignores_none(client: Any) -> None:
    """A property that is left out gets its default."""
    client.rows("CREATE OR ALTER TABLE a (x INT) CLUSTER BY (x) DATA_RETENTION_TIME_IN_DAYS = 3")
    assert [("LINEAR(X)", "3")] == [(row["cluster_by"], row["retention_time"]) for row in client.rows("SHOW TABLES")]
    assert 2 == client.refused("CREATE OR ALTER TABLE a (x INT) DEFAULT_DDL_COLLATION = 'fr'")[0]
    assert 2 == client.refused("CREATE OR ALTER TABLE a (x INT, CHECK (x > 0))")[0]
    client.rows("CREATE OR ALTER TABLE a (x INT)")
    assert [("", "1")] == [(row["cluster_by"], row["retention_time"]) for row in client.rows("SHOW TABLES")]


def test_a_schema_is_cloned_with_its_tables(client: Any) -> None:
    """One with views is refused before anything is created."""
    client.rows("CREATE TABLE a AS SELECT 1 AS x")
    other = f"{client.schema}_CLONE"
    client.rows(f"CREATE SCHEMA {other} CLONE {client.schema}")
    assert [1] == client.values(f"SELECT x FROM {other}.a")
    client.rows(f"DROP SCHEMA {other}")
    client.rows(f"CREATE VIEW {client.schema}.v AS SELECT 1 AS x")
    assert 2 == client.refused(f"CREATE SCHEMA {other} CLONE {client.schema}")[0]
    assert [] == client.rows(f"SHOW SCHEMAS LIKE '{other}'")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("CREATE TABLE b CLONE ext", 2),
        ("CREATE TABLE b CLONE a AT (OFFSET => -60)", 2),
        ("CREATE TABLE b CLONE no_such_table", 2003),
        ("CREATE DATABASE b CLONE no_such_database", 2003),
        ("CREATE SCHEMA b CLONE no_such_schema", 2003),
    ],
)
def test_what_cannot_be_cloned_is_refused(client: Any, sql: str, code: int) -> None:
    """An external table, the past, what does not exist."""
    client.rows("CREATE TABLE a (x INT)")
    client.rows("CREATE STAGE st URL = 's3://hourglass/none/'")
    client.rows("CREATE EXTERNAL TABLE ext LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    assert code == client.refused(sql)[0]
    assert [] == client.rows("SHOW TABLES LIKE 'b'")


def test_create_or_alter_keeps_the_rows(client: Any) -> None:
    """Columns are added with their default, dropped and changed; a new table is created."""
    client.rows("CREATE OR ALTER TABLE a (x INT, y VARCHAR)")
    client.rows("INSERT INTO a VALUES (1, 'y')")
    client.rows("CREATE OR ALTER TABLE a (x INT NOT NULL, z NUMBER(5, 1) DEFAULT 1.5 COMMENT 'z') COMMENT = 'a'")
    assert [{"x": 1, "z": 1.5}] == [{**row, "z": float(row["z"])} for row in client.rows("SELECT * FROM a")]
    assert [("X", "N", None), ("Z", "Y", "z")] == [
        (row["name"], row["null?"], row["comment"]) for row in client.rows("DESC TABLE a")
    ]
    assert 2 == client.refused("CREATE OR ALTER TABLE a (z NUMBER(5, 1), x INT)")[0]
    assert [1] == client.values("SELECT x FROM a")
