"""Parse text into a statement, without a server."""

from __future__ import annotations

import pytest

from infra.local_snowflake.errors import StatementRefusedError, SyntaxRefusedError
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.parsing.dispatch import parse
from infra.local_snowflake.language.statements import (
    Begin,
    Column,
    CreateExternalTable,
    CreateStage,
    Creation,
    Directory,
    ListStage,
    ObjectKind,
    RefreshExternalTable,
    RefreshStage,
    Rollback,
    Scope,
    Show,
    StagePath,
)
from infra.local_snowflake.language.tokens import Reader, tokenize
from infra.local_snowflake.showing.objects import like_matches


def test_a_stage_with_every_clause() -> None:
    """Clauses come in any order, names fold unless quoted, a quote doubles in a string."""
    sql = """
        -- a comment; with a semicolon
        CREATE STAGE IF NOT EXISTS "Db".dev.st
          COMMENT = 'it''s \\\\ here' URL = 's3://hourglass/x/' /* no */ STORAGE_INTEGRATION = "Int"
          FILE_FORMAT = (TYPE = JSON, STRIP_OUTER_ARRAY = FALSE NULL_IF = ('', 'NULL'))
          DIRECTORY = (ENABLE = TRUE AUTO_REFRESH = FALSE, REFRESH_ON_CREATE = FALSE);
    """
    assert parse(sql) == CreateStage(
        name=PartialName(("Db", "DEV", "ST")),
        creation=Creation.KEEP,
        url="s3://hourglass/x/",
        storage_integration="Int",
        directory=Directory(enable=True, auto_refresh=False, refresh_on_create=False),
        file_format={"TYPE": "JSON", "STRIP_OUTER_ARRAY": False, "NULL_IF": ("", "NULL")},
        comment="it's \\ here",
    )


def test_an_external_table_with_every_clause() -> None:
    """Column expressions are kept as text, with or without brackets and types."""
    sql = """CREATE OR REPLACE EXTERNAL TABLE t (
        a VARCHAR(10) AS (METADATA$FILENAME), "b" AS value:x::number(3, 1), c INT AS (value:c::int) NOT NULL
    ) PARTITION BY (a, "b") LOCATION = @db."S c".st/2025/08/ AUTO_REFRESH = FALSE REFRESH_ON_CREATE = 'FALSE'
    PATTERN = '.*[.]jsonl' COPY GRANTS FILE_FORMAT = (TYPE = 'JSON') COMMENT = 'c'"""
    assert parse(sql) == CreateExternalTable(
        name=PartialName(("T",)),
        creation=Creation.REPLACE,
        columns=(
            Column("A", "VARCHAR(10)", "(METADATA$FILENAME)"),
            Column("b", None, "value:x::number(3, 1)"),
            Column("C", "INT", "(value:c::int)", not_null=True),
        ),
        location=StagePath(PartialName(("DB", "S c", "ST")), "2025/08/"),
        file_format={"TYPE": "JSON"},
        partition_by=("A", "b"),
        pattern=".*[.]jsonl",
        auto_refresh=False,
        refresh_on_create=False,
        comment="c",
        copy_grants=True,
    )


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("ALTER STAGE s REFRESH SUBPATH = '2025/'", RefreshStage(PartialName(("S",)), False, "2025/")),
        ("alter external table if exists t refresh", RefreshExternalTable(PartialName(("T",)), True)),
        ("ALTER EXTERNAL TABLE t REFRESH '2025/'", RefreshExternalTable(PartialName(("T",)), False, "2025/")),
        ("LIST @s/a/b.jsonl", ListStage(StagePath(PartialName(("S",)), "a/b.jsonl"))),
        ("LS '@s/a b/'", ListStage(StagePath(PartialName(("S",)), "a b/"))),
        ("SHOW STAGES", Show(ObjectKind.STAGE)),
        ("SHOW EXTERNAL TABLES IN ACCOUNT", Show(ObjectKind.EXTERNAL_TABLE, scope=Scope())),
        ("SHOW STAGES LIKE 'a' IN DATABASE d", Show(ObjectKind.STAGE, "a", Scope("D"))),
        ("SHOW STAGES IN SCHEMA d.s LIMIT 3", Show(ObjectKind.STAGE, scope=Scope("D", "S"), limit=3)),
        ("SHOW STAGES IN SCHEMA s STARTS WITH 'A'", Show(ObjectKind.STAGE, scope=Scope(None, "S"), starts_with="A")),
        ("ROLLBACK WORK", Rollback()),
        ("start transaction name t", Begin()),
        ("SELECT 1", None),
        ("CREATE STAGE internal", CreateStage(PartialName(("INTERNAL",)), Creation.REFUSE)),
        ("CREATE OR ALTER TEMP STAGE s", CreateStage(PartialName(("S",)), Creation.ALTER, temporary=True)),
        ("LS @~/a", ListStage(StagePath(PartialName(("~",)), "a"))),
        ("LS @d.s.%t", ListStage(StagePath(PartialName(("D", "S", "%T"))))),
        ("DROP TABLE t", None),
    ],
)
def test_statements_of_this_server_and_of_others(sql: str, statement: object) -> None:
    """None means that fakesnow executes the statement."""
    assert statement == parse(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE STAGE s URL = 'x' URL = 'y'",
        "CREATE STAGE s URL 'x'",
        "ALTER STAGE s REFRESH nonsense",
        "DROP STAGE",
        "DESC EXTERNAL TABLE t t",
        "CREATE EXTERNAL TABLE t (a INT) LOCATION = @s FILE_FORMAT = (TYPE = JSON)",
        "CREATE EXTERNAL TABLE t (a INT AS ()) LOCATION = @s FILE_FORMAT = (TYPE = JSON",
        "ALTER EXTERNAL TABLE t REFRESH '2025",
    ],
)
def test_text_that_is_no_statement_is_a_syntax_error(sql: str) -> None:
    """The error is 1003 for every defect, never another exception."""
    with pytest.raises(SyntaxRefusedError):
        parse(sql)


def test_a_syntax_error_names_the_place() -> None:
    """Line, position and token, in Snowflake's text."""
    with pytest.raises(StatementRefusedError, match="line 2 at position 3 unexpected 'oops'"):
        parse("DROP STAGE s\n   oops")


@pytest.mark.parametrize(
    ("text", "value"), [("'a''b'", "a'b"), (r"'a\'b'", "a'b"), (r"'\\'", "\\"), (r"'a\nb'", "a\nb"), ("$$a'b$$", "a'b")]
)
def test_strings(text: str, value: str) -> None:
    """Strings know a doubled quote and backslash escapes; dollar-quoted strings have no escapes."""
    assert value == tokenize(text)[0].string
    assert value == Reader(text).string()


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a_c", "ABC", True),
        ("a_c", "AC", False),
        ("a%", "A", True),
        (r"a\_c", "ABC", False),
        (r"a\_c", "a_c", True),
        (r"100\%", "100%", True),
        ("a.c", "abc", False),
        ("", "a", False),
    ],
)
def test_like(pattern: str, text: str, matches: bool) -> None:
    """LIKE ignores case, has two wildcards and one escape; characters of regular expressions have no meaning."""
    assert matches is like_matches(pattern, text)
