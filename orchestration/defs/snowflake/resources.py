"""The resource `snowflake`, with which stages and external tables are created and refreshed."""

import dagster as dg

from snowflake_components.assets import RESOURCE_KEY
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings


@dg.definitions
def resources() -> dg.Definitions:
    """Create the client, which connects at its first use; no secret is in the configuration of a resource."""
    return dg.Definitions(resources={RESOURCE_KEY: SnowflakeConnection(settings=SnowflakeSettings())})
