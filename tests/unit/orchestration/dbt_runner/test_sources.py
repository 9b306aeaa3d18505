from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestration.dbt_runner.sources import SOURCES, SourcesError, read_files, sources_of
from snowflake_components.statements.kinds import ObjectType

TABLE = """
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: ext_events
  database_name: aws
  schema_name: dev
  type: external table
  options:
    location: "@stage_events"
    columns:
      - {name: FILENAME, type: VARCHAR, as: METADATA$FILENAME}
      - {name: PAYLOAD, type: VARIANT, as: "value:event:payload"}
  asset_attributes: {description: Events.}
"""
STAGE = """
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes: {name: stage_events, database_name: other, schema_name: dev, type: stage, options: {url: s3://b/}}
"""


def test_the_committed_sources_are_those_of_the_tables() -> None:
    """Every column of every table is in its source; `python -m orchestration.dbt_runner.sources` writes it."""
    assert SOURCES.read_text() == sources_of(read_files())


def test_a_table_becomes_a_source_with_its_columns_and_asset_key() -> None:
    """Stages and other documents are not sources; the folder of a file names its source."""
    assert {
        "version": 2,
        "sources": [
            {
                "name": "events",
                "database": "aws",
                "schema": "dev",
                "tables": [
                    {
                        "name": "ext_events",
                        "description": "Events.",
                        "config": {"meta": {"dagster": {"asset_key": ["aws", "dev", "ext_events"]}}},
                        "columns": [
                            {"name": "filename", "data_type": "varchar"},
                            {"name": "payload", "data_type": "variant"},
                        ],
                    }
                ],
            }
        ],
    } == yaml.safe_load(sources_of({"events": f"{STAGE}---{TABLE}", "stages": STAGE}))


def test_columns_beside_the_role_are_columns_of_the_source() -> None:
    """Both layouts of an external table give the same source."""
    options, columns = TABLE.partition("  options:\n")[2].partition("    columns:\n")[::2]
    rows, rest = columns.partition("  asset_attributes")[::2]
    beside = TABLE.partition("  options:\n")[0] + f"  columns:\n{rows}  options:\n{options}  asset_attributes{rest}"
    assert sources_of({"events": TABLE}) == sources_of({"events": beside})


@pytest.mark.parametrize("kind", ["external_table", "External Table"])
def test_the_kind_of_an_object_is_read_as_its_component_reads_it(kind: str) -> None:
    """The component refuses every other spelling, so a document with one is not a table here."""
    assert kind not in list(ObjectType)
    with pytest.raises(SourcesError, match="no file describes a table"):
        sources_of({"events": TABLE.replace("external table", kind)})


def test_where_the_table_lives_may_come_from_the_environment() -> None:
    """The asset keeps its name in every environment; the database is that of the environment."""
    target = "  target_database: \"{{ env('HOURGLASS_SNOWFLAKE_DATABASE', 'aws') }}\"\n  type:"
    (source,) = yaml.safe_load(sources_of({"events": TABLE.replace("  type:", target)}))["sources"]
    assert source["database"] == "{{ env_var('HOURGLASS_SNOWFLAKE_DATABASE', 'aws') }}"
    assert source["tables"][0]["config"]["meta"]["dagster"]["asset_key"] == ["aws", "dev", "ext_events"]


def test_a_template_that_dbt_does_not_have_is_refused_by_its_field() -> None:
    """It would be misread, or fail later without the name of the field."""
    with pytest.raises(SourcesError, match="target_schema: dbt has no"):
        sources_of({"events": TABLE.replace("  type:", '  target_schema: "{{ context.deployment }}"\n  type:')})


@pytest.mark.parametrize(
    ("text", "other", "message"),
    [
        ("  database_name: aws\n", "", "events: ext_events: database_name: write a text, not None"),
        ("schema_name: dev", "schema_name: 7", "events: ext_events: schema_name: write a text, not 7"),
        ("type: VARIANT, ", "", "events: ext_events: columns[1]: type: write a text, not None"),
        ("{name: FILENAME, type: VARCHAR, as: METADATA$FILENAME}", "FILENAME", "columns[0]: write a name and a type"),
        ("options:\n", "options: !secret\n", "events: not YAML: could not determine a constructor"),
    ],
)
def test_a_mistake_is_named_by_file_table_and_field(text: str, other: str, message: str) -> None:
    """A person repairs the document without reading this code."""
    assert text in TABLE
    with pytest.raises(SourcesError) as caught:
        sources_of({"events": TABLE.replace(text, other)})
    assert message in str(caught.value)


def test_a_table_without_options_or_columns_is_a_source_without_columns() -> None:
    """The component refuses it where it needs them."""
    head = TABLE.partition("  options:")[0]
    for text in (head, f"{head}  options:\n", f"{head}  asset_attributes:\n"):
        (source,) = yaml.safe_load(sources_of({"events": text}))["sources"]
        assert [] == source["tables"][0]["columns"]


def test_a_description_is_not_rendered_by_dbt() -> None:
    """Braces in it are text."""
    text = TABLE.replace("description: Events.", "description: 'Uses {{ braces }}.'")
    (source,) = yaml.safe_load(sources_of({"events": text}))["sources"]
    assert "{% raw %}Uses {{ braces }}.{% endraw %}" == source["tables"][0]["description"]


def test_names_that_snowflake_takes_as_one_are_one_place_and_one_table() -> None:
    """`aws` and `AWS` are the same database; the same table twice is a mistake."""
    other = TABLE.replace("database_name: aws", "database_name: AWS").replace("ext_events", "ext_others")
    (source,) = yaml.safe_load(sources_of({"events": f"{TABLE}---{other}"}))["sources"]
    assert ["ext_events", "ext_others"] == [table["name"] for table in source["tables"]]
    with pytest.raises(SourcesError, match="events: ext_events: is described twice"):
        sources_of({"events": f"{TABLE}---{TABLE}"})


def test_a_table_knows_the_stream_that_feeds_it() -> None:
    """Models find the proven hours of the source by it; the stream may be in another file."""
    stream = "type: orchestration.HourlyStreamComponent\nattributes: {name: events, table: aws/dev/ext_events}\n"
    (source,) = yaml.safe_load(sources_of({"streams": stream, "events": TABLE}))["sources"]
    assert {"stream": "events"} == source["tables"][0]["config"]["meta"]["hourglass"]


def test_a_source_has_one_place() -> None:
    """A dbt source has one database and one schema; a file with tables in two is refused by its folder."""
    with pytest.raises(SourcesError, match="events: one dbt source needs one database and schema, not 2"):
        sources_of({"events": f"{TABLE}---{TABLE.replace('dev', 'prod')}"})


@pytest.mark.parametrize("text", [STAGE, ""])
def test_a_project_without_external_tables_has_no_sources(text: str) -> None:
    """An empty file of sources would let every model fail later."""
    with pytest.raises(SourcesError, match="no file describes a table"):
        sources_of({"events": text})


def test_two_streams_are_two_sources() -> None:
    """Each folder is a source of its own, in the order of their names."""
    other = TABLE.replace("ext_events", "ext_others")
    sources = yaml.safe_load(sources_of({"others": other, "events": TABLE}))["sources"]
    assert [("events", ["ext_events"]), ("others", ["ext_others"])] == [
        (source["name"], [table["name"] for table in source["tables"]]) for source in sources
    ]


def test_a_table_that_runs_load_is_a_source_too() -> None:
    """Models read it as they read an external table."""
    loaded = TABLE.replace("external table", "table").replace("ext_events", "raw_events")
    (source,) = yaml.safe_load(sources_of({"events": f"{TABLE}---{loaded}"}))["sources"]
    assert ["ext_events", "raw_events"] == [table["name"] for table in source["tables"]]


def test_names_keep_their_case_where_snowflake_keeps_it() -> None:
    """A name in quotes is quoted by dbt; the asset key is that of the component, as it is written."""
    text = TABLE.replace("name: ext_events", "name: '\"Ext Events\"'").replace("name: aws", "name: AWS")
    text = text.replace("{name: PAYLOAD", "{name: '\"pay load\"'")
    (table,) = yaml.safe_load(sources_of({"events": text}))["sources"][0]["tables"]
    assert ("Ext_Events", "Ext Events", {"identifier": True}) == (
        table["name"],
        table["identifier"],
        table["quoting"],
    )
    assert ["AWS", "dev", "Ext_Events"] == table["config"]["meta"]["dagster"]["asset_key"]
    assert {"name": "pay load", "quote": True, "data_type": "variant"} == table["columns"][-1]


def test_folders_with_one_name_are_two_sources(tmp_path: Path) -> None:
    """Neither is lost."""
    for folder in ("sales/orders", "stock/orders", "stock/items"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "defs.yaml").write_text(TABLE)
    assert {"sales_orders", "stock_orders", "items"} == set(read_files(tmp_path))


def test_the_tables_of_every_file_of_a_folder_are_one_source(tmp_path: Path) -> None:
    """Dagster reads `component.yaml` beside `defs.yaml`."""
    (tmp_path / "orders").mkdir()
    for name, table in {"defs.yaml": "ext_events", "component.yaml": "ext_others"}.items():
        (tmp_path / "orders" / name).write_text(TABLE.replace("ext_events", table))
    (source,) = yaml.safe_load(sources_of(read_files(tmp_path)))["sources"]
    assert ("orders", {"ext_events", "ext_others"}) == (source["name"], {table["name"] for table in source["tables"]})
