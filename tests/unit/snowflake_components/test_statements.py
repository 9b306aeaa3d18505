"""Compare the sent SQL character by character."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest
import sqlglot

from snowflake_components.identifiers import Expression, Identifier, QualifiedName, StagePath, Word
from snowflake_components.statements import changes, descriptions, external_tables, file_formats, kinds, stages, tables
from snowflake_components.statements.changes import (
    AddVirtualColumn,
    RegisteredFiles,
    Rename,
    ReplaceExternalTable,
    SetAutoRefresh,
    SetProperties,
    SetTableComment,
    ShowObjects,
)
from snowflake_components.statements.descriptions import Describe, ExternalTableDdlOf, ShowGrants, ShowInAccount
from snowflake_components.statements.external_tables import CreateExternalTable, RefreshExternalTable, VirtualColumn
from snowflake_components.statements.file_formats import CreateFileFormat
from snowflake_components.statements.kinds import CurrentRole, ObjectType, ShowObject, Statement, UseRole
from snowflake_components.statements.stages import CreateStage, RefreshStage
from snowflake_components.statements.tables import AddColumns, CopyInto, CreateTable, TableColumn

STAGE = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("STAGE_FLINK_EVENT_LOG"))
TABLE = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("EXT_FLINK_EVENT_LOG"))
FORMAT = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("LINES"))
LANDED = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("EVENTS"))
COLUMNS = (
    TableColumn(Identifier("EVENT_ID"), "VARCHAR", Expression("$1:event:event_id::varchar"), not_null=True),
    TableColumn(Identifier("FILENAME"), "VARCHAR", Expression("METADATA$FILENAME")),
)

GOLDEN: dict[str, tuple[Statement, str]] = {
    "the plainest stage": (
        CreateStage(STAGE, "s3://hourglass/platform-events/landing/"),
        (
            'CREATE STAGE IF NOT EXISTS "AWS"."DEV"."STAGE_FLINK_EVENT_LOG"\n'
            "  URL = 's3://hourglass/platform-events/landing/'"
        ),
    ),
    "a stage with everything": (
        CreateStage(
            STAGE,
            "s3://hourglass/platform-events/landing/",
            storage_integration=Identifier("aws-integration"),
            directory_auto_refresh=False,
            file_format={"TYPE": Word("JSON"), "STRIP_OUTER_ARRAY": True, "FILE_EXTENSION": ".jsonl"},
            comment="Tom & Jerry's\nstage \\ ☃ <b>",
        ),
        (
            'CREATE STAGE IF NOT EXISTS "AWS"."DEV"."STAGE_FLINK_EVENT_LOG"\n'
            "  URL = 's3://hourglass/platform-events/landing/'\n"
            '  STORAGE_INTEGRATION = "aws-integration"\n'
            "  DIRECTORY = (ENABLE = TRUE AUTO_REFRESH = FALSE REFRESH_ON_CREATE = FALSE)\n"
            "  FILE_FORMAT = (TYPE = JSON STRIP_OUTER_ARRAY = TRUE FILE_EXTENSION = '.jsonl')\n"
            "  COMMENT = 'Tom & Jerry''s\nstage \\\\ ☃ <b>'"
        ),
    ),
    "refresh of a whole stage": (
        RefreshStage(STAGE),
        'ALTER STAGE "AWS"."DEV"."STAGE_FLINK_EVENT_LOG" REFRESH',
    ),
    "refresh of one hour of a stage": (
        RefreshStage(STAGE, "2025/08/01/03/"),
        'ALTER STAGE "AWS"."DEV"."STAGE_FLINK_EVENT_LOG" REFRESH SUBPATH = \'2025/08/01/03/\'',
    ),
    "the plainest table": (
        CreateExternalTable(TABLE, (), StagePath(STAGE), {"TYPE": Word("JSON")}),
        (
            'CREATE EXTERNAL TABLE IF NOT EXISTS "AWS"."DEV"."EXT_FLINK_EVENT_LOG"\n'
            '  LOCATION = @"AWS"."DEV"."STAGE_FLINK_EVENT_LOG"/\n'
            "  AUTO_REFRESH = FALSE\n"
            "  REFRESH_ON_CREATE = FALSE\n"
            "  FILE_FORMAT = (TYPE = JSON)"
        ),
    ),
    "a table with everything": (
        CreateExternalTable(
            TABLE,
            (
                VirtualColumn(Identifier("FILENAME"), "VARCHAR", Expression("METADATA$FILENAME")),
                VirtualColumn(Identifier("EVENT_ID"), "VARCHAR", Expression("value:event:event_id::varchar")),
            ),
            StagePath(STAGE, "2025/"),
            {"FORMAT_NAME": '"AWS"."DEV"."LINES"'},
            partition_by=(Identifier("FILENAME"),),
            pattern=r".*\.jsonl",
            auto_refresh=True,
            comment="it's here",
        ),
        (
            'CREATE EXTERNAL TABLE IF NOT EXISTS "AWS"."DEV"."EXT_FLINK_EVENT_LOG" (\n'
            '    "FILENAME" VARCHAR AS (METADATA$FILENAME),\n'
            '    "EVENT_ID" VARCHAR AS (value:event:event_id::varchar)\n'
            "  )\n"
            '  PARTITION BY ("FILENAME")\n'
            '  LOCATION = @"AWS"."DEV"."STAGE_FLINK_EVENT_LOG"/2025/\n'
            "  AUTO_REFRESH = TRUE\n"
            "  REFRESH_ON_CREATE = FALSE\n"
            "  PATTERN = '.*\\\\.jsonl'\n"
            '  FILE_FORMAT = (FORMAT_NAME = \'"AWS"."DEV"."LINES"\')\n'
            "  COMMENT = 'it''s here'"
        ),
    ),
    "refresh of a whole table": (
        RefreshExternalTable(TABLE),
        'ALTER EXTERNAL TABLE "AWS"."DEV"."EXT_FLINK_EVENT_LOG" REFRESH',
    ),
    "refresh of one hour of a table": (
        RefreshExternalTable(TABLE, "2025/08/01/03/"),
        'ALTER EXTERNAL TABLE "AWS"."DEV"."EXT_FLINK_EVENT_LOG" REFRESH \'2025/08/01/03/\'',
    ),
    "look for a stage": (
        ShowObject(ObjectType.STAGE, STAGE),
        'SHOW STAGES LIKE \'STAGE_FLINK_EVENT_LOG\' IN SCHEMA "AWS"."DEV"',
    ),
    "look for a table": (
        ShowObject(ObjectType.EXTERNAL_TABLE, TABLE),
        'SHOW EXTERNAL TABLES LIKE \'EXT_FLINK_EVENT_LOG\' IN SCHEMA "AWS"."DEV"',
    ),
    "the plainest file format": (
        CreateFileFormat(FORMAT, {"TYPE": Word("JSON")}),
        'CREATE FILE FORMAT IF NOT EXISTS "AWS"."DEV"."LINES"\n  TYPE = JSON',
    ),
    "a file format with options": (
        CreateFileFormat(
            FORMAT,
            {"TYPE": Word("CSV"), "NULL_IF": ["", "NULL"], "FIELD_DELIMITER": "|", "SKIP_HEADER": 1},
            comment="c",
        ),
        (
            'CREATE FILE FORMAT IF NOT EXISTS "AWS"."DEV"."LINES"\n'
            "  TYPE = CSV\n"
            "  NULL_IF = ('', 'NULL')\n"
            "  FIELD_DELIMITER = '|'\n"
            "  SKIP_HEADER = 1\n"
            "  COMMENT = 'c'"
        ),
    ),
    "a table": (
        CreateTable(LANDED, COLUMNS, comment="c"),
        (
            'CREATE TABLE IF NOT EXISTS "AWS"."DEV"."EVENTS" (\n'
            '    "EVENT_ID" VARCHAR NOT NULL,\n'
            '    "FILENAME" VARCHAR\n'
            "  )\n"
            "  COMMENT = 'c'"
        ),
    ),
    "more columns": (
        AddColumns(LANDED, COLUMNS[1:]),
        'ALTER TABLE "AWS"."DEV"."EVENTS" ADD COLUMN "FILENAME" VARCHAR',
    ),
    "load of a whole location": (
        CopyInto(LANDED, COLUMNS[:1], StagePath(STAGE), {"TYPE": Word("JSON")}, Word("ABORT_STATEMENT")),
        (
            'COPY INTO "AWS"."DEV"."EVENTS" ("EVENT_ID")\n'
            "  FROM (SELECT\n"
            "    $1:event:event_id::varchar\n"
            '    FROM @"AWS"."DEV"."STAGE_FLINK_EVENT_LOG"/)\n'
            "  FILE_FORMAT = (TYPE = JSON)\n"
            "  ON_ERROR = ABORT_STATEMENT"
        ),
    ),
    "load of one hour with everything": (
        CopyInto(
            LANDED,
            COLUMNS,
            StagePath(STAGE, "x/"),
            {"FORMAT_NAME": '"AWS"."DEV"."LINES"'},
            "SKIP_FILE_5%",
            pattern=".*[.]jsonl",
            load_uncertain_files=True,
            path="2025/08/01/03/",
        ),
        (
            'COPY INTO "AWS"."DEV"."EVENTS" ("EVENT_ID", "FILENAME")\n'
            "  FROM (SELECT\n"
            "    $1:event:event_id::varchar,\n"
            "    METADATA$FILENAME\n"
            '    FROM @"AWS"."DEV"."STAGE_FLINK_EVENT_LOG"/x/2025/08/01/03/)\n'
            "  PATTERN = '.*[.]jsonl'\n"
            '  FILE_FORMAT = (FORMAT_NAME = \'"AWS"."DEV"."LINES"\')\n'
            "  ON_ERROR = 'SKIP_FILE_5%'\n"
            "  LOAD_UNCERTAIN_FILES = TRUE"
        ),
    ),
    "all stages of a schema": (ShowObjects(ObjectType.STAGE, STAGE), 'SHOW STAGES IN SCHEMA "AWS"."DEV"'),
    "all external tables of a schema": (
        ShowObjects(ObjectType.EXTERNAL_TABLE, TABLE),
        'SHOW EXTERNAL TABLES IN SCHEMA "AWS"."DEV"',
    ),
    "properties of a stage": (
        SetProperties(ObjectType.STAGE, STAGE, ("FILE_FORMAT = (TYPE = CSV)", "COMMENT = 'it''s'")),
        'ALTER STAGE "AWS"."DEV"."STAGE_FLINK_EVENT_LOG" SET\n  FILE_FORMAT = (TYPE = CSV)\n  COMMENT = \'it\'\'s\'',
    ),
    "notifications of a table": (
        SetAutoRefresh(TABLE, enabled=False),
        'ALTER EXTERNAL TABLE "AWS"."DEV"."EXT_FLINK_EVENT_LOG" SET AUTO_REFRESH = FALSE',
    ),
    "comment of a table": (
        SetTableComment(TABLE, "it's"),
        'COMMENT ON TABLE "AWS"."DEV"."EXT_FLINK_EVENT_LOG" IS \'it\'\'s\'',
    ),
    "registered files": (
        RegisteredFiles(TABLE),
        (
            'SELECT FILE_NAME FROM TABLE("AWS".INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES('
            'TABLE_NAME => \'"AWS"."DEV"."EXT_FLINK_EVENT_LOG"\'))'
        ),
    ),
    "one more column of an external table": (
        AddVirtualColumn(TABLE, VirtualColumn(Identifier("N"), "INT", Expression("value:n::int"))),
        ('ALTER TABLE "AWS"."DEV"."EXT_FLINK_EVENT_LOG" ADD COLUMN IF NOT EXISTS "N" INT AS (value:n::int)'),
    ),
    "another name": (
        Rename(ObjectType.FILE_FORMAT, FORMAT, QualifiedName(FORMAT.database, FORMAT.schema, Identifier("b"))),
        'ALTER FILE FORMAT "AWS"."DEV"."LINES" RENAME TO "AWS"."DEV"."b"',
    ),
    "properties of a stage that exists": (
        Describe(ObjectType.STAGE, STAGE),
        'DESCRIBE STAGE "AWS"."DEV"."STAGE_FLINK_EVENT_LOG"',
    ),
    "statement of an external table": (
        ExternalTableDdlOf(TABLE),
        'SELECT GET_DDL(\'TABLE\', \'"AWS"."DEV"."EXT_FLINK_EVENT_LOG"\') AS DDL',
    ),
    "all pipes": (ShowInAccount("PIPES"), "SHOW PIPES IN ACCOUNT"),
    "who may use a stage": (
        ShowGrants(ObjectType.STAGE, STAGE),
        'SHOW GRANTS ON STAGE "AWS"."DEV"."STAGE_FLINK_EVENT_LOG"',
    ),
    "a table again": (
        ReplaceExternalTable(CreateExternalTable(TABLE, (), StagePath(STAGE), {"TYPE": Word("JSON")}, comment="c")),
        (
            'CREATE OR REPLACE EXTERNAL TABLE "AWS"."DEV"."EXT_FLINK_EVENT_LOG"\n'
            '  LOCATION = @"AWS"."DEV"."STAGE_FLINK_EVENT_LOG"/\n'
            "  AUTO_REFRESH = FALSE\n"
            "  REFRESH_ON_CREATE = FALSE\n"
            "  FILE_FORMAT = (TYPE = JSON)\n"
            "  COPY GRANTS\n"
            "  COMMENT = 'c'"
        ),
    ),
    "ask for the role": (CurrentRole(), 'SELECT CURRENT_ROLE() AS "ROLE"'),
    "take a role": (UseRole(Identifier("AWS_WRITER")), 'USE ROLE "AWS_WRITER"'),
}


@pytest.mark.parametrize(("statement", "sql"), GOLDEN.values(), ids=GOLDEN.keys())
def test_a_statement_reads_exactly_so(statement: Statement, sql: str) -> None:
    """Names are qualified and quoted; options that Snowflake enables by default are written out."""
    assert statement.sql == sql


def test_every_statement_of_the_package_is_expected_here() -> None:
    """A new kind of statement must be added above, where its text and its words are checked."""
    found: set[type] = {
        kind
        for module in (changes, descriptions, external_tables, file_formats, kinds, stages, tables)
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and is_dataclass(kind)
    }
    assert found - {VirtualColumn, TableColumn} == {type(statement) for statement, _ in GOLDEN.values()}


SENT = pytest.mark.parametrize("statement", [statement for statement, _ in GOLDEN.values()], ids=GOLDEN.keys())


@SENT
def test_no_semicolon_stands_outside_quotes(statement: Statement) -> None:
    """Without a semicolon no second statement can begin."""
    assert [] == [token for token in sqlglot.tokenize(statement.sql, dialect="snowflake") if token.text == ";"]


@SENT
def test_a_statement_drops_nothing_and_only_an_external_table_is_replaced(statement: Statement) -> None:
    """No other statement has a destructive keyword outside of quotes."""
    if isinstance(statement, ReplaceExternalTable):
        return
    words = {token.text.upper() for token in sqlglot.tokenize(statement.sql, dialect="snowflake")}
    assert not words & {"REPLACE", "OR REPLACE", "DROP", "TRUNCATE", "DELETE"}
