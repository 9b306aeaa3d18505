"""SHOW and DESC of external tables, with the columns of Snowflake."""

from __future__ import annotations

import re
from collections.abc import Callable

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.statements import Scope, Show
from infra.local_snowflake.objects.registry import ExternalTable

OWNER = "SYSADMIN"
_TABLE_COLUMNS = {
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


def like_matches(pattern: str, text: str) -> bool:
    r"""Compare as SHOW ... LIKE does: case is ignored, `%` is any text, `_` any character, `\` takes the next as is."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.fullmatch("".join(parts), text, re.IGNORECASE | re.DOTALL) is not None


def shown(show: Show, scope: Scope, name: ObjectName) -> bool:
    """Return whether a SHOW lists an object."""
    return (
        scope.database in {None, name.database}
        and scope.schema in {None, name.schema}
        and (show.like is None or like_matches(show.like, name.name))
        and name.name.startswith(show.starts_with)
    )


def show_external_tables(
    show: Show, scope: Scope, tables: list[ExternalTable], invalid_reason: Callable[[ExternalTable], str]
) -> Answer:
    """List external tables."""
    rows = []
    for table in tables:
        if not shown(show, scope, table.name):
            continue
        reason = invalid_reason(table)
        rows.append(
            (
                table.created_on,
                table.name.name,
                table.name.database,
                table.name.schema,
                "true" if reason else "false",
                reason or None,
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
        )
    return Answer(tuple(_TABLE_COLUMNS), tuple(_TABLE_COLUMNS.values()), tuple(rows[: show.limit]))


def describe_external_table(table: ExternalTable) -> Answer:
    """List a table's columns, VALUE first."""
    columns = (
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
    rows: list[tuple[str | None, ...]] = [
        ("VALUE", "VARIANT", "COLUMN", "Y", None, "N", "N", None, None, "The value of this row")
    ]
    rows += [
        (
            column.name,
            column.type_sql or "VARIANT",
            "VIRTUAL_COLUMN",
            "Y",
            None,
            "N",
            "N",
            None,
            column.expression,
            None,
        )
        for column in table.columns
    ]
    return Answer.of_text(columns, rows)
