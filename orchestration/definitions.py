"""The entry point of the code location: the Python definitions and the YAML documents below `defs/`."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Load all definitions below this folder."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
