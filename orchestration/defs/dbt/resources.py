"""The resource `dbt`."""

import dagster as dg

from orchestration.dbt_runner.build import DbtModels
from orchestration.folders import FolderSettings
from snowflake_components.connection import SnowflakeSettings


@dg.definitions
def resources() -> dg.Definitions:
    """Build the resource from the settings of this process."""
    models = DbtModels(target_dir=FolderSettings().dbt_target, snowflake=SnowflakeSettings())
    return dg.Definitions(resources={"dbt": models})
