"""What Snowflake prints of an object, read as the fields of a document."""

from __future__ import annotations

from typing import Any

import pytest

from snowflake_components.describing.ddl import read_ddl
from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.describing.file_formats import format_fields, options_in_json, options_in_rows
from snowflake_components.describing.objects import describe
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.work import QueryResult

NAME = QualifiedName(Identifier("D"), Identifier("S"), Identifier("X"))
DDL = """\
create or replace external table X(
\tDAY DATE AS (TO_DATE(SPLIT_PART(METADATA$FILENAME, '/', 2), 'YYYY, (MM)')),
\t"a \"\"b\"\"\" VARCHAR(20) AS (CAST(GET(VALUE, 'as (x), y') AS VARCHAR(20))),
\tBARE NUMBER(38,0) AS VALUE:n::NUMBER)
partition by (DAY)
location=@S/x y/(z)/
auto_refresh=true
pattern='it''s .*\\\\d'
file_format=(TYPE=CSV NULL_IF=('a', 'b''c') SKIP_HEADER=1 FIELD_DELIMITER='\\t' TRIM_SPACE=TRUE)
;"""


def _says(*rows: dict[str, Any]) -> Any:
    return lambda _: QueryResult((), tuple(rows), "q")


def _property(parent: str, name: str, value: str, usual: str = "", kind: str = "String") -> dict[str, str]:
    found = {"property": name, "property_type": kind, "property_value": value, "property_default": usual}
    return {"parent_property": parent, **found}


def test_the_statement_of_an_external_table_is_read_whatever_its_texts_hold() -> None:
    """Brackets, commas and AS inside of texts and expressions are none of the statement."""
    found = read_ddl(DDL)
    assert [
        ("DAY", "DATE", "TO_DATE(SPLIT_PART(METADATA$FILENAME, '/', 2), 'YYYY, (MM)')"),
        ('a "b"', "VARCHAR(20)", "CAST(GET(VALUE, 'as (x), y') AS VARCHAR(20))"),
        ("BARE", "NUMBER(38,0)", "VALUE:n::NUMBER"),
    ] == [(one.name.name, one.type_sql, one.expression) for one in found.columns]
    assert [Identifier("DAY")] == found.partition_by
    assert {
        "LOCATION": "@S/x y/(z)/",
        "AUTO_REFRESH": True,
        "PATTERN": r"it's .*\d",
        "FILE_FORMAT": {
            "TYPE": "CSV",
            "NULL_IF": ["a", "b'c"],
            "SKIP_HEADER": 1,
            "FIELD_DELIMITER": "\t",
            "TRIM_SPACE": True,
        },
    } == found.properties


@pytest.mark.parametrize("head", ['"A (b)"', 'D.S."A (b)"', '"A (b)"(\n)'])
def test_a_table_without_columns_is_read(head: str) -> None:
    """With empty brackets or none; a location in brackets is no columns."""
    found = read_ddl(f"create or replace external table {head}\nlocation=@S/(z)/\nauto_refresh=false\n;")
    assert [] == found.columns
    assert {"LOCATION": "@S/(z)/", "AUTO_REFRESH": False} == found.properties


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("create or replace table T (A INT)", "no external table"),
        (DDL.replace("partition by (DAY)", "row access policy P on (DAY)"), "ROW"),
        (DDL[:120], "ends early"),
        (DDL.replace(" AS (TO_DATE", " (TO_DATE"), "no expression"),
    ],
)
def test_a_statement_of_another_form_is_refused(sql: str, said: str) -> None:
    """A part that nobody knows is never left out."""
    with pytest.raises(NotDescribableError, match=said):
        read_ddl(sql)


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"TYPE": "JSON", "NULL_IF": [], "ALLOW_DUPLICATE": True}, {"type": "JSON", "allow_duplicate": True}),
        ({"TYPE": "CSV", "NULL_IF": ["\\N"], "ESCAPE": None}, {"type": "CSV"}),
        ({"TYPE": "CSV", "ESCAPE_UNENCLOSED_FIELD": None}, {"type": "CSV", "escape_unenclosed_field": "NONE"}),
        ({"TYPE": "CSV", "MULTI_LINE": True, "VALIDATE_UTF8": True}, {"type": "CSV"}),
    ],
)
def test_an_option_with_its_default_is_not_written(options: dict[str, Any], fields: dict[str, Any]) -> None:
    """A document has what somebody chose."""
    assert fields == format_fields(options)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"TYPE": "XML"}, "XML"), ({"TYPE": "CSV", "MULTI_LINE": False}, "MULTI_LINE = FALSE")],
)
def test_an_option_that_documents_lack_is_named(options: dict[str, Any], said: str) -> None:
    """It would be lost in the document."""
    with pytest.raises(NotDescribableError, match=said):
        format_fields(options)


def test_show_and_desc_of_a_file_format_say_the_same() -> None:
    """DESC prints escapes and lists as text, SHOW as JSON."""
    shown = options_in_json(r'{"TYPE":"CSV","FIELD_DELIMITER":"\t","NULL_IF":["\\N","x"],"SKIP_HEADER":2}')
    described = options_in_rows(
        [
            _property("", "TYPE", "CSV"),
            _property("", "FIELD_DELIMITER", r"\t"),
            _property("", "NULL_IF", r'["\N", "x"]', kind="List"),
            _property("", "SKIP_HEADER", "2", kind="Integer"),
        ]
    )
    assert format_fields(shown) == format_fields(described)
    assert ["\\N", "x"] == options_in_rows([_property("", "NULL_IF", r"[\\N, x]", kind="List")])["NULL_IF"]


STAGE = {"type": "EXTERNAL", "url": "s3://b/p/", "has_credentials": "N", "has_encryption_key": "N", "comment": "c"}
TABLE = {"kind": "TABLE", "is_external": "N", "cluster_by": "", "comment": ""}
COLUMN = {"name": "A", "type": "INT", "kind": "COLUMN", "null?": "Y", "default": None, "primary key": "N"}


@pytest.mark.parametrize(
    ("kind", "row", "rows", "said"),
    [
        (ObjectType.STAGE, {**STAGE, "type": "INTERNAL"}, [], "internal stage"),
        (ObjectType.STAGE, {**STAGE, "type": "EXTERNAL TEMPORARY"}, [], "temporary"),
        (ObjectType.STAGE, {**STAGE, "has_credentials": "Y"}, [], "credentials"),
        (ObjectType.STAGE, STAGE, [_property("STAGE_COPY_OPTIONS", "PURGE", "true", "false")], "PURGE = true"),
        (ObjectType.TABLE, {**TABLE, "kind": "TRANSIENT"}, [], "transient"),
        (ObjectType.TABLE, {**TABLE, "is_iceberg": "Y"}, [], "is_iceberg"),
        (ObjectType.TABLE, {**TABLE, "cluster_by": "LINEAR(A)"}, [], "CLUSTER BY"),
        (ObjectType.TABLE, TABLE, [{**COLUMN, "default": "3"}], "column A has a default"),
        (ObjectType.TABLE, TABLE, [{**COLUMN, "primary key": "Y"}], "column A has a primary key"),
        (ObjectType.EXTERNAL_TABLE, {"table_format": "DELTA"}, [], "DELTA"),
        (ObjectType.FILE_FORMAT, {}, [], "no options"),
    ],
)
def test_what_no_document_says_is_refused_by_name(
    kind: ObjectType, row: dict[str, Any], rows: list[dict[str, Any]], said: str
) -> None:
    """An export that left it out would make another object."""
    with pytest.raises(NotDescribableError, match=said):
        describe(_says(*rows), kind, NAME, row)
