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
    with pytest.raises(connector.Error) as caught:
        client.rows(sql)
    assert (code, sqlstate) == (caught.value.errno, caught.value.sqlstate)
    separator = " " if text.startswith("error line") else "\n"
    assert str(caught.value).endswith(COMPILATION + separator + text.replace("{schema}", client.schema))


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
