"""Everything that Dagster loads: the plain definitions and the YAML documents below `defs/`."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Find and load the definitions."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
