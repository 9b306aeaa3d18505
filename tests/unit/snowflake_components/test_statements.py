"""The sent SQL character by character: every statement has a golden, and no other one can be sent."""

from __future__ import annotations

import os
from dataclasses import is_dataclass
from unittest.mock import patch

import pytest
import sqlglot

from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.documents.file_formats import _OPTIONS
from snowflake_components.statements import changes, descriptions, external_tables, file_formats, kinds, stages, tables
from snowflake_components.statements.external_tables import VirtualColumn
from snowflake_components.statements.tables import TableColumn
from snowflake_components.work import read_rows
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.goldens.guard import UnreviewedStatementError
from tests.goldens.rendered import Rendered, rendered
from tests.goldens.shapes import format_options, shape_of, shapes
from tests.goldens.texts import FILES, PLACE, texts

with patch.dict(os.environ, clear=True):
    SENT = tuple(rendered(PLACE))
EACH = pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.golden)


def test_every_statement_reads_as_it_was_reviewed() -> None:
    """`python -m tests.goldens.texts` writes the files: review the difference against the page of the file."""
    written = {file.name: file.read_text(encoding="utf-8") for file in FILES.glob("*.sql")}
    assert written == texts()


@EACH
def test_a_statement_has_its_shape_and_no_other(sent: Rendered) -> None:
    """So the shape says which statement it was reviewed with."""
    assert [sent.golden] == [shape.name for shape in shapes() if shape.matches(sent.sql)]


def test_every_shape_has_a_statement_and_every_kind_of_statement_has_a_shape() -> None:
    """A new kind of statement needs a golden, where its text and its words are checked."""
    assert {shape.name for shape in shapes()} == {sent.golden for sent in SENT}
    found: set[type] = {
        kind
        for module in (changes, descriptions, external_tables, file_formats, kinds, stages, tables)
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and is_dataclass(kind)
    }
    assert found - {VirtualColumn, TableColumn} == {type(sent.statement) for sent in SENT if sent.statement}


NEW_STAGE = 'CREATE STAGE IF NOT EXISTS "AWS"."DEV"."S" URL = \'s3://b/\''
NEW_TABLE = 'EXTERNAL TABLE "AWS"."DEV"."T" LOCATION = @"AWS"."DEV"."S"/ AUTO_REFRESH = FALSE REFRESH_ON_CREATE = FALSE'
LOAD = 'COPY INTO "AWS"."DEV"."T" ("A") FROM (SELECT $1 FROM @"AWS"."DEV"."S"/) FILE_FORMAT = (TYPE = JSON)'


@pytest.mark.parametrize(
    "sql",
    [
        'DROP STAGE "AWS"."DEV"."S"',
        NEW_STAGE.replace("IF NOT EXISTS ", "").replace("CREATE", "CREATE OR REPLACE"),
        NEW_STAGE.replace('"AWS"."DEV"."S"', "S"),
        f"{NEW_STAGE} CREDENTIALS = (AWS_KEY_ID = 'x')",
        f"{NEW_STAGE} FILE_FORMAT = (TYPE = JSON MULTI_LINE = TRUE)",
        f"{NEW_STAGE} FILE_FORMAT = (TYPE = JSON SKIP_HEADER = 1)",
        f"{NEW_STAGE} FILE_FORMAT = (TYPE = XML)",
        f"{NEW_STAGE}; DROP TABLE X",
        'ALTER EXTERNAL TABLE "AWS"."DEV"."T" ADD FILES (\'a\')',
        f"CREATE OR REPLACE {NEW_TABLE} FILE_FORMAT = (TYPE = JSON)",
        f"{LOAD} ON_ERROR = CONTINUE FORCE = TRUE",
        LOAD,
        'DELETE FROM "AWS"."DEV"."T"',
    ],
)
def test_a_statement_that_nobody_reviewed_has_no_shape(sql: str) -> None:
    """Another verb, a name without its schema, a clause more, a clause less, a second statement."""
    assert shape_of(sql) is None


@pytest.mark.filterwarnings(FOREIGN_WARNING)
def test_the_product_cannot_send_a_statement_without_a_golden(own_schema: SnowflakeSettings) -> None:
    """In every test with a session; what a test or a person sends is not the product's."""
    query(own_schema, "CREATE TABLE T (A INT)")
    with pytest.raises(UnreviewedStatementError, match="TRUNCATE TABLE T"):
        read_rows(SnowflakeConnection(settings=own_schema), "TRUNCATE TABLE T")


def test_a_document_has_the_documented_options_of_each_file_format() -> None:
    """None is missing, and none belongs to another type."""
    documents = {kind.value: {name.upper() for name in names} for kind, names in _OPTIONS.items()}
    assert documents == {kind: {*names} for kind, names in format_options().items()}


@EACH
def test_no_semicolon_stands_outside_quotes(sent: Rendered) -> None:
    """Without a semicolon no second statement can begin."""
    assert [] == [token for token in sqlglot.tokenize(sent.sql, dialect="snowflake") if token.text == ";"]


DESTRUCTIVE = {"REPLACE", "OR REPLACE", "DROP", "TRUNCATE", "DELETE"}
MAY_DESTROY = {
    "replace external table": {"REPLACE", "OR REPLACE"},
    "delete frame": {"DELETE"},
    "delete built hours": {"DELETE"},
}
"""An external table has no rows of its own, and a frame that is written again has its rows in the same transaction."""


@EACH
def test_a_statement_drops_nothing_and_only_frames_and_external_tables_are_replaced(sent: Rendered) -> None:
    """No other statement has a destructive keyword outside of quotes."""
    words = {token.text.upper() for token in sqlglot.tokenize(sent.sql, dialect="snowflake")}
    assert not words & (DESTRUCTIVE - MAY_DESTROY.get(sent.golden, set()))
