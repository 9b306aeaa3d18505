"""Rewrite a statement for the engine below, without a server."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.rewriting.identifiers import with_named_variables
from infra.local_snowflake.rewriting.relations import target, with_other_names, without_modifiers
from infra.local_snowflake.rewriting.session_functions import with_session_functions
from infra.local_snowflake.serving.execution.statement_log import loggable
from infra.local_snowflake.sessions import Session


@pytest.fixture
def session() -> Session:
    return Session(
        SimpleNamespace(database="AWS", schema="DEV", database_set=True, schema_set=True, _duck_conn=None), role="it's"
    )


def test_functions_of_the_session_are_answered_outside_of_strings(session: Session) -> None:
    """CURRENT_ROLE() becomes a literal; its name in a string or without brackets stays."""
    sql = "SELECT current_role(), 'CURRENT_ROLE()', CURRENT_WAREHOUSE()"
    assert "SELECT 'it''s', 'CURRENT_ROLE()', NULL" == with_session_functions(sql, session)


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("SELECT a FROM tmp", 'SELECT a FROM "TMP_1"'),
        ('SELECT tmp.a FROM "AWS"."DEV"."TMP"', 'SELECT "TMP_1".a FROM "AWS"."DEV"."TMP_1"'),
        ("SELECT a.tmp.x FROM dev.tmp", 'SELECT a.tmp.x FROM dev."TMP_1"'),
        ("SELECT 'tmp', \"tmp\" FROM other.tmp", "SELECT 'tmp', \"tmp\" FROM other.tmp"),
    ],
)
def test_a_temporary_relation_is_found_by_every_spelling_of_its_name(
    session: Session, sql: str, rewritten: str
) -> None:
    """It is found with one, two or three parts, also as a column's qualifier, but not in a string or another schema."""
    others = {ObjectName("AWS", "DEV", "TMP"): ObjectName("AWS", "DEV", "TMP_1")}
    assert rewritten == with_other_names(sql, others, session)


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("create or replace temporary view a.b.c as select 1", "create or replace  view a.b.c as select 1"),
        ("CREATE LOCAL TEMP TABLE IF NOT EXISTS c (a INT)", "CREATE   TABLE IF NOT EXISTS c (a INT)"),
    ],
)
def test_temporary_is_removed(sql: str, rewritten: str) -> None:
    """TEMPORARY is removed together with LOCAL and GLOBAL."""
    found = target(sql)
    assert found is not None
    assert found.temporary
    assert rewritten == without_modifiers(sql, found)


@pytest.mark.parametrize("sql", ["CREATE TEMPORARY STAGE s", "SELECT 1", "DROP SCHEMA s", "ALTER TABLE"])
def test_other_statements_have_no_target(sql: str) -> None:
    """Only tables and views are kept by the engine below."""
    assert target(sql) is None


def test_a_log_line_holds_no_secret() -> None:
    """The strings of a statement that mentions a password or a key are left out."""
    line = loggable("CREATE USER u\n  PASSWORD = 'hunter2'")
    assert "hunter2" not in line
    assert "CREATE USER u PASSWORD = '***'" == line
    assert "SELECT 'shown'" == loggable("SELECT  'shown'")


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("CREATE TABLE identifier ( $a ) (x INT)", "CREATE TABLE identifier ( 'T1' ) (x INT)"),
        ("SELECT * FROM IDENTIFIER($a) -- IDENTIFIER($a)", "SELECT * FROM IDENTIFIER('T1') -- IDENTIFIER($a)"),
        ("SELECT 'IDENTIFIER($a)', $a, IDENTIFIER('x')", "SELECT 'IDENTIFIER($a)', $a, IDENTIFIER('x')"),
    ],
)
def test_identifier_reads_a_variable_but_no_text_and_no_comment(sql: str, named: str) -> None:
    """The value stands in its place; everything else stays as it is written."""
    assert named == with_named_variables(sql, {"$a": "'T1'"}.__getitem__)
