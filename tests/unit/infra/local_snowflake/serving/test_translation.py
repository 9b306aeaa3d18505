"""The passes of fakesnow: all of them, in their order, and none left out where it changes something."""

from __future__ import annotations

import inspect
import re
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local_snowflake.meaning.dialect import parse_one
from infra.local_snowflake.serving.translation import PASSES, Pass, translate

CONNECTION = SimpleNamespace(
    database="AWS", schema="DEV", db_path=None, _duck_conn=None, table_stages=None, variables=SimpleNamespace()
)


def name(one: Pass) -> str:
    return str((one.change.func if isinstance(one.change, partial) else one.change).__name__)


def test_the_passes_are_those_of_fakesnow() -> None:
    """A new version of fakesnow with another pass, or another order, must be seen here."""
    source = inspect.getsource(import_module("fakesnow.cursor"))
    body = source[source.index("def _transform(") : source.index("def _transform_explode(")]
    assert re.findall(r"transforms\.(\w+)", body) == [name(one) for one in PASSES]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a, t.b AS c, seq.NEXTVAL FROM x.t AS t JOIN u ON c = u.c WHERE t.d = 1 AND c IS NULL",
        "SELECT CURRENT_VERSION(), SPLIT('a b', ' '), TRIM(1), v['a'], v[0]::VARCHAR, UPPER(v:a.b) FROM t",
        "SELECT v:a::VARCHAR, NOT v:a = 1, GET_PATH(v, 'a') FROM t",
        "SELECT value::VARCHAR FROM t, LATERAL FLATTEN(input => t.v) f",
        "SELECT REGEXP_REPLACE(a, 'b'), REGEXP_SUBSTR(a, 'b', 1, 2, 'e') FROM t",
        "SELECT * FROM TABLE(RESULT_SCAN('x'))",
        "SELECT * FROM (VALUES (1, 2)) WHERE column1 = 1",
        "SELECT TO_DATE(a), '2026-01-01 10:00:00 +09:00'::TIMESTAMP_TZ, a::TIMESTAMP_NTZ, TO_DECIMAL(a) FROM t",
        "SELECT TO_VARIANT(1), OBJECT_CONSTRUCT('a', 1), OBJECT_CONSTRUCT(*), a::FLOAT, b::NUMBER(38, 0) FROM t",
        "SELECT * FROM t SAMPLE (10)",
        "SELECT RANDOM(3), ARRAY_SIZE(a), ARRAY_AGG(a) WITHIN GROUP (ORDER BY b), OBJECT_AGG(a, b) FROM t",
        "SELECT ARRAY_CONSTRUCT(1, 2), ARRAY_CAT(a, b), DATEADD(day, 1, '2026-01-01'), DATEADD(day, 1, a::DATE) FROM t",
        "SELECT DATEDIFF(hour, '2026-01-01', a), HAVERSINE(1, 2, 3, 4), X'AB', SHA2(a), SHA2_BINARY(a) FROM t",
        "SELECT SUM(a), AVG(b), VARIANCE(c), STDDEV(d), MEDIAN(e) FROM t",
        "SELECT * FROM INFORMATION_SCHEMA.TABLES, INFORMATION_SCHEMA.DATABASES",
        "CREATE TABLE t (a VARCHAR(3), b VARIANT, c INT) COMMENT = 'x'",
        "CREATE TABLE t CLONE u",
        "CREATE TABLE t (a INT) AS SELECT b FROM u",
        "ALTER TABLE t CLUSTER BY (a)",
        "ALTER TABLE t ADD COLUMN a VARCHAR(5)",
        "DROP SCHEMA s",
        "USE SCHEMA s",
        "SHOW TABLES",
        "SHOW PRIMARY KEYS",
        "INSERT INTO t SELECT TRY_PARSE_JSON(a), b::OBJECT FROM u",
        "SELECT a FROM IDENTIFIER('t')",
    ],
)
def test_a_skipped_pass_changes_nothing(sql: str) -> None:
    """The result is that of all passes over the whole tree, as fakesnow applies them."""
    given = {"database": "AWS", "schema": "DEV", **dict.fromkeys(("db_path", "duck", "params", "table_stages"))}
    given["variables"] = CONNECTION.variables
    whole: Any = parse_one(sql)
    for one in PASSES:
        whole = whole.transform(one.change, *[given[name] for name in one.given], copy=False)
    assert whole.sql("duckdb") == translate(parse_one(sql), CONNECTION, None).sql("duckdb")
