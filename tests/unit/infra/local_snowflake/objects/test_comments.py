"""Rules of Snowflake for comments."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local_snowflake.language.parsing.comments import without_comments

NASTY = "x'); DROP TABLE victim; -- \" \\ $ 'x"


@pytest.mark.parametrize(
    "sql",
    [
        f"COMMENT ON TABLE t IS $${NASTY}$$",
        f"COMMENT IF EXISTS ON TABLE t IS $${NASTY}$$",
        f"ALTER TABLE t SET COMMENT = $${NASTY}$$",
        f"CREATE OR REPLACE TABLE t (a INT, b INT) COMMENT = $${NASTY}$$",
    ],
)
def test_a_comment_is_text(client: Any, sql: str) -> None:
    """Quotes, dashes and semicolons of a comment are kept, shown and never executed."""
    client.rows("CREATE TABLE victim (a INT)")
    client.rows("CREATE TABLE t (a INT, b INT)")
    client.rows(sql)
    assert [NASTY] == [row["comment"] for row in client.rows("SHOW TABLES LIKE 't'")]
    assert [NASTY] == client.values(
        "SELECT comment FROM information_schema.tables WHERE table_name = 'T' AND table_schema = CURRENT_SCHEMA()"
    )
    assert [0] == client.values("SELECT COUNT(*) FROM victim")
    client.rows("ALTER TABLE t UNSET COMMENT")
    assert [""] == [row["comment"] for row in client.rows("SHOW TABLES LIKE 't'")]


def test_columns_have_comments(client: Any) -> None:
    """In CREATE, in ADD COLUMN, in ALTER of several columns as dbt sends it, in COMMENT ON COLUMN; on views, too."""
    client.rows("CREATE TABLE t (a NUMBER(10, 2) COMMENT 'it''s a', b INT DEFAULT 1 COMMENT $$b$$)")
    client.rows("ALTER TABLE t ADD COLUMN c INT COMMENT 'c'")
    assert ["it's a", "b", "c"] == [row["comment"] for row in client.rows("DESC TABLE t")]
    client.rows('alter table t alter "A" COMMENT $$it\'s new$$, "B" COMMENT $$b2$$')
    client.rows("COMMENT ON COLUMN t.c IS ''")
    assert ["it's new", "b2", None] == [row["comment"] for row in client.rows("DESC TABLE t")]
    client.rows("CREATE VIEW v (x COMMENT 'cx', y) COMMENT = 'view' AS SELECT a, b FROM t WHERE b = 'COMMENT = ''x'''")
    client.rows("ALTER VIEW v ALTER COLUMN y COMMENT 'cy'")
    assert ["cx", "cy"] == [row["comment"] for row in client.rows("DESC VIEW v")]
    assert ["view"] == [row["comment"] for row in client.rows("SHOW VIEWS")]


def test_a_comment_needs_its_object(client: Any) -> None:
    """2003 for a missing table, 904 for a missing column."""
    client.rows("CREATE TABLE t (a INT)")
    assert 2003 == client.refused("COMMENT ON TABLE u IS 'x'")[0]
    assert 2003 == client.refused("COMMENT ON SCHEMA no_such_schema IS 'x'")[0]
    assert (904, "42000") == client.refused("COMMENT ON COLUMN t.b IS 'x'")


def test_schemas_and_databases_have_comments(client: Any) -> None:
    """COMMENT ON, ALTER ... SET COMMENT and COMMENT = in CREATE."""
    client.rows(f"ALTER SCHEMA {client.schema} SET COMMENT = 'it''s'")
    assert ["it's"] == [row["comment"] for row in client.rows(f"SHOW SCHEMAS LIKE '{client.schema}'")]
    client.rows("COMMENT ON DATABASE aws IS 'db'")
    assert ["db"] == [row["comment"] for row in client.rows("SHOW DATABASES LIKE 'AWS'")]


@pytest.mark.parametrize(
    ("sql", "without", "own", "columns"),
    [
        ("CREATE TABLE t (a INT) CLUSTER BY (a) COMMENT='x'", "CREATE TABLE t (a INT) CLUSTER BY (a) ", "x", {}),
        ("CREATE TABLE comment (comment VARCHAR COMMENT 'c')", "CREATE TABLE comment (comment VARCHAR )", None,
         {"COMMENT": "c"}),
        ("CREATE TABLE t AS SELECT 1 comment, 'x' c", "CREATE TABLE t AS SELECT 1 comment, 'x' c", None, {}),
        ("ALTER TABLE t ADD a INT COMMENT 'x', b INT", "ALTER TABLE t ADD a INT , b INT", None, {"A": "x"}),
    ],
)  # fmt: skip
def test_comments_are_cut_out(sql: str, without: str, own: str | None, columns: dict[str, str]) -> None:
    """A column or table may be called comment; a query stays as it is."""
    rest, comments = without_comments(sql)
    assert (without, own, columns) == (rest, comments.own, comments.columns)
