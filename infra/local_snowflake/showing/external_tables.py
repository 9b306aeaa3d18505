"""SHOW, DESC and GET_DDL of external tables, with the columns of Snowflake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.names import literal, quote
from infra.local_snowflake.language.statements import Scope, Show
from infra.local_snowflake.language.tokens import tokenize
from infra.local_snowflake.objects.stored import ExternalTable
from infra.local_snowflake.showing.objects import OWNER, shown

_COLUMNS = {
    "created_on": "time",
    "name": "text",
    "database_name": "text",
    "schema_name": "text",
    "invalid": "text",
    "invalid_reason": "text",
    "owner": "text",
    "comment": "text",
    "stage": "text",
    "location": "text",
    "file_format_name": "text",
    "file_format_type": "text",
    "cloud": "text",
    "region": "text",
    "notification_channel": "text",
    "last_refreshed_on": "time",
    "table_format": "text",
    "last_refresh_details": "text",
    "owner_role_type": "text",
}
_TERSE = {"created_on": "time", "name": "text", "kind": "text", "database_name": "text", "schema_name": "text"}
_DESCRIBED = (
    "name",
    "type",
    "kind",
    "null?",
    "default",
    "primary key",
    "unique key",
    "check",
    "expression",
    "comment",
)


def show_external_tables(
    show: Show, scope: Scope, tables: Iterable[ExternalTable], invalid_reason: Callable[[ExternalTable], str]
) -> Answer:
    """List external tables by name."""
    found = _page(show, [table for table in tables if shown(show, scope, table.name)])
    if show.terse:
        rows = [
            (table.created_on, table.name.name, "EXTERNAL_TABLE", table.name.database, table.name.schema)
            for table in found
        ]
        return Answer(tuple(_TERSE), tuple(_TERSE.values()), tuple(rows))
    listed = [_row(table, invalid_reason(table)) for table in found]
    return Answer(tuple(_COLUMNS), tuple(_COLUMNS.values()), tuple(listed))


def _page(show: Show, tables: list[ExternalTable]) -> list[ExternalTable]:
    """Return the rows of LIMIT n FROM 'x': those after the first one whose name starts with x."""
    if show.from_name:
        names = [table.name.name for table in tables]
        first = next((at for at, name in enumerate(names) if name.startswith(show.from_name)), None)
        later = [table for table in tables if table.name.name > show.from_name]
        tables = later if first is None else tables[first + 1 :]
    return tables[: show.limit]


def _row(table: ExternalTable, invalid_reason: str) -> tuple[object, ...]:
    return (
        table.created_on,
        table.name.name,
        table.name.database,
        table.name.schema,
        "true" if invalid_reason else "false",
        invalid_reason or None,
        OWNER,
        table.comment,
        f'"{table.stage.database}"."{table.stage.schema}"."{table.stage.name}"',
        f"@{table.stage}/{table.path}",
        table.file_format_name,
        str(table.file_format["TYPE"]),
        "AWS",
        None,
        table.aws_sns_topic,
        table.last_refreshed_on,
        "UNSPECIFIED",
        None,
        "ROLE",
    )


def describe_external_table(table: ExternalTable) -> Answer:
    """List a table's columns, VALUE first."""
    rows: list[tuple[str | None, ...]] = [
        ("VALUE", "VARIANT", "COLUMN", "Y", None, "N", "N", None, None, "The value of this row")
    ]
    rows += [
        (
            column.name,
            shown_type(column.type_sql),
            "VIRTUAL",
            "N" if column.not_null else "Y",
            None,
            "Y" if column.primary_key else "N",
            "Y" if column.unique else "N",
            None,
            column.expression,
            column.comment,
        )
        for column in table.columns
    ]
    return Answer.of_text(_DESCRIBED, rows)


_PLAIN = {
    "STRING": "VARCHAR(16777216)",
    "TEXT": "VARCHAR(16777216)",
    "VARCHAR": "VARCHAR(16777216)",
    "CHAR": "VARCHAR(1)",
    "CHARACTER": "VARCHAR(1)",
    "DOUBLE": "FLOAT",
    "DOUBLE PRECISION": "FLOAT",
    "REAL": "FLOAT",
    "FLOAT4": "FLOAT",
    "FLOAT8": "FLOAT",
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "DATETIME": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_NTZ": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_LTZ": "TIMESTAMP_LTZ(9)",
    "TIMESTAMP_TZ": "TIMESTAMP_TZ(9)",
    "BINARY": "BINARY(8388608)",
    "VARBINARY": "BINARY(8388608)",
} | dict.fromkeys(
    ("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT", "NUMBER", "NUMERIC", "DECIMAL"), "NUMBER(38,0)"
)


def shown_type(type_sql: str | None) -> str:
    """Return a type as DESC shows it: `int` is NUMBER(38,0); None is VARIANT."""
    text = " ".join((type_sql or "VARIANT").upper().split())
    if text in _PLAIN:
        return _PLAIN[text]
    found = re.fullmatch(r"(\w+)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", text)
    if not found:
        return text
    name = _PLAIN.get(found[1], found[1]).partition("(")[0]
    return f"NUMBER({found[2]},{found[3] or 0})" if name == "NUMBER" else f"{name}({found[2]})"


def ddl(table: ExternalTable) -> str:
    """Return the statement that creates a table again."""
    columns = [
        f"\t{quote(column.name)} {shown_type(column.type_sql)} AS {_bracketed(column.expression)}"
        + (" NOT NULL" if column.not_null else "")
        for column in table.columns
    ]
    head = f"create or replace external table {quote(table.name.name)}"
    lines = [f"{head}(", ",\n".join(columns), ")"] if columns else [head]
    if table.partition_by:
        lines.append(f"partition by ({', '.join(map(quote, table.partition_by))})")
    if table.user_specified:
        lines.append("partition_type = USER_SPECIFIED")
    lines.append(f"location=@{table.stage.name}/{table.path}")
    lines.append(f"auto_refresh={str(table.auto_refresh).lower()}")
    if table.pattern:
        lines.append(f"pattern={literal(table.pattern)}")
    if table.comment:
        lines.append(f"comment={literal(table.comment)}")
    lines.append(f"file_format=({_format(table)})")
    return "\n".join(lines) + "\n;"


def _bracketed(expression: str) -> str:
    depth = 0
    for token in tokenize(expression):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return expression if token.end == len(expression) and expression[0] == "(" else f"({expression})"
    return f"({expression})"


def _format(table: ExternalTable) -> str:
    if table.file_format_name:
        return f"FORMAT_NAME={literal(table.file_format_name)}"
    form = FileFormat.of(table.file_format)
    return " ".join([f"TYPE={literal(form.type)}", *(f"{name}={_option(value)}" for name, value in form.given.items())])


def _option(value: object) -> str:
    if isinstance(value, bool | int):
        return str(value).upper()
    if isinstance(value, tuple | list):
        return f"({', '.join(literal(str(text)) for text in value)})"
    return "NONE" if value is None else literal(str(value))
