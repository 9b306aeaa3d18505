"""The codes and texts of statements that are refused."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from snowflake import connector

from infra.local_snowflake.meaning.refusals.engine import refusal_of

COMPILATION = "SQL compilation error:"


@pytest.mark.parametrize(
    ("sql", "code", "sqlstate", "text"),
    [
        ("SELECT nope FROM facts", 904, "42000", "error line 1 at position 7\ninvalid identifier 'NOPE'"),
        ("SELECT f.nope\nFROM facts f", 904, "42000", "error line 1 at position 7\ninvalid identifier 'F.NOPE'"),
        ("SELECT z.a FROM facts", 904, "42000", "error line 1 at position 7\ninvalid identifier 'Z.A'"),
        ("UPDATE facts SET nope = 1", 904, "42000", "error line 1 at position 17\ninvalid identifier 'NOPE'"),
        ("SELECT a FROM facts, facts g", 2028, "42601", "error line 1 at position 7\nambiguous column name 'A'"),
        ("SELECT * FROM missing", 2003, "42S02", "Object 'MISSING' does not exist or not authorized."),
        ("DROP TABLE missing", 2003, "42S02", "Table 'AWS.{schema}.MISSING' does not exist or not authorized."),
        ("SELECT * FROM nowhere.missing", 2003, "02000", "Schema 'NOWHERE' does not exist or not authorized."),
        ("USE SCHEMA nowhere", 2043, "02000", "Object does not exist, or operation cannot be performed."),
        ("CREATE TABLE facts (a INT)", 2002, "42710", "Object 'AWS.{schema}.FACTS' already exists."),
        ("SELECT no_such(1)", 2140, "42601", "Unknown function NO_SUCH"),
        ("SELECT * FROM TABLE(no_such(1))", 2141, "42601", "Unknown table function NO_SUCH"),
        (
            "SELECT UPPER(a, 2) FROM facts",
            939,
            "22023",
            "error line 1 at position 7\ntoo many arguments for function [UPPER(a, 2)] expected 1, got 2",
        ),
        (
            "SELECT a,\n  LOWER() FROM facts",
            938,
            "22023",
            "error line 2 at position 2\nnot enough arguments for function [LOWER()], expected 1, got 0",
        ),
        ("SELECT a, COUNT(*) FROM facts", 979, "42601", "[A] is not a valid group by expression"),
        (
            "INSERT INTO facts VALUES (1)",
            2057,
            "42000",
            "Insert value list does not match column list expecting 2 but got 1",
        ),
        (
            "SELECT a,\n TYPEOF('x') FROM facts",
            1044,
            "42P13",
            "error line 2 at position 1\nInvalid argument types for function 'TYPEOF': (VARCHAR(1))",
        ),
        (
            "SELECT a,\n TYPEOF(CURRENT_TIMESTAMP()) FROM facts",
            1044,
            "42P13",
            "error line 2 at position 1\nInvalid argument types for function 'TYPEOF': (TIMESTAMP_LTZ(9))",
        ),
        (
            "SELECT a,\n TYPEOF(CURRENT_TIMESTAMP()::TIMESTAMP_TZ) FROM facts",
            1044,
            "42P13",
            "error line 2 at position 1\nInvalid argument types for function 'TYPEOF': (TIMESTAMP_TZ(9))",
        ),
        (
            "SELECT TRY_CAST(5 AS VARCHAR)",
            1065,
            "22023",
            "error line 1 at position 7\n"  # noqa: ISC004 - one text
            "Function TRY_CAST cannot be used with arguments of types NUMBER(1,0) and VARCHAR(16777216)",
        ),
        (
            "INSERT INTO facts (a) VALUES (PARSE_JSON('{}'))",
            2014,
            "22000",
            "Invalid expression [PARSE_JSON('{}')] in VALUES clause",
        ),
        ("CREATE TABLE t AS SELECT f.*, 1 A FROM facts f", 2025, "42S21", "duplicate column name 'A'"),
        ("CREATE VIEW v AS SELECT 1 A, 2 A", 2025, "42S21", "duplicate column name 'A'"),
        (
            "SELECT * FROM over_gone",
            2037,
            "42601",
            "Failure during expansion of view 'OVER_GONE': SQL compilation error:\n"  # noqa: ISC004 - one text
            "Object 'GONE' does not exist or not authorized.",
        ),
        ("SELECT 1,\n  $nope", 2211, "02000", "error line 2 at position 2\nSession variable '$NOPE' does not exist"),
        (
            "SELECT MAX(a) FROM facts HAVING nope > 1",
            904,
            "42000",
            "error line 1 at position 32\ninvalid identifier 'NOPE'",
        ),
        ("SELECT a FROM facts WHERE", 1003, "42000", "syntax error line 1 at position 25 unexpected '<EOF>'."),
        ("SELECT a\nFROM facts LIMIT", 1003, "42000", "syntax error line 2 at position 16 unexpected '<EOF>'."),
        (
            "SELECT CASE WHEN a = 1 2 END FROM facts",
            1003,
            "42000",
            "syntax error line 1 at position 23 unexpected '2'.",
        ),
        ("CREATE TABLE t (a INT,)", 1003, "42000", "syntax error line 1 at position 22 unexpected ')'."),
        ("INSERT facts VALUES (1, 2)", 1003, "42000", "syntax error line 1 at position 7 unexpected 'facts'."),
        ("INSERT INTO facts", 1003, "42000", "syntax error line 1 at position 17 unexpected '<EOF>'."),
        ("CHECKPOINT", 1003, "42000", "syntax error line 1 at position 0 unexpected 'CHECKPOINT'."),
        ("SELEC 1", 1003, "42000", "syntax error line 1 at position 0 unexpected 'SELEC'."),
        ("SELECT 1 +", 1003, "42000", "syntax error line 1 at position 10 unexpected '<EOF>'."),
        ("SELECT FROM facts", 1003, "42000", "syntax error line 1 at position 7 unexpected 'FROM'."),
    ],
)
def test_a_wrong_statement_is_refused_in_snowflakes_words(
    client: Any, sql: str, code: int, sqlstate: str, text: str
) -> None:
    """Code, state and text are Snowflake's; the place is that of the client's statement."""
    client.rows("CREATE TABLE facts (a INT, b INT)")
    client.rows("CREATE TABLE gone (a INT)")
    client.rows("CREATE VIEW over_gone AS SELECT a FROM gone")
    client.rows("DROP TABLE gone")
    with pytest.raises(connector.Error) as caught:
        client.rows(sql)
    assert (code, sqlstate) == (caught.value.errno, caught.value.sqlstate)
    separator = " " if text.startswith("error line") else "\n"
    assert str(caught.value).endswith(COMPILATION + separator + text.replace("{schema}", client.schema))


@pytest.mark.parametrize(
    ("sql", "code", "sqlstate", "text"),
    [
        (
            "SELECT PARSE_JSON('\"x\"')::INT",
            100071,
            "22000",
            'Failed to cast variant value "x" to FIXED',
        ),
        (
            "SELECT PARSE_JSON('{}')::DATE",
            100071,
            "22000",
            "Failed to cast variant value {} to DATE",
        ),
        (
            "SELECT 1234::NUMBER(3,0)",
            100046,
            "22003",
            "Number out of representable range: type FIXED[SB2](3,0){not null}, value 1234",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_snowflakes_words(
    client: Any, sql: str, code: int, sqlstate: str, text: str
) -> None:
    """A VARIANT names the type that it was cast to, a number the type that it is out of."""
    with pytest.raises(connector.Error) as caught:
        client.rows(sql)
    assert (code, sqlstate) == (caught.value.errno, caught.value.sqlstate)
    assert str(caught.value).endswith(f"({sqlstate}): {text}")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM t MATCH_RECOGNIZE(ORDER BY a PATTERN (x+) DEFINE x AS TRUE)", "MATCH_RECOGNIZE"),
        ("SELECT SYSTEM$PIPE_STATUS('p')", "SYSTEM$PIPE_STATUS"),
        ("SELECT SOUNDEX('a')", "SOUNDEX"),
        ("SELECT * FROM TABLE(TASK_HISTORY())", "TASK_HISTORY"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("SELECT 'a' COLLATE 'en-ci' = 'A'", "COLLATE"),
    ],
)
def test_what_is_valid_and_missing_here_is_unsupported(client: Any, sql: str, words: str) -> None:
    """Snowflake knows it: 2 (0A000) names the feature, and never a syntax error or an unknown function."""
    with pytest.raises(connector.Error) as caught:
        client.rows(sql)
    assert (2, "0A000") == (caught.value.errno, caught.value.sqlstate)
    assert str(caught.value).endswith(f"Unsupported feature '{words}'.")


@pytest.mark.parametrize("failure", [duckdb.InternalException("INTERNAL Error: assertion"), ValueError("engine word")])
def test_an_unknown_failure_shows_no_word_of_the_engine(failure: Exception) -> None:
    """The statement's first words name what is unsupported."""
    assert "Unsupported feature 'SELECT A FROM'." == refusal_of(failure, "SELECT a FROM t").message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT TYPEOF(a) FROM (SELECT PARSE_JSON('1') a)",
        "SELECT TRY_CAST(words AS INT) FROM (SELECT 'x' words)",
        "SELECT COALESCE(a, 1), COUNT(*) FROM facts GROUP BY ALL",
        "SELECT CASE a WHEN 1 THEN CASE WHEN b = 2 THEN 'x' END ELSE 'y' END FROM facts",
        "SELECT EXTRACT(year FROM CURRENT_DATE()), TRIM('xax', 'x'), COUNT(DISTINCT a, b) FROM facts",
        "SELECT f.value FROM facts, LATERAL FLATTEN(INPUT => [1, 2], MODE => 'ARRAY') f",
        "INSERT INTO facts (a) VALUES (NULL), (1 + 1), (ABS(-1))",
        "CREATE TABLE copied AS SELECT f.a, g.a AS other FROM facts f, facts g",
        'SELECT "SYSTEM" FROM (SELECT 1 AS "SYSTEM")',
    ],
)
def test_a_right_statement_is_no_refusal(client: Any, sql: str) -> None:
    """Statements that are near to what the checks refuse."""
    client.rows("CREATE TABLE facts (a INT, b INT)")
    client.rows(sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a::varchar a FROM facts", "1"),
        ("SELECT TRIM('xax', 'x')", "a"),
        ("SELECT LTRIM('xax', 'x')", "ax"),
        ("SELECT PARSE_JSON('12345678901234567890')::NUMBER(38,0)", 12345678901234567890),
        ("SELECT WIDTH_BUCKET(5, 0, 10, 5)", 3),
        ("SELECT TO_VARCHAR(NEXT_DAY('2025-08-01'::DATE, 'Friday '))", "2025-08-08"),
        ("SELECT TO_VARCHAR(PREVIOUS_DAY('2025-08-01'::DATE, 'fr'))", "2025-07-25"),
        ("SELECT TO_VARCHAR('2025-08-01'::DATE + INTERVAL '1 month, 1 day')", "2025-09-02"),
        ("SELECT v FROM (SELECT 5 t) ASOF JOIN (SELECT 3 u, 'x' v) MATCH_CONDITION (t >= u)", "x"),
    ],
)
def test_a_value_is_snowflakes(client: Any, sql: str, expected: object) -> None:
    """Casts beside an alias of the same name, characters that are trimmed, and functions that DuckDB lacks."""
    client.rows("CREATE TABLE facts (a INT)")
    client.rows("INSERT INTO facts VALUES (1)")
    assert [expected] == client.values(sql)
