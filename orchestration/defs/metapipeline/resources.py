"""The resource `folders`."""

import dagster as dg

from orchestration.folders import FolderSettings


@dg.definitions
def resources() -> dg.Definitions:
    """Build the resource from the settings of this process."""
    return dg.Definitions(resources={"folders": FolderSettings()})
