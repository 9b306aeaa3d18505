"""The check that the objects in Snowflake are what the documents of this folder say."""

from pathlib import Path

import dagster as dg

from snowflake_components.drift import drift_definitions


@dg.definitions
def drift() -> dg.Definitions:
    """Compare every document of a stage, table or file format once a day."""
    return drift_definitions(Path(__file__).parents[1], "aws_external_tables", ["team:data-platform"])
