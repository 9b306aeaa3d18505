"""Numbers, text, and what a table checks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from infra.local_snowflake.meaning.functions.number_models import parse, to_char


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1/3", Decimal("0.333333")),
        ("7/2", Decimal("3.5")),
        ("DIV0(1, 0)", 0),
        ("'12.7'::number", 13),
        ("'12345678901234567890'::number", 12345678901234567890),
        ("'5' + 1", 6),
        ("'yes'::boolean", True),
        ("0::boolean", False),
        ("2.0::float::varchar", "2"),
        ("TRUE::varchar", "true"),
        ("'a' || 1.50", "a1.50"),
        ("TRY_TO_DECIMAL('1,234.5', '9,999.9', 10, 1)", Decimal("1234.5")),
        ("TRY_TO_NUMBER('x')", None),
        ("TRY_CAST('abcd' AS VARCHAR(3))", None),
        ("SIGN(-2)", -1),
        ("SPLIT_PART('a.b.c', '.', -1)", "c"),
        ("SPLIT_PART('a.b', '.', 9)", ""),
        ("STRTOK('a b c', ' ', 2)", "b"),
        ("REGEXP_REPLACE('aXbX', 'x', '-', 1, 2, 'i')", "aXb-"),
        (r"REGEXP_REPLACE('ab', '(a)(b)', '\\2\\1')", "ba"),
        ("REGEXP_SUBSTR('a=1;b=22', 'b=([0-9]+)', 1, 1, 'e')", "22"),
        ("REGEXP_COUNT('aXbx', 'x', 1, 'i')", 2),
        ("REGEXP_INSTR('hello', 'l')", 3),
        ("'ab1' RLIKE '[a-z]+'", False),
        ("SHA2('a', 224)", "abd37534c7d9a2efb9465de931cd7055ffdb8879563ae98078d6d6d5"),
        ("BOOLAND(1, 0)", False),
    ],
)
def test_expressions(client: Any, expression: str, result: object) -> None:
    """Each has the result of its page in the documentation."""
    assert [result] == client.values(f"SELECT {expression}")


@pytest.mark.parametrize(
    ("number", "model", "text"),
    [
        ("1234.5", "9,999.00", " 1,234.50"),
        ("-5", "S99", " -5"),
        ("0.5", "FM0.00", "0.50"),
        ("12345", "999", "####"),
        ("255", "XXX", "  FF"),
    ],
)
def test_a_number_model_prints(number: str, model: str, text: str) -> None:
    """Blanks fill the places of leading nines, and # a number that is too long."""
    assert text == to_char(number, model)


@pytest.mark.parametrize(("text", "model", "number"), [("$1,234.5", "$9,999.9", "1234.5"), ("-12", "99", "-12.0")])
def test_a_number_is_parsed_with_a_model(text: str, model: str, number: str) -> None:
    """Groups, currency and sign are left out."""
    assert number == parse(text, model)


def test_sums_keep_the_type_of_numbers(client: Any) -> None:
    """SUM of integers is an integer; text is cast, also where only the engine knows its type."""
    client.rows("CREATE TABLE sums AS SELECT column1 n, column2 s FROM VALUES (1, '2'), (2, '3')")
    assert [{"n": 3, "s": 5, "x": 5, "d": 3}] == client.rows(
        "SELECT SUM(n) n, SUM(s) s, SUM(x) x, SUM(DISTINCT n) d FROM (SELECT n, s, s AS x FROM sums)"
    )


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 1/0", 100051),
        ("SELECT 'abc'::int", 100038),
        ("SELECT 12345::number(3, 0)", 100046),
        ("SELECT 'q'::boolean", 100037),
        ("SELECT 'abcd'::varchar(3)", 100078),
        ("INSERT INTO words VALUES ('abcd', 1)", 100078),
        ("INSERT INTO words (n, w) SELECT 1, 'abcd'", 100078),
        ("UPDATE words SET w = 'abcd'", 100078),
        ("INSERT INTO words VALUES ('a', NULL)", 100072),
    ],
)
def test_a_value_that_does_not_fit_is_refused(client: Any, sql: str, code: int) -> None:
    """Text longer than VARCHAR(n), numbers out of range, NULL in NOT NULL, a zero divisor."""
    client.rows("CREATE TABLE words (w VARCHAR(3), n INT NOT NULL)")
    client.rows("INSERT INTO words VALUES ('abc', 1)")
    assert code == client.refused(sql)[0]
    assert ["abc"] == client.values("SELECT w FROM words")


def test_keys_are_shown_and_not_enforced(client: Any) -> None:
    """A second row with the same key is stored; SHOW lists the keys; a key's column is NOT NULL."""
    client.rows("CREATE TABLE pairs (a INT PRIMARY KEY, b INT UNIQUE)")
    client.rows("INSERT INTO pairs VALUES (1, 1), (1, 1)")
    assert [2] == client.values("SELECT COUNT(*) FROM pairs")
    assert ["A"] == [row["column_name"] for row in client.rows("SHOW PRIMARY KEYS IN TABLE pairs")]
    assert ["B"] == [row["column_name"] for row in client.rows("SHOW UNIQUE KEYS IN TABLE pairs")]
    assert [] == client.rows("SHOW IMPORTED KEYS IN TABLE pairs")
    assert 100072 == client.refused("INSERT INTO pairs VALUES (NULL, 1)")[0]


def test_sequences_number_rows(client: Any) -> None:
    """NEXTVAL works in DEFAULT, in VALUES and in a query."""
    client.rows("CREATE SEQUENCE numbers")
    client.rows("CREATE TABLE numbered (id INT DEFAULT numbers.NEXTVAL, n VARCHAR)")
    client.rows("INSERT INTO numbered (n) VALUES ('a')")
    client.rows("INSERT INTO numbered VALUES (numbers.NEXTVAL, 'b'), (numbers.NEXTVAL, 'c')")
    assert [1, 2, 3] == client.values("SELECT id FROM numbered ORDER BY id")
    assert [4] == client.values("SELECT numbers.NEXTVAL")


def test_a_merge_that_updates_a_row_twice_is_refused(client: Any) -> None:
    """100090, and nothing is changed; two new rows of one key are no duplicate."""
    client.rows("CREATE TABLE merged AS SELECT 1 id, 'a' v")
    merge = (
        "MERGE INTO merged USING (SELECT column1 id, column2 v FROM VALUES ({0}, 'x'), ({0}, 'y')) s "
        "ON merged.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v "
        "WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)"
    )
    assert (100090, "42P18") == client.refused(merge.format(1))
    assert ["a"] == client.values("SELECT v FROM merged")
    assert [{"number of rows inserted": 2, "number of rows updated": 0}] == client.rows(merge.format(2))
    assert ["a", "x", "y"] == client.values("SELECT v FROM merged ORDER BY v")


def test_result_columns_without_an_alias_are_named_by_their_text(client: Any) -> None:
    """The name is the expression in upper case."""
    with client.connection.cursor() as cursor:
        cursor.execute("select 1, count(*), max(1) as m, 'a' as \"lower\", 1 is distinct from 2 from values (1)")
        assert ["1", "COUNT(*)", "M", "lower", "1 IS DISTINCT FROM 2"] == [column[0] for column in cursor.description]
