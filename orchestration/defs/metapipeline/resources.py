"""The resources of the metapipeline, built from the settings of this process."""

import dagster as dg

from orchestration.folders import FolderSettings
from orchestration.metapipeline.usage.reading import StagedEvents
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName

STAGING_MODELS = (Identifier("STG_PLATFORM_EVENTS"), Identifier("STG_DAGSTER_EVENTS"))
"""Both hold events about dbt models: those of the customers, and those of this instance."""


@dg.definitions
def resources() -> dg.Definitions:
    """Create the client of the staging models, which connects at its first use, and the folders."""
    settings = SnowflakeSettings()
    place = Identifier.parse(settings.database), Identifier.parse(settings.schema_name)
    tables = tuple(QualifiedName(*place, model) for model in STAGING_MODELS)
    staged_events = StagedEvents(SnowflakeConnection(settings=settings), tables)
    return dg.Definitions(resources={"staged_events": staged_events, "folders": FolderSettings()})
