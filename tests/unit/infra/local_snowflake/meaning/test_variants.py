# ruff: noqa: S608 - the names in the SQL are the tests' own
"""VARIANT: casts, comparisons, paths, and the functions over objects and arrays."""

from __future__ import annotations

from typing import Any

import pytest

VALUE = """(SELECT PARSE_JSON('{"s": "t", "n": 12.5, "nil": null, "yes": true, "at": "2025-08-01T03:00:00Z", "k.y": 5,
 "a": {"b": [1, 2, {"c": "x"}]}}') v) t"""


def row(client: Any, sql: str) -> list[Any]:
    return list(client.rows(sql)[0].values())


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("v:s::varchar", "t"),
        ("v:n::varchar", "12.5"),
        ("v:nil::varchar", None),
        ("v:a::varchar", '{"b":[1,2,{"c":"x"}]}'),
        ("(CASE WHEN LOWER(v:s) = 'null' THEN NULL ELSE v:s END)::varchar(64)", "t"),
        ("COALESCE(v:missing, v:s)::varchar", "t"),
        ("COALESCE(v:missing, 'd')::varchar", "d"),
        ("IFF(v:s = 't', v:s, 'other')::varchar", "t"),
        ("NULLIF(v:s, '')::varchar", "t"),
        ("NULLIF(v:s, 't')::varchar", None),
        ("TO_VARCHAR(v:s)", "t"),
        ("GET(v, 's')::varchar", "t"),
        ("GET_IGNORE_CASE(v, 'S')::varchar", "t"),
        ("GET_PATH(v, 'a.b[2].c')::varchar", "x"),
        ("TO_VARIANT('plain')::varchar", "plain"),
        ("'2025-08-01'::date::variant::varchar", "2025-08-01"),
        ("CASE v:s WHEN 't' THEN 'x' END", "x"),
        ("DECODE(v:s, 't', 'x')", "x"),
        ("v:s || '!'", "t!"),
        ("UPPER(v:s)", "T"),
        ("v['a']['b'][0]::varchar", "1"),
        ('v:"k.y"::varchar', "5"),
    ],
)
def test_a_variant_as_text_has_no_quotes(client: Any, expression: str, text: str | None) -> None:
    """A cast of any VARIANT expression to text gives the value; JSON null gives NULL, an object compact JSON."""
    assert [text] == row(client, f"SELECT {expression} FROM {VALUE}")


@pytest.mark.parametrize(
    "condition",
    [
        "v:s = 't'",
        "v:s IN ('t', 'u')",
        "v:s LIKE 't%'",
        "v:s <> 'u'",
        "v:n > 5",
        "v:n BETWEEN 12 AND 13",
        "v:n::number(10, 1) = 12.5",
        "v:yes",
        "v:yes AND NOT v:nil::boolean IS NOT NULL",
        "v:at::timestamp_ntz = '2025-08-01 03:00:00'",
        "v:nil IS NOT NULL",
        "IS_NULL_VALUE(v:nil)",
        "v:missing IS NULL",
        "v:S IS NULL",
        "v:a.b[-1] IS NULL",
        "v:a.b[9] IS NULL",
    ],
)
def test_a_variant_compares_by_its_value(client: Any, condition: str) -> None:
    """Paths have case, a missing or negative index is NULL, and JSON null is not NULL."""
    assert [1] == row(client, f"SELECT COUNT(*) FROM {VALUE} WHERE {condition}")


def test_a_variant_joins_groups_and_orders_by_its_value(client: Any) -> None:
    """The other side of a join may be text or a number; numbers order as numbers, MAX and MIN too."""
    values = "(SELECT PARSE_JSON(column1) v FROM VALUES ('{\"n\":9}'), ('{\"n\":10}'), ('{\"n\":9}')) t"
    assert ["9", "9", "10"] == client.values(f"SELECT v:n FROM {values} ORDER BY v:n")
    assert ["10", "9"] == client.values(f"SELECT v:n n FROM {values} GROUP BY v:n ORDER BY n DESC")
    assert ["10", "9"] == row(client, f"SELECT MAX(v:n), MIN(v:n) FROM {values}")
    assert [28] == row(client, f"SELECT SUM(v:n) FROM {values}")
    assert [2] == row(client, f"SELECT COUNT(*) FROM {values} JOIN (SELECT '9' k) o ON t.v:n = o.k")
    assert [2] == row(client, f"SELECT COUNT(*) FROM {values} JOIN (SELECT 9 k) o ON t.v:n = o.k")


def test_columns_of_a_table_are_found_by_their_type(client: Any) -> None:
    """A bare VARIANT column is compared, updated and printed by its value, through a view, too."""
    client.rows("CREATE TABLE events AS SELECT 1 id, PARSE_JSON('{\"s\":\"a\"}') v UNION ALL SELECT 2, TO_VARIANT('b')")
    assert [2] == client.values("SELECT id FROM events WHERE v = 'b'")
    client.rows("UPDATE events SET v = OBJECT_INSERT(v, 'x', 1) WHERE v:s = 'a'")
    client.rows("CREATE VIEW texts AS SELECT id, v:x::int x, v::varchar t FROM events")
    assert [[1, '{"s":"a","x":1}'], [None, "b"]] == [
        list(one.values()) for one in client.rows("SELECT x, t FROM texts ORDER BY id")
    ]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("TYPEOF(PARSE_JSON('1'))", "INTEGER"),
        ("TYPEOF(PARSE_JSON('1.5'))", "DECIMAL"),
        ("TYPEOF(PARSE_JSON('null'))", "NULL_VALUE"),
        ("AS_INTEGER(PARSE_JSON('1'))", 1),
        ("AS_INTEGER(PARSE_JSON('\"1\"'))", None),
        ("AS_VARCHAR(PARSE_JSON('\"x\"'))", "x"),
        ("IS_OBJECT(PARSE_JSON('{}'))", True),
        ('OBJECT_KEYS(PARSE_JSON(\'{"b":1,"a":2}\'))', '["a","b"]'),
        ("OBJECT_INSERT(OBJECT_CONSTRUCT('a', 1), 'a', 2, TRUE)", '{"a":2}'),
        ("OBJECT_DELETE(OBJECT_CONSTRUCT('a', 1, 'b', 2), 'a')", '{"b":2}'),
        ("OBJECT_PICK(OBJECT_CONSTRUCT('a', 1, 'b', 2), 'a')", '{"a":1}'),
        ("{'a': 1}", '{"a":1}'),
        ("ARRAY_APPEND([1], 'x')", '[1,"x"]'),
        ("ARRAY_INSERT([0, 2], 1, 1)", "[0,1,2]"),
        ("ARRAY_CONTAINS('a'::variant, ARRAY_CONSTRUCT('a'))", True),
        ("ARRAY_SLICE([1, 2, 3], 0, 2)", "[1,2]"),
        ("ARRAY_TO_STRING([1, 'x'], '-')", "1-x"),
        ("ARRAY_DISTINCT([1, 1])", "[1]"),
        ("ARRAY_MAX([1, 3])", "3"),
        ("ARRAYS_OVERLAP([1], [1, 2])", True),
        ("ARRAY_SIZE(PARSE_JSON('{}'))", None),
        ("FILTER([1, 2, 3], x -> x > 1)", "[2,3]"),
        ("TRANSFORM([1, 2], x INT -> x * 2)", "[2,4]"),
        ('FILTER(PARSE_JSON(\'[{"b":1},{"b":2}]\'), x -> x:b::int > 1)', '[{"b":2}]'),
        ("TRY_PARSE_JSON('{a')", None),
        ("PARSE_JSON('')", None),
        ("CHECK_JSON('{\"a\":1}')", None),
        ('TO_JSON(PARSE_JSON(\'{"b": 1, "a": [1, 2]}\'))', '{"a":[1,2],"b":1}'),
    ],
)
def test_functions_of_semistructured_data(client: Any, expression: str, result: object) -> None:
    """Each has the result of its page in the documentation."""
    assert [result] == row(client, f"SELECT {expression}")


def test_array_agg_leaves_null_out(client: Any) -> None:
    """ARRAY_AGG has no NULL, has the order of WITHIN GROUP, and is an empty array without rows."""
    sql = "SELECT ARRAY_AGG(column1) WITHIN GROUP (ORDER BY column1 DESC) a FROM VALUES (1), (NULL), (3)"
    assert ["[3,1]"] == client.values(sql)
    assert ["[]"] == client.values("SELECT ARRAY_AGG(1) WHERE FALSE")
    assert ["[1,3]", "[1,3]"] == client.values("SELECT ARRAY_AGG(column1) OVER () FROM VALUES (1), (3)")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT PARSE_JSON('{a')", 100069),
        ('SELECT PARSE_JSON(\'{"a":1,"a":2}\')', 100069),
        ("SELECT OBJECT_INSERT(OBJECT_CONSTRUCT('a', 1), 'a', 2)", 100103),
        ("SELECT PARSE_JSON('\"x\"')::int", 100071),
    ],
)
def test_a_wrong_value_is_refused(client: Any, sql: str, code: int) -> None:
    """Text that is not JSON, a key that is there, a VARIANT that is no number."""
    assert code == client.refused(sql)[0]
