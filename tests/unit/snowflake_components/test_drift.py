"""The check that compares all documents with the account."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.drift import CHECK, JOB, drift_definitions
from tests.fakes.local_snowflake import FOREIGN_WARNING

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

STAGE = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: stage_a
  database_name: aws
  schema_name: dev
  target_schema: "{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}"
  type: stage
  options: {url: "s3://hourglass/landing/"}
"""


def test_drift_is_a_failed_check_with_the_plan(own_schema: SnowflakeSettings, tmp_path: Path) -> None:
    """The check fails while an object is absent, passes when it is there, and names what was changed by hand."""
    (tmp_path / "defs.yaml").write_text(STAGE)
    resources = {"snowflake": SnowflakeConnection(settings=own_schema)}
    defs = dg.Definitions.merge(drift_definitions(tmp_path), dg.Definitions(resources=resources))

    def checked() -> tuple[bool, str]:
        ran = defs.resolve_job_def(JOB).execute_in_process()
        (found,) = ran.get_asset_check_evaluations()
        assert CHECK == found.check_name
        return found.passed, str(found.metadata["plan"].value)

    name = f"AWS.{own_schema.schema_name}.STAGE_A"
    assert (False, f"- stage {name} needs to be created") == checked()
    query(own_schema, "CREATE STAGE STAGE_A URL = 's3://hourglass/landing/'")
    assert (True, "no difference") == checked()
    query(own_schema, "ALTER STAGE STAGE_A SET FILE_FORMAT = (TYPE = JSON)")
    passed, plan = checked()
    assert not passed
    assert plan.startswith(f"- stage {name} needs to be altered: file_format (TYPE=JSON in the account, not TYPE=CSV)")
