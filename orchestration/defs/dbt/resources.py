"""The resources `dbt`, and `tables` for assets of Python between models."""

import dagster as dg

from orchestration.dbt_runner.build import DbtModels
from orchestration.folders import FolderSettings
from orchestration.frames.tables import TableFrames
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier


@dg.definitions
def resources() -> dg.Definitions:
    """Build the resources from the settings of this process."""
    settings = SnowflakeSettings()
    place = Identifier.parse(settings.database), Identifier.parse(settings.schema_name)
    tables = TableFrames(SnowflakeConnection(settings=settings), *place)
    models = DbtModels(target_dir=FolderSettings().dbt_target, snowflake=settings)
    return dg.Definitions(resources={"dbt": models, "tables": tables})
