"""Count the statements of a request, and refuse the kinds that this server lacks, without a server."""

from __future__ import annotations

import pytest

from infra.local_snowflake.errors import EmptyStatementError, NotSupportedError, StatementCountError, SyntaxRefusedError
from infra.local_snowflake.language.splitting import required_statements


def test_a_request_holds_the_desired_number_of_statements() -> None:
    """A semicolon in a string or comment does not count; empty statements do not count; 0 is any number."""
    assert ["BEGIN"] == required_statements("BEGIN;", 1)
    assert ["SELECT ';' /* ; */"] == required_statements("SELECT ';' /* ; */; -- end;", 1)
    assert ["SELECT 1", "SELECT 2"] == required_statements("SELECT 1;; SELECT 2;", 0)
    for desired, sql in ((1, "SHOW STAGES; SHOW STAGES"), (3, "SELECT 1; SELECT 2"), (1, "GRANT a; DROP TABLE t")):
        with pytest.raises(StatementCountError, match=f"desired statement count {desired}"):
            required_statements(sql, desired)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("BEGIN INSERT INTO t VALUES (1); RETURN 'done'; END;", "Snowflake Scripting block"),
        ("begin\n let x := 1; end", "Snowflake Scripting block"),
        ("DECLARE x INT; BEGIN RETURN x; END", "DECLARE"),
        ("EXECUTE IMMEDIATE $$ DROP TABLE t $$", "EXECUTE IMMEDIATE"),
        ("CREATE OR REPLACE PROCEDURE p() RETURNS INT AS BEGIN DROP TABLE t; END", "CREATE PROCEDURE"),
        ("CREATE DYNAMIC TABLE t TARGET_LAG = '1 hour' AS SELECT 1", "CREATE DYNAMIC TABLE"),
        ("create transient dynamic table t AS SELECT 1", "CREATE DYNAMIC TABLE"),
        ("CREATE ICEBERG TABLE t (a INT)", "CREATE ICEBERG TABLE"),
        ("CREATE TASK t AS SELECT 1", "CREATE TASK"),
        ("ALTER USER u SET COMMENT = 'x'", "ALTER USER"),
        ("DROP FUNCTION f()", "DROP FUNCTION"),
        ("CREATE TAG t", "CREATE TAG"),
        ("UNDROP TABLE t", "UNDROP"),
        ("CALL p()", "CALL"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
    ],
)
def test_a_kind_that_is_missing_here_is_unsupported(sql: str, words: str) -> None:
    """000002 with the first words of the statement, whatever number of statements it seems to hold."""
    with pytest.raises(NotSupportedError, match=f"^Unsupported feature '{words}'"):
        required_statements(sql, 0)


@pytest.mark.parametrize("sql", ["SELEC 1", "DROP BANANA b", "CREATE t", "42"])
def test_what_is_no_kind_of_statement_is_a_syntax_error(sql: str) -> None:
    """1003 for every other first word."""
    with pytest.raises(SyntaxRefusedError, match="unexpected"):
        required_statements(sql, 1)


@pytest.mark.parametrize("sql", ["", " ;; ", "-- a comment"])
def test_an_empty_statement_is_refused(sql: str) -> None:
    """900 (42601)."""
    with pytest.raises(EmptyStatementError):
        required_statements(sql, 1)
