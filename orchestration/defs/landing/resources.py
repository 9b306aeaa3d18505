"""The resources of the landing part, built from the settings of this process."""

import dagster as dg

from orchestration.settings import SensorSettings, event_table
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings


@dg.definitions
def resources() -> dg.Definitions:
    """Create the clients. They connect at their first use, and no secret is in the configuration of a resource."""
    settings, snowflake = SensorSettings(), SnowflakeSettings()
    stream = settings.landing_stream()
    return dg.Definitions(
        resources={
            "landing": stream,
            "tick_limits": settings.limits(),
            "snowflake": SnowflakeConnection(settings=snowflake),
            "event_table": event_table(snowflake, stream.layout),
        }
    )
