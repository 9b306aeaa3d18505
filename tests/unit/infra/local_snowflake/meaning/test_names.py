"""The case of names: a quoted name is another one than the name in upper case."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def abc(client: Any) -> Any:
    """A session with a table ABC of one row and a table of quoted names."""
    client.rows("CREATE TABLE abc AS SELECT 1 a")
    client.rows('CREATE TABLE "Mixed" AS SELECT 2 AS "Col", 3 AS other')
    return client


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT * FROM "abc"',
        "SELECT * FROM mixed",
        'INSERT INTO "abc" VALUES (1)',
        'UPDATE "abc" SET a = 2',
        'DELETE FROM "abc"',
        'TRUNCATE TABLE "abc"',
        'DROP TABLE "abc"',
        'DESC TABLE "abc"',
        'ALTER TABLE "abc" ADD COLUMN b INT',
        'CREATE VIEW v AS SELECT a FROM "abc"',
        'WITH c AS (SELECT 1 a) SELECT * FROM "c"',
        'SELECT a FROM abc WHERE EXISTS (SELECT 1 FROM "abc")',
        'MERGE INTO "abc" t USING abc s ON t.a = s.a WHEN MATCHED THEN DELETE',
    ],
)
def test_a_relation_of_another_case_is_missing(abc: Any, sql: str) -> None:
    """It is refused with 2003 and changes nothing."""
    assert (2003, "42S02") == abc.refused(sql)
    assert [1] == abc.values("SELECT a FROM abc")


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "a" FROM abc',
        'SELECT "abc".a FROM abc',
        'SELECT x.a FROM abc "x"',
        'SELECT col FROM "Mixed"',
        'SELECT a AS "k" FROM abc ORDER BY k',
        'SELECT k FROM (SELECT a AS "k" FROM abc)',
        'WITH c("q") AS (SELECT a FROM abc) SELECT q FROM c',
        'SELECT o.a FROM abc o WHERE EXISTS (SELECT 1 FROM "Mixed" m WHERE m."Col" = o."a")',
        'INSERT INTO abc("a") VALUES (1)',
        'UPDATE abc SET "a" = 2',
        'UPDATE abc SET a = "a" + 1',
        'DELETE FROM abc WHERE "a" = 1',
        'MERGE INTO abc USING (SELECT 1 AS "k") s ON abc.a = s.k WHEN MATCHED THEN DELETE',
        'ALTER TABLE abc DROP COLUMN "a"',
    ],
)
def test_a_column_of_another_case_is_an_invalid_identifier(abc: Any, sql: str) -> None:
    """It is refused with 904 and changes nothing."""
    assert (904, "42000") == abc.refused(sql)
    assert [1] == abc.values("SELECT a FROM abc")


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE TABLE "abc" (a INT)',
        'CREATE OR REPLACE TABLE "abc" (a INT)',
        'CREATE TABLE IF NOT EXISTS "abc" (a INT)',
        'CREATE VIEW "abc" AS SELECT 1 x',
        'CREATE TABLE "mixed" CLONE abc',
        "CREATE OR REPLACE TABLE mixed CLONE abc",
        'ALTER TABLE abc RENAME TO "abc"',
        'ALTER TABLE abc ADD COLUMN "a" INT',
        'ALTER TABLE abc RENAME COLUMN a TO "a"',
        'CREATE TABLE two (a INT, "a" INT)',
        'CREATE TABLE two AS SELECT 1 a, 2 "a"',
        'SELECT "a" FROM (SELECT 1 a, 2 "a")',
        'CREATE DATABASE "aws"',
    ],
)
def test_names_that_differ_in_their_case_alone_are_unsupported(abc: Any, sql: str) -> None:
    """DuckDB would take one for the other, so the second is refused with 000002."""
    assert (2, "0A000") == abc.refused(sql)
    assert [1] == abc.values("SELECT a FROM abc")
    assert [2] == abc.values('SELECT "Col" FROM "Mixed"')


@pytest.mark.parametrize(
    ("sql", "result"),
    [
        ('SELECT m."Col" + OTHER FROM "Mixed" m', 5),
        ('SELECT "Mixed"."Col" FROM "Mixed"', 2),
        ('WITH "c" AS (SELECT "Col" AS "q" FROM "Mixed") SELECT MAX("q") FROM "c"', 2),
        ('SELECT COUNT(*) FROM abc JOIN "Mixed" ON abc.a < "Mixed"."Col"', 1),
        ('SELECT (SELECT MAX(i."Col") FROM "Mixed" i WHERE i."Col" = o."Col") FROM "Mixed" o ORDER BY o."Col"', 2),
        ('SELECT "Col" AS "col2" FROM "Mixed" QUALIFY ROW_NUMBER() OVER (ORDER BY "Col") = 1', 2),
        ('SELECT "n" FROM (SELECT "Col" AS "n" FROM "Mixed" UNION ALL SELECT 7) ORDER BY "n" DESC LIMIT 1', 7),
        ('SELECT v:"a":"B"::int FROM (SELECT PARSE_JSON(\'{"a":{"B":4}}\') v)', 4),
        ("SELECT f.value::int FROM abc, LATERAL FLATTEN(input => ARRAY_CONSTRUCT(6)) f", 6),
    ],
)
def test_names_in_their_own_case_are_found(abc: Any, sql: str, result: object) -> None:
    """As dbt, pandas and Superset write them, in every place of a query."""
    assert [result] == abc.values(sql)


def test_subqueries_need_no_alias(abc: Any) -> None:
    """Also where an account has names of mixed case, and a query has several subqueries."""
    assert [3] == abc.values('SELECT a + "b" FROM (SELECT a FROM abc) CROSS JOIN (SELECT 2 AS "b")')
    assert (904, "42000") == abc.refused('SELECT a + b FROM (SELECT a FROM abc) CROSS JOIN (SELECT 2 AS "b")')


def test_quoted_names_are_written(abc: Any) -> None:
    """INSERT, UPDATE, MERGE and ALTER of columns with lower-case letters."""
    abc.rows('INSERT INTO "Mixed" ("Col", OTHER) VALUES (5, 6)')
    abc.rows('UPDATE "Mixed" SET "Col" = "Col" + 1 WHERE OTHER = 6')
    source = '(SELECT 2 AS "k") s ON t."Col" = s."k"'
    abc.rows(f'MERGE INTO "Mixed" t USING {source} WHEN MATCHED THEN UPDATE SET "Col" = s."k" + 8')
    abc.rows('ALTER TABLE "Mixed" RENAME COLUMN "Col" TO "Column"')
    assert [6, 10] == sorted(abc.values('SELECT "Column" FROM "Mixed"'))


def test_a_temporary_table_hides_no_table_of_another_case(abc: Any) -> None:
    """A temporary table has a stored name of its own, so both can be there."""
    abc.rows('CREATE TEMPORARY TABLE "abc" (b INT)')
    assert [] == abc.values('SELECT b FROM "abc"')
    assert [1] == abc.values("SELECT a FROM abc")


def test_the_columns_of_show_are_in_lower_case(client: Any) -> None:
    """RESULT_SCAN of a SHOW is read with quoted names."""
    client.rows("CREATE TABLE t (a INT)")
    client.rows("SHOW TABLES")
    assert ["T"] == client.values('SELECT "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))')
    client.rows("SHOW TABLES")
    assert 904 == client.refused("SELECT name FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))")[0]
