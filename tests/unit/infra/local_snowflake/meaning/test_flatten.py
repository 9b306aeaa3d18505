# ruff: noqa: S608 - the names in the SQL are the tests' own
"""FLATTEN and SPLIT_TO_TABLE: rows and columns."""

from __future__ import annotations

from typing import Any

import pytest


def tuples(client: Any, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.rows(sql)]


def test_an_array_gives_a_row_an_element(client: Any) -> None:
    """The columns are SEQ, KEY, PATH, INDEX, VALUE, THIS; rows have the order of the elements."""
    rows = client.rows("SELECT * FROM TABLE(FLATTEN(input => PARSE_JSON('[\"a\",2]')))")
    assert ["seq", "key", "path", "index", "value", "this"] == list(rows[0])
    assert [(1, None, "[0]", 0, '"a"', '["a",2]'), (1, None, "[1]", 1, "2", '["a",2]')] == [
        tuple(row.values()) for row in rows
    ]


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ("""PARSE_JSON('{"b":1,"a":{"c":2}}')""", ["a", "b"]),
        ("""input => PARSE_JSON('{"a":{"b":[5,6]}}'), path => 'a.b'""", ["a.b[0]", "a.b[1]"]),
        ("""input => PARSE_JSON('{"a":1,"c":{"d":[7]}}'), recursive => TRUE""", ["a", "c", "c.d", "c.d[0]"]),
        ("""input => PARSE_JSON('{"a":1,"c":{"d":"X"}}'), recursive => TRUE, mode => 'OBJECT'""", ["a", "c", "c.d"]),
        ("""input => PARSE_JSON('[1]'), mode => 'OBJECT'""", []),
        ("""input => PARSE_JSON('{"x y":1}')""", ["['x y']"]),
        ("input => PARSE_JSON('5')", []),
        ("input => NULL", []),
        ("input => PARSE_JSON('[]')", []),
    ],
)
def test_the_arguments_of_flatten(client: Any, arguments: str, paths: list[str]) -> None:
    """PATH starts inside, RECURSIVE goes down, MODE takes one kind; a scalar and an empty array give nothing."""
    assert paths == client.values(f"SELECT path FROM TABLE(FLATTEN({arguments}))")


def test_outer_keeps_a_row_without_elements(client: Any) -> None:
    """OUTER => TRUE and LEFT JOIN give one row of NULLs."""
    source = "(SELECT 1 id, PARSE_JSON('[]') v UNION ALL SELECT 2, PARSE_JSON('[5]')) t"
    outer = f"SELECT id, f.value FROM {source}, LATERAL FLATTEN(input => t.v, outer => TRUE) f ORDER BY id"
    assert [(1, None), (2, "5")] == tuples(client, outer)
    joined = f"SELECT id, f.value FROM {source} LEFT JOIN LATERAL FLATTEN(t.v) f ORDER BY id"
    assert [(1, None), (2, "5")] == tuples(client, joined)


def test_equal_inputs_have_their_own_seq(client: Any) -> None:
    """SEQ is unique for an input row."""
    source = "(SELECT PARSE_JSON(column1) v FROM VALUES ('[1,2]'), ('[1,2]')) t"
    assert [1, 1, 2, 2] == client.values(f"SELECT f.seq FROM {source}, LATERAL FLATTEN(t.v) f ORDER BY 1")


def test_flatten_of_a_flattened_value(client: Any) -> None:
    """The value of one FLATTEN is the input of the next."""
    sql = """SELECT a.value:x::int x, b.value::varchar y
        FROM (SELECT PARSE_JSON('[{"x":1,"y":["p","q"]},{"x":2,"y":[]}]') v) t,
        LATERAL FLATTEN(input => t.v) a, LATERAL FLATTEN(input => a.value:y, outer => TRUE) b ORDER BY x, y"""
    assert [(1, "p"), (1, "q"), (2, None)] == tuples(client, sql)


def test_split_to_table(client: Any) -> None:
    """SPLIT_TO_TABLE keeps empty parts, STRTOK_SPLIT_TO_TABLE does not; INDEX counts from 1."""
    split = "SELECT index, value FROM TABLE(SPLIT_TO_TABLE('a--b', '-'))"
    assert [(1, "a"), (2, ""), (3, "b")] == tuples(client, split)
    tokens = "SELECT s.index, s.value FROM (SELECT 'a--b' x) t, LATERAL STRTOK_SPLIT_TO_TABLE(t.x, '-') s"
    assert [(1, "a"), (2, "b")] == tuples(client, tokens)
