"""Where the queries of a connection run: dialect, default database and default schema from its URI."""

from __future__ import annotations

import re
from enum import Enum, auto
from urllib.parse import SplitResult, unquote, urlsplit

from orchestration.metapipeline.bi.workspace import Place

SNOWFLAKE = "snowflake"
_FOLDED = re.compile(r"[a-z_][a-z0-9_$]*")
_DIALECTS = {
    "awsathena": "athena",
    "clickhousedb": "clickhouse",
    "cockroachdb": "postgres",
    "mariadb": "mysql",
    "mssql": "tsql",
    "postgresql": "postgres",
    **{
        name: name
        for name in (
            "bigquery", "clickhouse", "databricks", "doris", "dremio", "drill", "druid", "duckdb", "exasol", "hive",
            "mysql", "oracle", "presto", "redshift", "snowflake", "sqlite", "starrocks", "teradata", "trino",
        )
    },
}  # fmt: skip
"""SQLAlchemy's name -> sqlglot's name, where there is one."""


class _UriForm(Enum):
    DATABASE_AND_SCHEMA = auto()
    """`//host/database/schema`"""
    DATABASE = auto()
    """`//host/database`; the default schema belongs to the user of the database."""
    SCHEMA = auto()
    """`//host/schema`: one level only."""
    HOST_AND_SCHEMA = auto()
    """`//project/dataset`"""
    FILE = auto()
    """`////path/of/a/file`; its tables are in the schema `main`."""


_FORMS = {
    **dict.fromkeys(("snowflake", "trino", "presto", "databricks", "starrocks", "doris"), _UriForm.DATABASE_AND_SCHEMA),
    **dict.fromkeys(("postgres", "redshift", "tsql"), _UriForm.DATABASE),
    **dict.fromkeys(("mysql", "clickhouse", "hive", "athena"), _UriForm.SCHEMA),
    "bigquery": _UriForm.HOST_AND_SCHEMA,
    **dict.fromkeys(("sqlite", "duckdb"), _UriForm.FILE),
}


def place_of(backend: str | None, uri: str) -> Place:
    """Return the place of a connection.

    Args:
        backend: SQLAlchemy's name of the database; an unknown one has the dialect `""`, sqlglot's general SQL.
        uri: of the connection; what it does not have is unknown.
    """
    dialect = _DIALECTS.get((backend or "").lower(), "")
    try:
        database, schema = _defaults(_FORMS.get(dialect), urlsplit(uri))
    except ValueError:
        return Place(dialect)
    return Place(dialect, _connected(dialect, database), _connected(dialect, schema))


def within(place: Place, catalog: str | None, schema: str | None) -> Place:
    """Return the place of a dataset or saved query, whose own catalog and schema precede those of its connection."""
    return Place(
        place.dialect,
        stored(place.dialect, catalog) if catalog else place.database,
        stored(place.dialect, schema) if schema else place.schema,
    )


def stored(dialect: str, name: str) -> str:
    """Return a name of SQLAlchemy as the warehouse stores it.

    SQLAlchemy shows the upper case names of Snowflake in lower case, and quotes every name that is not all lower case.
    """
    return name.upper() if dialect == SNOWFLAKE and _FOLDED.fullmatch(name) else name


def _defaults(form: _UriForm | None, uri: SplitResult) -> tuple[str | None, str | None]:
    parts = [unquote(part) or None for part in uri.path.lstrip("/").split("/")]
    first, second = parts[0], parts[1] if len(parts) > 1 else None
    match form:
        case _UriForm.DATABASE_AND_SCHEMA:
            return first, second
        case _UriForm.DATABASE:
            return first, None
        case _UriForm.SCHEMA:
            return None, first
        case _UriForm.HOST_AND_SCHEMA:
            return uri.hostname, first
        case _UriForm.FILE:
            return None, "main"
        case None:
            return None, None


def _connected(dialect: str, name: str | None) -> str | None:
    """Return a name of a URI as stored: Snowflake folds the names of a login to upper case, unless they are quoted."""
    if name is None or dialect != SNOWFLAKE:
        return name
    return name[1:-1] if name.startswith('"') and name.endswith('"') else name.upper()
