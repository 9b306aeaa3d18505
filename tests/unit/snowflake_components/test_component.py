"""One YAML document is one asset, which creates an absent object and refreshes a present one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

import snowflake_components
from snowflake_components.component import SnowflakeCreateOrRefreshComponent
from snowflake_components.documents.options import ExternalTableOptions, StageOptions
from snowflake_components.errors import SnowflakeUnavailableError
from snowflake_components.statements.kinds import ObjectType
from tests.fakes.component_documents import loaded
from tests.fakes.snowflake import FakeSnowflake

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
    .replace("    file_extension: ", "    directory: {enable: true}\n    file_extension: ")
)
STAGE_KEY = dg.AssetKey(["aws", "dev", "stage_flink_event_log"])
TABLE_KEY = dg.AssetKey(["aws", "dev", "ext_flink_event_log"])
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
HOUR = "2025-08-01-03:00"
STAGE_SQL = '"AWS"."DEV"."STAGE_FLINK_EVENT_LOG"'
TABLE_SQL = '"AWS"."DEV"."EXT_FLINK_EVENT_LOG"'


def _specs(documents: str) -> dict[dg.AssetKey, dg.AssetSpec]:
    with loaded(documents, {"snowflake": FakeSnowflake()}) as definitions:
        return {spec.key: spec for assets in definitions.assets or [] for spec in getattr(assets, "specs", [])}


def _materialize(
    documents: str,
    snowflake: FakeSnowflake,
    key: dg.AssetKey = TABLE_KEY,
    *,
    partition: str | None = HOUR,
    hours: tuple[str, str] | None = None,
) -> dict[str, object]:
    """Materialize one asset and read its metadata; each partition of a run has the same."""
    with loaded(documents, {}) as definitions:
        result = dg.materialize(
            [assets for assets in definitions.assets or [] if isinstance(assets, dg.AssetsDefinition)],
            selection=dg.AssetSelection.assets(key),
            resources={"snowflake": snowflake},
            partition_key=None if hours else partition,
            tags=dict(zip(_RANGE, hours, strict=True)) if hours else None,
        )
    materialization, *_ = result.asset_materializations_for_node("__".join(key.path))
    return {name: value.value for name, value in materialization.metadata.items()}


def _existing(*, refreshes: list[list[Mapping[str, Any]]] | None = None) -> FakeSnowflake:
    """Return a Snowflake with the table of the event log, as a former run created it."""
    snowflake = FakeSnowflake()
    _materialize(EVENT_LOG, snowflake)
    del snowflake.sent[:]
    snowflake.refreshes = refreshes or []
    return snowflake


def _verbs(sent: list[str]) -> list[str]:
    return [" ".join(sql.split()[:2]) for sql in sent]


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


def test_an_object_with_a_cut_expression_is_not_created() -> None:
    """Text that cannot be SQL is refused before a statement is sent."""
    snowflake = FakeSnowflake()
    with pytest.raises(ValueError, match=r"REPLICATION_HOUR.*write it out"):
        _materialize(SLIDES, snowflake, partition=None)
    assert [] == snowflake.sent


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


def test_an_absent_object_is_created_and_the_hour_is_listed_once() -> None:
    """refresh_on_create is true, yet only the run's own hour is listed, by the statement after the creation."""
    snowflake = FakeSnowflake()
    _materialize(EVENT_LOG, snowflake)
    assert ["take AWS_WRITER", "SHOW EXTERNAL", "CREATE EXTERNAL", "ALTER EXTERNAL", "give back"] == [
        *_verbs(snowflake.sent)[:4],
        "give back",
    ]
    assert f"ALTER EXTERNAL TABLE {TABLE_SQL} REFRESH '2025/08/01/03/'" == snowflake.sent[3]
    assert "REFRESH_ON_CREATE = FALSE" in snowflake.sent[2]


def test_a_present_object_is_refreshed_by_the_path_of_the_hour() -> None:
    """The second run of an hour creates nothing."""
    snowflake = FakeSnowflake()
    _materialize(EVENT_LOG, snowflake, STAGE_KEY)
    del snowflake.sent[:]
    _materialize(EVENT_LOG, snowflake, STAGE_KEY, partition="2025-08-01-04:00")
    assert [
        "take AWS_WRITER",
        'SHOW STAGES LIKE \'STAGE_FLINK_EVENT_LOG\' IN SCHEMA "AWS"."DEV"',
        f"ALTER STAGE {STAGE_SQL} REFRESH SUBPATH = '2025/08/01/04/'",
        "give back AWS_WRITER",
    ] == snowflake.sent


def test_a_name_that_only_looks_alike_is_not_the_object() -> None:
    """SHOW reads `_` as any character and ignores case; existence is decided by the exact name."""
    alike = [{"name": "STAGE_FLINKXEVENT_LOG"}, {"name": "stage_flink_event_log"}]
    snowflake = FakeSnowflake(objects=list(alike))
    assert _materialize(EVENT_LOG, snowflake, STAGE_KEY)["created"] is True


def test_a_range_of_hours_is_listed_by_whole_days_where_they_are_complete() -> None:
    """A backfill of 26 hours is three statements."""
    snowflake = _existing()
    metadata = _materialize(EVENT_LOG, snowflake, hours=("2025-07-31-23:00", "2025-08-02-00:00"))
    assert ["2025/07/31/23/", "2025/08/01/", "2025/08/02/00/"] == metadata["paths"]
    assert [f"REFRESH '{path}'" for path in ("2025/07/31/23/", "2025/08/01/", "2025/08/02/00/")] == [
        sql.partition(f"{TABLE_SQL} ")[2] for sql in snowflake.sent if sql.startswith("ALTER")
    ]


def test_without_partitions_everything_is_listed_once() -> None:
    """A new object is created and listed; the known document of a stage has no partitions."""
    snowflake = FakeSnowflake()
    _materialize(SLIDES, snowflake, STAGE_KEY, partition=None)
    assert [f"ALTER STAGE {STAGE_SQL} REFRESH"] == [sql for sql in snowflake.sent if sql.startswith("ALTER")]


def test_a_stage_without_directory_table_is_not_refreshed() -> None:
    """A refresh has nothing to update."""
    snowflake = FakeSnowflake()
    _materialize(SLIDES.replace("{enable: true}", "{enable: false}"), snowflake, STAGE_KEY, partition=None)
    assert ["SHOW STAGES", "CREATE STAGE"] == _verbs(snowflake.sent)[1:-1]


def test_an_hour_is_one_statement_whatever_is_registered_beside_it() -> None:
    """Beside 10,000 registered files the refresh of an hour lists one prefix, and many small files are an advice."""
    rows: list[Mapping[str, Any]] = [
        {"file": f"platform-events/landing/2025/08/01/03/{n}.jsonl", "status": "REGISTERED_NEW", "description": ""}
        for n in range(501)
    ]
    snowflake = _existing(refreshes=[rows])
    metadata = _materialize(EVENT_LOG, snowflake)
    assert [f"ALTER EXTERNAL TABLE {TABLE_SQL} REFRESH '2025/08/01/03/'"] == [
        sql for sql in snowflake.sent if not sql.startswith(("SHOW", "take", "give"))
    ]
    assert "2025/08/01/03/ has 501 new files: write fewer and larger ones" in str(metadata["advice"])


def test_the_stages_of_the_project_are_not_refreshed() -> None:
    """Nothing reads their directory table, so a run of an hour lists the bucket once, for the external table."""
    snowflake = FakeSnowflake()
    _materialize(EVENT_LOG.replace("    directory: {enable: true}\n", ""), snowflake, STAGE_KEY)
    assert ["SHOW STAGES", "CREATE STAGE"] == _verbs(snowflake.sent)[1:-1]


def test_the_materialization_counts_the_registered_files() -> None:
    """The metadata has files by status, the statements, their query ids, and the object."""
    rows: list[Mapping[str, Any]] = [
        {"file": "a", "status": "REGISTERED_NEW", "description": ""},
        {"file": "b", "status": "REGISTERED_NEW", "description": ""},
        {"file": "c", "status": "REGISTERED_UPDATE", "description": ""},
        {"file": "d", "status": "UNREGISTERED", "description": ""},
    ]
    snowflake = _existing(refreshes=[rows])
    metadata = _materialize(EVENT_LOG, snowflake)
    assert {
        "target": "AWS.DEV.EXT_FLINK_EVENT_LOG",
        "created": False,
        "changed": "",
        "advice": [],
        "paths": ["2025/08/01/03/"],
        "files_registered_new": 2,
        "files_registered_updated": 1,
        "files_unregistered": 1,
        "files_skipped": 0,
        "query_ids": ["query-2", "query-3"],
    } == {name: metadata[name] for name in metadata if name not in {"statements", "duration_seconds"}}
    assert f"ALTER EXTERNAL TABLE {TABLE_SQL} REFRESH '2025/08/01/03/'" in str(metadata["statements"])


def test_a_file_that_was_not_registered_fails_the_run() -> None:
    """A refresh without an error is not yet a success."""
    failed: list[Mapping[str, Any]] = [
        {"file": "bad.jsonl", "status": "REGISTER_FAILED", "description": "access denied"}
    ]
    snowflake = _existing(refreshes=[failed])
    with pytest.raises(snowflake_components.FilesNotRegisteredError, match=r"bad\.jsonl: access denied"):
        _materialize(EVENT_LOG, snowflake)


def test_an_invalid_table_is_reported_instead_of_refreshed() -> None:
    """A table whose stage was replaced needs a repair by a person."""
    snowflake = FakeSnowflake(
        objects=[{"name": "EXT_FLINK_EVENT_LOG", "invalid": "true", "invalid_reason": "Stage altered"}]
    )
    with pytest.raises(snowflake_components.ObjectInvalidError, match="Stage altered"):
        _materialize(EVENT_LOG, snowflake)


def test_a_change_that_snowflake_accepted_without_effect_fails_the_run() -> None:
    """The object is compared again after its change; this Snowflake answers success and changes nothing."""
    edited = EVENT_LOG.replace('comment: "One row', 'comment: "Another row').replace(
        "  type: external table", "  on_change: apply\n  type: external table"
    )
    with pytest.raises(dg.Failure, match=r"accepted the change, but the object still differs: .*comment \(changed"):
        _materialize(edited, _existing())


def test_a_snowflake_that_was_away_is_tried_again() -> None:
    """The whole conversation starts over; each of its statements can be repeated."""
    snowflake = FakeSnowflake(failures=[SnowflakeUnavailableError("away")] * 4)
    assert _materialize(EVENT_LOG, snowflake)["created"] is True


def test_another_deployment_works_elsewhere_under_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment moves the object, the bucket and the role, never the asset."""
    for name, value in {"SNOWFLAKE_SCHEMA": "pr_12", "SNOWFLAKE_ROLE": "PR_WRITER", "BUCKET": "pr-bucket"}.items():
        monkeypatch.setenv(f"HOURGLASS_{name}", value)
    snowflake = FakeSnowflake()
    metadata = _materialize(EVENT_LOG, snowflake, STAGE_KEY)
    assert "AWS.PR_12.STAGE_FLINK_EVENT_LOG" == metadata["target"]
    assert "take PR_WRITER" == snowflake.sent[0]
    assert "URL = 's3://pr-bucket/platform-events/landing/'" in snowflake.sent[2]


def test_an_odd_name_is_quoted_in_sql_and_plain_in_the_key() -> None:
    """Dagster allows letters, digits, `_`, `.` and `-`; Snowflake gets the exact name."""
    odd = EVENT_LOG.replace("name: stage_flink_event_log", "name: '\"My Stage\"'")
    odd = odd.replace('"@stage_flink_event_log"', "'@\"My Stage\"'").replace(
        'deps: ["aws/dev/stage_flink_event_log"]', "deps: []"
    )
    key = dg.AssetKey(["aws", "dev", "My_Stage"])
    assert [key] == [dep.asset_key for dep in _specs(odd)[TABLE_KEY].deps]
    snowflake = FakeSnowflake()
    assert "AWS.DEV.My Stage" == _materialize(odd, snowflake, key)["target"]
    assert 'CREATE STAGE IF NOT EXISTS "AWS"."DEV"."My Stage"' in snowflake.sent[2]


def test_the_code_version_follows_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed definition is a new version, a changed description is not."""
    version = _specs(EVENT_LOG)[TABLE_KEY].code_version
    assert version == _specs(EVENT_LOG.replace("one row per accepted record", "rows"))[TABLE_KEY].code_version
    assert version != _specs(EVENT_LOG.replace("value:topic", "value:t"))[TABLE_KEY].code_version
    monkeypatch.setenv("HOURGLASS_STREAM", "archive-events")
    assert version == _specs(EVENT_LOG)[TABLE_KEY].code_version


def test_the_hour_of_the_path_follows_from_the_document_of_the_stage() -> None:
    """A longer prefix moves the year, and its position follows."""
    moved = EVENT_LOG.replace("/landing/", "/archive/2019/landing/")
    snowflake = FakeSnowflake()
    _materialize(moved, snowflake)
    created = next(sql for sql in snowflake.sent if sql.startswith("CREATE"))
    assert "CAST(SPLIT_PART(METADATA$FILENAME, '/', 5) || '-'" in created


def test_text_without_template_is_never_changed() -> None:
    """Quotes, numbers and braces in a comment or an expression stay as written."""
    comment = "'it''s' {{ not resolved }} [1, 2]"
    snowflake = FakeSnowflake()
    text = EVENT_LOG.replace('comment: "Platform', f'comment: "{comment} Platform')
    _materialize(text, snowflake, STAGE_KEY)
    quoted = comment.replace("'", "''")
    assert f"COMMENT = '{quoted} Platform" in snowflake.sent[2]


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
