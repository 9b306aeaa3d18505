"""The resources of the landing part, built from the settings of this process."""

import dagster as dg

from orchestration.landing.warehouse import ExternalTable
from orchestration.settings import LandingSettings
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName

TABLE_NAME = "ext_flink_event_log"


@dg.definitions
def resources() -> dg.Definitions:
    """Bind the clients; nothing connects before it is needed, and no secret is part of a resource's configuration."""
    settings, snowflake = LandingSettings(), SnowflakeSettings()
    stream = settings.landing_stream()
    connection = SnowflakeConnection(settings=snowflake)
    table = QualifiedName(
        Identifier.parse(snowflake.database),
        Identifier.parse(snowflake.schema_name),
        Identifier.parse(TABLE_NAME),
    )
    return dg.Definitions(
        resources={
            "landing": stream,
            "tick_limits": settings.limits(),
            "snowflake": connection,
            "event_table": ExternalTable(connection, table, stream.layout),
        }
    )
