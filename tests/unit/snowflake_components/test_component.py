"""One YAML document is one asset: its key, its dependencies, its attributes. What its run does is in `test_runs.py`."""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg
import pytest
import yaml

import snowflake_components
from snowflake_components.component import SnowflakeCreateOrRefreshComponent
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.documents.options import ExternalTableOptions, StageOptions
from snowflake_components.statements.kinds import ObjectType
from tests.fakes.component_documents import loaded

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

SLIDES = (Path(__file__).parent / "documents" / "slides.yaml").read_text(encoding="utf-8")
DEFS = Path(snowflake_components.__file__).parents[1] / "orchestration" / "defs"
HOURS = '{type: hourly, start_date: "2025-01-01-00:00"}'
EVENT_LOG = (
    (DEFS / "platform_events" / "defs.yaml")
    .read_text(encoding="utf-8")
    .partition("---\n")[2]  # the first document is the stream
    .replace("\"{{ hours_of('landed_hour') }}\"", HOURS)
)
STAGE_KEY = dg.AssetKey(["aws", "dev", "stage_flink_event_log"])
TABLE_KEY = dg.AssetKey(["aws", "dev", "ext_flink_event_log"])


def _specs(documents: str) -> dict[dg.AssetKey, dg.AssetSpec]:
    with loaded(documents, {"snowflake": SnowflakeConnection(settings=SnowflakeSettings())}) as definitions:
        return {spec.key: spec for assets in definitions.assets or [] for spec in getattr(assets, "specs", [])}


def test_the_documents_that_authors_know_load_unchanged() -> None:
    """Keys as written, attributes kept, the condition of the loader's scope resolved."""
    specs = _specs(SLIDES)
    assert {STAGE_KEY, TABLE_KEY} == set(specs)
    assert ["aws_stages", "aws_external_tables"] == [specs[STAGE_KEY].group_name, specs[TABLE_KEY].group_name]
    assert "Snowflake stage for Dagster+ event log data." == specs[STAGE_KEY].description
    assert dg.AutomationCondition.on_cron("0 3 * * *") == specs[STAGE_KEY].automation_condition
    assert [{dg.AssetKey("flink_event_log_writer")}, {STAGE_KEY}] == [
        {dep.asset_key for dep in specs[key].deps} for key in (STAGE_KEY, TABLE_KEY)
    ]


def test_the_known_documents_warn_about_the_array_and_the_cut_expression(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """JSON lines have no outer array; an expression with an ellipsis cannot run."""
    with caplog.at_level(logging.WARNING):
        _specs(SLIDES)
    assert ["strip_outer_array is for", "the expression of column REPLICATION_HOUR is cut"] == [
        record.getMessage().partition(": ")[2][:length] for record, length in zip(caplog.records, (24, 48), strict=True)
    ]


@pytest.mark.parametrize("file", sorted(DEFS.glob("*_events/defs.yaml")), ids=lambda path: str(path.parent.name))
def test_every_document_of_the_project_is_an_asset(file: Path) -> None:
    """Each document of each file, not only the last one of its type."""
    text = file.read_text(encoding="utf-8")
    described = [
        dg.AssetKey([document["attributes"][part] for part in ("database_name", "schema_name", "name")])
        for document in yaml.safe_load_all(text)
        if document["type"] == "snowflake_components.SnowflakeCreateOrRefreshComponent"
    ]
    assert described
    assert set(described) <= set(_specs(text))


def test_the_event_log_is_partitioned_by_utc_hour_and_depends_on_the_landed_hour() -> None:
    """The table depends on the stage, the stage on the writer and the sealed hour."""
    specs = _specs(EVENT_LOG)
    hourly = dg.HourlyPartitionsDefinition(start_date="2025-01-01-00:00", end_offset=0)
    assert [hourly, hourly] == [specs[key].partitions_def for key in (STAGE_KEY, TABLE_KEY)]
    assert {dg.AssetKey("flink_event_log_writer"), dg.AssetKey("landed_hour")} == {
        dep.asset_key for dep in specs[STAGE_KEY].deps
    }
    assert [STAGE_KEY] == [dep.asset_key for dep in specs[TABLE_KEY].deps]
    assert [None, None] == [specs[key].automation_condition for key in (STAGE_KEY, TABLE_KEY)]


def test_the_stage_of_a_location_is_a_dependency_without_being_named() -> None:
    """It is derived, and not doubled if it is also named."""
    named = _specs(EVENT_LOG)[TABLE_KEY]
    derived = _specs(EVENT_LOG.replace('    deps: ["aws/dev/stage_flink_event_log"]\n', ""))[TABLE_KEY]
    assert [STAGE_KEY] == [dep.asset_key for dep in derived.deps] == [dep.asset_key for dep in named.deps]
    shouted = _specs(EVENT_LOG.replace('"@stage_flink_event_log"', '"@DEV.STAGE_FLINK_EVENT_LOG"'))[TABLE_KEY]
    assert [STAGE_KEY] == [dep.asset_key for dep in shouted.deps]


def test_an_odd_name_is_plain_in_the_key() -> None:
    """Dagster allows letters, digits, `_`, `.` and `-`."""
    odd = EVENT_LOG.replace("name: stage_flink_event_log", "name: '\"My Stage\"'")
    odd = odd.replace('"@stage_flink_event_log"', "'@\"My Stage\"'").replace(
        'deps: ["aws/dev/stage_flink_event_log"]', "deps: []"
    )
    assert [dg.AssetKey(["aws", "dev", "My_Stage"])] == [dep.asset_key for dep in _specs(odd)[TABLE_KEY].deps]


def test_the_code_version_follows_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed definition is a new version, a changed description is not."""
    version = _specs(EVENT_LOG)[TABLE_KEY].code_version
    assert version == _specs(EVENT_LOG.replace("one row per accepted record", "rows"))[TABLE_KEY].code_version
    assert version != _specs(EVENT_LOG.replace("value:topic", "value:t"))[TABLE_KEY].code_version
    monkeypatch.setenv("HOURGLASS_STREAM", "archive-events")
    assert version == _specs(EVENT_LOG)[TABLE_KEY].code_version


def test_a_component_made_in_python_is_as_strict() -> None:
    """A typo in Python is an error too, and options must fit the type."""
    options = StageOptions(url="s3://bucket/stream/")
    made = SnowflakeCreateOrRefreshComponent(
        name="s", database_name="aws", schema_name="dev", type=ObjectType.STAGE, options=options
    )
    assert dg.AssetKey(["aws", "dev", "s"]) == made.asset_key
    with pytest.raises(ValueError, match="ExternalTableOptions"):
        SnowflakeCreateOrRefreshComponent(
            name="s", database_name="aws", schema_name="dev", type=ObjectType.EXTERNAL_TABLE, options=options
        )
    with pytest.raises(ValueError, match="colums"):
        ExternalTableOptions.model_validate({"location": "@s", "file_format": {"type": "JSON"}, "colums": []})
