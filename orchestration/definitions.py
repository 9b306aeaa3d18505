"""The entry point of the code location: the Python definitions and the YAML documents below `defs/`."""

import warnings
from pathlib import Path

import dagster as dg

from orchestration.proven.definitions import with_automation
from snowflake_components.documents.files import require_documents

COMPONENTS = (
    "snowflake_components.SnowflakeCreateOrRefreshComponent",
    "orchestration.HourlyStreamComponent",
    "orchestration.MetapipelineComponent",
    "orchestration.AssetScheduleComponent",
)
"""The types that a document of this project can have, apart from those of libraries."""
_FOLDER = Path(__file__).parent


@dg.definitions
def defs() -> dg.Definitions:
    """Load all definitions below `defs/`.

    `dg.load_from_defs_folder` also describes every component of every installed library, for the documentation in the
    UI. That imports dagster-aws and others: more than a CPU second in each process, and each run is a process.
    """
    require_documents(_FOLDER / "defs", COMPONENTS)
    with warnings.catch_warnings():
        # Dagster's loader warns of parts of itself that are in preview; its version is pinned
        warnings.simplefilter("ignore")
        return with_automation(dg.ComponentTree.for_project(_FOLDER).build_defs(_FOLDER / "defs"))
