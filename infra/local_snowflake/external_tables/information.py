"""Views of INFORMATION_SCHEMA over the registry: EXTERNAL_TABLES, STAGES and FILE_FORMATS."""

from __future__ import annotations

from infra.local_snowflake.language.names import literal, quote
from infra.local_snowflake.language.tokens import Edit, Reader, Token, apply
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import DATABASE
from infra.local_snowflake.sessions import Session

_SCHEMA = "INFORMATION_SCHEMA"
_NAMES = """
    database_name AS "{kind}_CATALOG", schema_name AS "{kind}_SCHEMA", name AS "{kind}_NAME",
    'SYSADMIN' AS "{kind}_OWNER"
"""
_TIMES = """
    json_extract_string(definition, '$.created_on')::TIMESTAMPTZ AS "CREATED",
    json_extract_string(definition, '$.{altered}')::TIMESTAMPTZ AS "LAST_ALTERED",
    nullif(json_extract_string(definition, '$.comment'), '') AS "COMMENT"
"""


def _text(path: str) -> str:
    return f"json_extract_string(definition, '$.{path}')"


_VIEWS = {
    "EXTERNAL_TABLES": (
        "EXTERNAL_TABLE",
        f"""{_NAMES.format(kind="TABLE")}, {_TIMES.format(altered="last_refreshed_on")},
        '@' || {_text("stage.database")} || '.' || {_text("stage.schema")} || '.' || {_text("stage.name")}
            || '/' || {_text("path")} AS "LOCATION",
        {_text("file_format_name")} AS "FILE_FORMAT_NAME", {_text("file_format.TYPE")} AS "FILE_FORMAT_TYPE",
        NULL::VARCHAR AS "LAST_DDL_BY"
        """,
    ),
    "STAGES": (
        "STAGE",
        f"""{_NAMES.format(kind="STAGE")}, nullif({_text("url")}, '') AS "STAGE_URL", NULL::VARCHAR AS "STAGE_REGION",
        CASE WHEN {_text("url")} = '' THEN 'Internal Named' ELSE 'External Named' END AS "STAGE_TYPE",
        {_text("storage_integration")} AS "STORAGE_INTEGRATION", {_TIMES.format(altered="created_on")}
        """,
    ),
    "FILE_FORMATS": (
        "FILE_FORMAT",
        f"""{_NAMES.format(kind="FILE_FORMAT")},
        coalesce({_text("options.TYPE")}, 'CSV') AS "FILE_FORMAT_TYPE", {_TIMES.format(altered="created_on")}
        """,
    ),
}


def create_views(registry: Registry) -> None:
    """Create the views in the database of the registry."""
    with registry.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {DATABASE}.information")
        for name, (kind, columns) in _VIEWS.items():
            read = f"SELECT {columns} FROM {DATABASE}.main.objects WHERE kind = '{kind}'"  # noqa: S608 - constants
            cursor.execute(f"CREATE OR REPLACE VIEW {DATABASE}.information.{quote(name)} AS {read}")


def with_information_views(sql: str, session: Session) -> str:
    """Return the statement with these views of INFORMATION_SCHEMA read from the registry, for one database."""
    if _SCHEMA not in sql.upper():
        return sql
    reader = Reader(sql)
    edits: list[Edit] = []
    before: list[Token] = []
    while not reader.done:
        token = reader.take()
        view = reader.peek(1)
        if token.keyword == _SCHEMA and view is not None and view.name in _VIEWS and reader.accept("."):
            reader.take()
            qualified = len(before) > 1 and before[-1].text == "."
            database = before[-2].name if qualified else session.database or ""
            start = before[-2].start if qualified else token.start
            edits.append(Edit(start, view.end, _query(view.name, database, _has_alias(reader.peek()))))
        before.append(token)
    return apply(sql, edits)


def _query(view: str, database: str, aliased: bool) -> str:
    first = "TABLE" if view == "EXTERNAL_TABLES" else view.removesuffix("S")
    source = f"{quote(DATABASE)}.{quote('information')}.{quote(view)}"
    read = f"(SELECT * FROM {source} WHERE {first}_CATALOG = {literal(database)})"  # noqa: S608 - names of ours and a literal
    return read if aliased else f"{read} AS {quote(view)}"


def _has_alias(token: Token | None) -> bool:
    return token is not None and token.is_name and (token.keyword == "AS" or token.keyword not in _NO_ALIAS)


_NO_ALIAS = frozenset(
    {"WHERE", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ON", "USING", "GROUP", "ORDER", "HAVING"}
    | {"QUALIFY", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "MINUS", "FETCH", "OFFSET"}
)
