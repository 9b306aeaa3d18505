"""The views of a schema, as Snowflake lists them."""

from __future__ import annotations

from snowflake_components.connection import SnowflakeSettings, open_session
from snowflake_components.identifiers import Identifier


def view_names(settings: SnowflakeSettings) -> frozenset[str]:
    """Return the names of the views in the schema of the settings, of more than 10,000 not all.

    Raises:
        SnowflakeError: no server answers, or the schema is not there.
    """
    with open_session(settings) as session:
        rows = session.execute(views_statement(Identifier(settings.database), Identifier(settings.schema_name))).rows
    return frozenset(str(row["name"]) for row in rows)


def views_statement(database: Identifier, schema: Identifier) -> str:
    """Return the statement that lists the views of a schema; it needs no warehouse."""
    return f"SHOW TERSE VIEWS IN SCHEMA {database.sql}.{schema.sql}"
