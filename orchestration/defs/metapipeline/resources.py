"""The resources of the metapipeline, built from the settings of this process."""

import dagster as dg

from orchestration.folders import FolderSettings
from orchestration.metapipeline.reading import StagedEvents
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName

STAGING_MODEL = Identifier("STG_PLATFORM_EVENTS")


@dg.definitions
def resources() -> dg.Definitions:
    """Create the client of the staging model, which connects at its first use, and the folders."""
    settings = SnowflakeSettings()
    table = QualifiedName(Identifier.parse(settings.database), Identifier.parse(settings.schema_name), STAGING_MODEL)
    staged_events = StagedEvents(SnowflakeConnection(settings=settings), table)
    return dg.Definitions(resources={"staged_events": staged_events, "folders": FolderSettings()})
