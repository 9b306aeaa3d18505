"""External tables and loads over each type of file, described inline or by the name of a file format.

AVRO and ORC are left out: the local Snowflake reads neither, and refuses them as Unsupported feature.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
import pytest
from pyarrow import parquet

from snowflake_components.applying.account import apply_plan, plan_account
from snowflake_components.applying.project import read_objects
from snowflake_components.connection import open_session
from tests.acceptance.places import OwnPlace
from tests.fakes.local_snowflake import FOREIGN_WARNING

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

DOCUMENTS = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: lines
  database_name: aws
  schema_name: dev
  target_database: "{{{{ env('HOURGLASS_SNOWFLAKE_DATABASE') }}}}"
  target_schema: "{{{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}}}"
  type: file format
  options: {format}
---
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: stage_a
  database_name: aws
  schema_name: dev
  target_database: "{{{{ env('HOURGLASS_SNOWFLAKE_DATABASE') }}}}"
  target_schema: "{{{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}}}"
  type: stage
  options: {{url: "{url}"{integration}}}
---
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: inline
  database_name: aws
  schema_name: dev
  target_database: "{{{{ env('HOURGLASS_SNOWFLAKE_DATABASE') }}}}"
  target_schema: "{{{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}}}"
  type: external table
  options:
    location: "@stage_a"
    partition_by: [SHOP, DAY]
    columns:
      - {{name: SHOP, type: VARCHAR, as: "split_part(METADATA$FILENAME, '/', -3)"}}
      - {{name: DAY, type: DATE, as: "split_part(METADATA$FILENAME, '/', -2)::date"}}
      - {{name: ID, type: VARCHAR, as: "value:{field}::varchar"}}
    file_format: {format}
---
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: named
  database_name: aws
  schema_name: dev
  target_database: "{{{{ env('HOURGLASS_SNOWFLAKE_DATABASE') }}}}"
  target_schema: "{{{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}}}"
  type: external table
  options:
    location: "@stage_a"
    columns: [{{name: ID, type: VARCHAR, as: "value:{field}::varchar"}}]
    file_format: {{format_name: lines}}
---
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: loaded
  database_name: aws
  schema_name: dev
  target_database: "{{{{ env('HOURGLASS_SNOWFLAKE_DATABASE') }}}}"
  target_schema: "{{{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}}}"
  type: table
  options:
    location: "@stage_a"
    columns: [{{name: ID, type: VARCHAR, as: "{loaded}::varchar"}}]
    file_format: lines
"""
IDS = pa.table({"id": ["a", "b"]})


def _parquet() -> bytes:
    written = pa.BufferOutputStream()
    parquet.write_table(IDS, written)
    return bytes(written.getvalue())


@pytest.mark.parametrize(
    ("file_format", "paths", "body"),
    [
        ("{type: JSON}", ("id", "$1:id"), b'{"id": "a"}\n{"id": "b"}\n'),
        ("{type: CSV, skip_header: 1, field_delimiter: '|'}", ("c1", "$1"), b"id|n\na|1\nb|2\n"),
        ("{type: PARQUET}", ("id", "$1:id"), _parquet()),
    ],
    ids=["json", "csv", "parquet"],
)
def test_files_of_each_type_are_read_and_loaded(
    place: OwnPlace, tmp_path: Path, file_format: str, paths: tuple[str, str], body: bytes
) -> None:
    """An external table over inline options, one over a named format, with two partition columns; and a load."""
    place.storage.objects.put(f"{place.storage.prefix}berlin/2025-08-01/a", body)
    integration = f", storage_integration: {place.storage.integration}" if place.storage.integration else ""
    text = DOCUMENTS.format(
        format=file_format, field=paths[0], loaded=paths[1], url=place.storage.url, integration=integration
    )
    (tmp_path / "defs.yaml").write_text(text, encoding="utf-8")
    described = read_objects(tmp_path)
    with open_session(place.settings) as session:
        list(apply_plan(session, plan_account(session, described).pending))
        assert () == plan_account(session, described).pending
    ids = [{"ID": "a"}, {"ID": "b"}]
    for table in ("NAMED", "LOADED"):
        assert ids == place.rows(f"SELECT ID FROM {table} ORDER BY ID")  # noqa: S608
    found = "SELECT ID FROM INLINE WHERE SHOP = 'berlin' AND DAY = '2025-08-01'::DATE ORDER BY ID"
    assert ids == place.rows(found)
