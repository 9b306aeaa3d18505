"""A table is loaded by runs, hour by hour, and a file format is an object that others name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from infra.local_snowflake.faults import Fault, FaultKind, Faults
from snowflake_components.assets import object_asset
from snowflake_components.connection import SnowflakeSettings, query
from snowflake_components.documents.file_formats import FileFormatOptions
from snowflake_components.documents.tables import TableOptions
from snowflake_components.errors import SnowflakeError, WarehouseError
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
from tests.fakes.component_runs import Ran, run_asset
from tests.fakes.local_snowflake import FOREIGN_WARNING, Server

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
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


def _options(**changed: Any) -> TableOptions:
    columns = [{"name": "A", "type": "INT", "as": "$1:a::int"}]
    written = {"location": "@s", "columns": columns, "file_format": {"type": "JSON"}}
    return TableOptions.model_validate(written | changed)


@pytest.fixture
def load(server: Server, own_schema: SnowflakeSettings) -> Callable[..., Ran]:
    """Load the hour of a table over the bucket; arguments change its options."""
    server.bucket.replace_all({})
    query(own_schema, "CREATE STAGE S URL = 's3://hourglass/landing/'")

    def run(*, hour: str = "2025-08-01-03:00", **changed: Any) -> Ran:
        name = QualifiedName(Identifier("AWS"), Identifier(own_schema.schema_name), Identifier("X"))
        spec = object_of(name, None, _options(**changed), None)
        hourly = dg.HourlyPartitionsDefinition(start_date="2025-01-01-00:00")
        asset = object_asset(dg.AssetSpec("t", partitions_def=hourly), spec, lambda: NOW)
        return run_asset([asset], own_schema, dg.AssetKey("t"), partition=hour)

    return run


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


def test_a_run_loads_exactly_its_hour_and_each_file_once(
    server: Server, own_schema: SnowflakeSettings, load: Callable[..., Ran]
) -> None:
    """Create, then one COPY over the directory of the hour; the metadata has what Snowflake reported."""
    server.bucket.write("landing/2025/08/01/03/a.jsonl", {"a": 1}, {"a": 2})
    server.bucket.write("landing/2025/08/01/04/b.jsonl", {"a": 3})
    first, second = load(), load()
    assert ["SHOW TABLES", "CREATE TABLE", "COPY INTO"] == first.verbs
    assert first.statements[-1].count("2025/08/01/03/)") == 1
    names = ("files_loaded", "files_loaded_before", "rows_loaded", "rows_rejected")
    assert ([1, 0, 2, 0], [0, 0, 0, 0]) == tuple([ran.metadata[name] for name in names] for ran in (first, second))
    assert [True, True] == [ran.checks["no_rows_rejected"] for ran in (first, second)]
    assert [{"A": 1}, {"A": 2}] == list(query(own_schema, "SELECT A FROM X ORDER BY A").rows)


@pytest.mark.parametrize(
    ("changed", "rows", "passed"),
    [
        ({"on_error": "continue"}, (2, 1), False),
        ({"on_error": "continue", "rejected_rows_max": 1}, (2, 1), True),
        ({"on_error": "skip_file"}, (1, 2), False),
    ],
)
def test_what_a_load_leaves_out_is_counted_and_checked(
    server: Server, load: Callable[..., Ran], changed: dict[str, Any], rows: tuple[int, int], passed: bool
) -> None:
    """A row whose value is no number is left out, or its file is."""
    server.bucket.write("landing/2025/08/01/03/a.jsonl", {"a": 1})
    server.bucket.write("landing/2025/08/01/03/b.jsonl", {"a": 2}, {"a": "x"})
    ran = load(**changed)
    assert rows == (ran.metadata["rows_loaded"], ran.metadata["rows_rejected"])
    assert passed is ran.checks["no_rows_rejected"]


def test_an_error_in_a_file_loads_nothing_by_default(
    server: Server, own_schema: SnowflakeSettings, load: Callable[..., Ran]
) -> None:
    """The run fails, and the table is as it was."""
    server.bucket.write("landing/2025/08/01/03/a.jsonl", {"a": 1}, {"a": "x"})
    with pytest.raises(SnowflakeError):
        load()
    assert () == query(own_schema, "SELECT A FROM X").rows


def test_an_hour_without_files_loads_nothing(load: Callable[..., Ran]) -> None:
    """Snowflake answers one row with one column, which is no file."""
    ran = load()
    assert (0, 0, True) == (ran.metadata["files_loaded"], ran.metadata["rows_rejected"], ran.checks["no_rows_rejected"])


def test_hours_beyond_the_load_metadata_are_loaded_only_when_told(server: Server, load: Callable[..., Ran]) -> None:
    """Snowflake skips files of unknown status without a word, or loads them twice."""
    server.bucket.write("landing/2025/05/01/03/a.jsonl", {"a": 1})
    with pytest.raises(dg.Failure, match="older than the 64 days"):
        load(hour="2025-05-01-03:00")
    ran = load(hour="2025-05-01-03:00", load_older_files=True)
    assert ran.statements[-1].endswith("LOAD_UNCERTAIN_FILES = TRUE")
    assert 1 == ran.metadata["rows_loaded"]


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.RESET, FaultKind.MASTER_TOKEN_EXPIRED])
def test_a_load_whose_answer_is_lost_loads_each_file_once(
    server: Server, own_schema: SnowflakeSettings, load: Callable[..., Ran], kind: FaultKind
) -> None:
    """The statement is sent again, and the load metadata knows the file."""
    server.bucket.write("landing/2025/08/01/03/a.jsonl", {"a": 1})
    with Faults(own_schema.address).during(Fault(kind=kind, statement="COPY INTO")):
        load()
    assert [{"A": 1}] == list(query(own_schema, "SELECT A FROM X").rows)


def test_a_load_without_a_running_warehouse_names_it(own_schema: SnowflakeSettings, load: Callable[..., Ran]) -> None:
    """The repair is in the message; the role of the run is not the one to blame."""
    suspended = Fault(kind=FaultKind.WAREHOUSE_SUSPENDED, statement="COPY INTO")
    with (
        Faults(own_schema.address).during(suspended),
        pytest.raises(WarehouseError, match="set HOURGLASS_SNOWFLAKE_WAREHOUSE"),
    ):
        load()


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
