"""A table is loaded by runs, hour by hour, and a file format is an object that others name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from snowflake_components.assets import object_asset
from snowflake_components.documents.file_formats import FileFormatOptions
from snowflake_components.documents.tables import TableOptions
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.change import Action, Change
from snowflake_components.planning.changes import plan_change
from snowflake_components.planning.differences import Found
from snowflake_components.planning.marks import marked
from snowflake_components.planning.objects import object_of
from snowflake_components.planning.outcome import read_loads
from snowflake_components.scaffold import scaffolded
from snowflake_components.statements.kinds import Definition
from tests.fakes.component_documents import loaded, mistakes_in
from tests.fakes.snowflake import FakeSnowflake

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

FORMAT = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: lines
  database_name: aws
  schema_name: dev
  type: file format
  options: {type: JSON, allow_duplicate: true}
"""
TABLE = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: events
  database_name: aws
  schema_name: dev
  type: table
  options:
    location: "@stage_a"
    columns:
      - {name: EVENT_ID, type: VARCHAR, as: "$1:event:event_id::varchar", not_null: true}
      - {name: FILENAME, type: VARCHAR, as: METADATA$FILENAME}
    file_format: lines
    on_error: continue
  asset_attributes:
    partitions_def: {type: hourly, start_date: "2025-01-01-00:00"}
"""
KEY = dg.AssetKey(["aws", "dev", "events"])
NAME = QualifiedName(Identifier("D"), Identifier("S"), Identifier("X"))
NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
LOADED = {"file": "a", "status": "LOADED", "rows_parsed": 3, "rows_loaded": 3, "first_error": None}
PARTLY = {"file": "b", "status": "PARTIALLY_LOADED", "rows_parsed": 3, "rows_loaded": 1, "first_error": "bad"}
KNOWN = {"file": "a", "status": "LOAD_SKIPPED", "rows_parsed": 0, "rows_loaded": 0}


def _options(**changed: Any) -> TableOptions:
    columns = [{"name": "A", "type": "INT", "as": "$1:a::int"}]
    written = {"location": "@s", "columns": columns, "file_format": {"type": "JSON"}}
    return TableOptions.model_validate(written | changed)


def _run(
    rows: list[Mapping[str, Any]], *, hour: str = "2025-08-01-03:00", **changed: Any
) -> tuple[FakeSnowflake, dict[str, Any], dg.AssetCheckEvaluation]:
    spec = object_of(NAME, None, _options(**changed), None)
    hourly = dg.HourlyPartitionsDefinition(start_date="2025-01-01-00:00")
    asset = object_asset(dg.AssetSpec("t", partitions_def=hourly), spec, lambda: NOW)
    snowflake = FakeSnowflake(loads=[rows])
    result = dg.materialize([asset], partition_key=hour, resources={"snowflake": snowflake})
    (materialization,) = result.asset_materializations_for_node("t")
    (check,) = result.get_asset_check_evaluations()
    return snowflake, {name: value.value for name, value in materialization.metadata.items()}, check


def test_a_table_depends_on_its_stage_and_on_its_file_format() -> None:
    """The assets of what it is made of, where documents describe them."""
    with loaded(f"{FORMAT}---\n{TABLE}", {}) as definitions:
        specs = {spec.key: spec for assets in definitions.assets or [] for spec in getattr(assets, "specs", [])}
    assert {("aws", "dev", "stage_a"), ("aws", "dev", "lines")} == {
        tuple(dep.asset_key.path) for dep in specs[KEY].deps
    }


def test_the_scaffold_loads_and_depends_on_itself() -> None:
    """A document of each kind, named after the folder; tables depend on stage and file format."""
    text = scaffolded("My landing")
    assert mistakes_in(text) == ""
    with loaded(text, {}) as definitions:
        specs = {spec.key: spec for assets in definitions.assets or [] for spec in getattr(assets, "specs", [])}
    names = ["ext_my_landing", "format_my_landing", "my_landing", "stage_my_landing"]
    assert names == sorted(key.path[-1] for key in specs)
    for name in ("ext_my_landing", "my_landing"):
        deps = {dep.asset_key.path[-1] for dep in specs[dg.AssetKey(["aws", "dev", name])].deps}
        assert {"format_my_landing", "stage_my_landing"} == deps


def test_a_run_loads_exactly_its_hour() -> None:
    """Create, then one COPY over the directory of the hour; the metadata has what Snowflake reported."""
    snowflake, metadata, check = _run([LOADED])
    assert ["SHOW TABLES", "CREATE TABLE", "COPY INTO"] == [" ".join(sql.split()[:2]) for sql in snowflake.sent]
    assert 'FROM @"D"."S"."S"/2025/08/01/03/)' in snowflake.sent[-1]
    assert (1, 3, 0, True) == (
        metadata["files_loaded"],
        metadata["rows_loaded"],
        metadata["rows_rejected"],
        check.passed,
    )


@pytest.mark.parametrize(
    ("rows", "changed", "rejected", "passed"),
    [
        ([LOADED, PARTLY], {"on_error": "continue"}, 2, False),
        ([LOADED, PARTLY], {"on_error": "continue", "rejected_rows_max": 2}, 2, True),
        ([{**PARTLY, "status": "LOAD_FAILED", "rows_loaded": 0}], {"on_error": "skip_file"}, 3, False),
        ([KNOWN], {}, 0, True),
        ([{"status": "Copy executed with 0 files processed."}], {}, 0, True),
    ],
)
def test_what_a_load_leaves_out_is_counted_and_checked(
    rows: list[Mapping[str, Any]], changed: dict[str, Any], rejected: int, passed: bool
) -> None:
    """A file that is loaded already, and a load without a file, leave out nothing."""
    _, metadata, check = _run(rows, **changed)
    assert (rejected, passed) == (metadata["rows_rejected"], check.passed)


def test_hours_beyond_the_load_metadata_are_loaded_only_when_told() -> None:
    """Snowflake skips files of unknown status without a word, or loads them twice."""
    with pytest.raises(dg.Failure, match="older than the 64 days"):
        _run([LOADED], hour="2025-05-01-03:00")
    snowflake, _, _ = _run([LOADED], hour="2025-05-01-03:00", load_older_files=True)
    assert snowflake.sent[-1].endswith("LOAD_UNCERTAIN_FILES = TRUE")


def test_the_row_of_a_load_without_files_is_no_file() -> None:
    """Snowflake answers one row with one column."""
    assert [] == read_loads([{"status": "Copy executed with 0 files processed."}])


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("$1:event:event_id", "value:event:event_id", r"columns.0: as: COPY reads $1, VALUE is of an external table"),
        ("$1:event:event_id::varchar", "(select 1)", "COPY allows no SELECT in an expression"),
        ("on_error: continue", "on_error: ignore", "not an ON_ERROR: 'ignore'; abort_statement, continue, skip_file"),
        ("on_error: continue", "rejected_rows_max: 3", "abort_statement leaves out no row"),
        ("on_error: continue", "force: true", "unknown field; not supported: it loads files twice"),
        ("on_error: continue", "partition_by: FILENAME", "unknown field; a table has no partitions"),
        ("not_null: true", "nullable: false", "unknown field; write not_null: true"),
        ("name: FILENAME", "name: EVENT_ID", "columns named twice: EVENT_ID"),
    ],
)
def test_a_mistake_in_a_table(written: str, instead: str, said: str) -> None:
    """Rules of COPY INTO are known when the document loads."""
    assert written in TABLE
    assert said in mistakes_in(TABLE.replace(written, instead, 1))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("{type: JSON, skip_header: 1}", "skip_header is an option of CSV, not of JSON"),
        ("{strip_outer_array: true}", "type: is missing"),
        ("{format_name: other}", "unknown field; a file format is described by its type"),
    ],
)
def test_a_mistake_in_a_file_format(options: str, said: str) -> None:
    """Options are closed by type."""
    assert said in mistakes_in(FORMAT.replace("{type: JSON, allow_duplicate: true}", options))


def _change(one: Definition, wanted: Definition, **shown: Any) -> Change:
    row = {"name": "X", "comment": marked(one).comment, **one.shown, **shown}
    return plan_change(wanted, Found.from_row(one.object_type, row))


def _table(*columns: tuple[str, str]) -> Definition:
    written = [{"name": name, "type": kind, "as": "$1:a"} for name, kind in columns]
    return object_of(NAME, None, _options(columns=written), None).definition


def _format(**options: Any) -> Definition:
    return object_of(NAME, None, FileFormatOptions.model_validate(options), None).definition


def test_a_table_gets_columns_and_loses_none() -> None:
    """Rows that are there are never changed or lost by a plan."""
    one = _table(("A", "INT"))
    added = _change(one, _table(("N", "VARCHAR"), ("A", "INT")))
    assert (Action.ALTER, 'ALTER TABLE "D"."S"."X" ADD COLUMN "N" VARCHAR') == (added.action, added.statements[0].sql)
    for wanted in (_table(("A", "VARCHAR")), _table(("B", "INT"))):
        assert (Action.BY_HAND, ()) == (_change(one, wanted).action, _change(one, wanted).statements)
    assert Action.UNCHANGED is _change(one, one).action


def test_a_file_format_is_altered_in_place_and_its_type_by_hand() -> None:
    """An option that is taken from the document is set to its default."""
    one = _format(type="JSON", strip_outer_array=True)
    change = _change(one, _format(type="JSON", allow_duplicate=True))
    assert Action.ALTER is change.action
    assert "SET\n  ALLOW_DUPLICATE = TRUE\n  STRIP_OUTER_ARRAY = FALSE\n  COMMENT = " in change.statements[0].sql
    assert Action.BY_HAND is _change(one, _format(type="CSV")).action
    assert Action.UNCHANGED is _change(one, one).action
