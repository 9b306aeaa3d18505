"""Dialect and default names of Mode's data sources."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.metapipeline.bi.mode.answers import DataSourceRow
from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.relations import RelationName

_SNOWFLAKE = "snowflake"
_DIALECTS = {
    "athena": "athena",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "databricks": "databricks",
    "druid": "druid",
    "hive": "hive",
    "impala": "hive",
    "mysql": "mysql",
    "oracle": "oracle",
    "oracleadb": "oracle",
    "postgresql": "postgres",
    "presto": "presto",
    "redshift": "redshift",
    "snowflake": _SNOWFLAKE,
    "spark": "spark",
    "sqlserver": "tsql",
    "teradata": "teradata",
    "treasuredata": "presto",
    "trino": "trino",
}
"""Mode's adapters, `jdbc:<name>`, and the dialects of sqlglot; another adapter has none."""


def place_of(source: DataSourceRow, schemas: Mapping[str, str]) -> Place:
    """Return where the queries of a data source run.

    Args:
        source: as Mode lists it; it has a database and no schema.
        schemas: default schema by the name of the data source.
    """
    dialect = _DIALECTS.get(source.adapter.removeprefix("jdbc:"), "") if source.adapter else Place().dialect
    schema = schemas.get(source.name)
    if dialect != _SNOWFLAKE:
        return Place(dialect, source.database or None, schema)
    return Place(dialect, _stored(source.database), _stored(schema or ""))


def _stored(name: str) -> str | None:
    """Fold a name as Snowflake does when a connection names it; a name that needs quotes is taken as it is."""
    if not name:
        return None
    try:
        parts = RelationName.parse(name).parts
    except RelationNameError:
        return name
    return parts[0] if len(parts) == 1 else name
