"""A run of an asset against the local Snowflake: it creates an absent object and refreshes a present one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError

import snowflake_components
from infra.local_snowflake.faults import Fault, FaultKind, Faults
from snowflake_components.connection import SnowflakeSettings, query
from snowflake_components.identifiers import UnsafeTextError
from snowflake_components.session import ConnectorSession
from tests.fakes.component_runs import Ran, run
from tests.fakes.local_snowflake import FOREIGN_WARNING, Server
from tests.fakes.streams import DOCUMENT_TEXT

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

EVENT_LOG = DOCUMENT_TEXT.partition("---\n")[2].replace(  # the first document is the stream
    "\"{{ hours_of('landed_hour') }}\"", '{type: hourly, start_date: "2025-01-01-00:00"}'
)
"""The stage and the external table of the first stream."""
WITH_DIRECTORY = EVENT_LOG.replace("    file_extension: ", "    directory: {enable: true}\n    file_extension: ")
WHOLE = "\n".join(line for line in WITH_DIRECTORY.splitlines() if "partitions_def" not in line)
"""Without partitions."""
SLIDES = (Path(__file__).parent / "documents" / "slides.yaml").read_text(encoding="utf-8")
STAGE, TABLE = "stage_flink_event_log", "ext_flink_event_log"
LANDING = "platform-events/landing/"
LINE = {"topic": "t", "partition": 0, "offset": 1, "event": {"event_id": "e"}}


@pytest.fixture(autouse=True)
def _empty_bucket(server: Server) -> None:
    server.bucket.replace_all({})


@pytest.fixture
def listed(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prefixes that the local Snowflake listed in the bucket, in order."""
    prefixes: list[str] = []
    plain = server.bucket.list

    def listing(bucket: str, prefix: str) -> Any:
        prefixes.append(prefix)
        return plain(bucket, prefix)

    monkeypatch.setattr(server.bucket, "list", listing)
    return prefixes


def write(server: Server, hour: str, name: str = "a") -> str:
    """Land an object; return its key."""
    key = f"{LANDING}{hour}/{name}.jsonl"
    server.bucket.write(key, LINE)
    return key


def registered(settings: SnowflakeSettings) -> list[str]:
    """Return the registered files of the table."""
    files = "INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => 'EXT_FLINK_EVENT_LOG')"
    rows = query(settings, f"SELECT FILE_NAME FROM TABLE({files})").rows  # noqa: S608
    return sorted(str(row["FILE_NAME"]).removeprefix(LANDING) for row in rows)


def shown(settings: SnowflakeSettings, kind: str) -> dict[str, Any]:
    """Return the only object of a kind in the schema."""
    (row,) = query(settings, f"SHOW {kind} IN SCHEMA").rows
    return dict(row)


def test_an_absent_object_is_created_and_the_hour_is_listed_once(
    server: Server, own_schema: SnowflakeSettings, listed: list[str]
) -> None:
    """refresh_on_create is true, yet only the run's own hour is listed, by the statement after the creation."""
    write(server, "2025/08/01/03")
    write(server, "2025/08/01/04")
    run(EVENT_LOG, own_schema, STAGE)
    ran = run(EVENT_LOG, own_schema, TABLE)
    assert ["SHOW EXTERNAL", "CREATE EXTERNAL", "ALTER EXTERNAL"] == ran.verbs
    assert [f"{LANDING}2025/08/01/03/"] == listed
    assert ["2025/08/01/03/a.jsonl"] == registered(own_schema)
    assert ran.metadata["created"] is True


def test_every_statement_about_an_object_is_in_its_role(
    own_schema: SnowflakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login may create the stage; the role of the document may not, and is named."""
    query(own_schema, "CREATE ROLE IF NOT EXISTS NOBODY")
    query(own_schema, "GRANT ROLE NOBODY TO USER HOURGLASS")
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_ROLE", "NOBODY")
    with pytest.raises(snowflake_components.SnowflakeError, match=r"grant|GRANT") as refused:
        run(EVENT_LOG, own_schema, STAGE)
    assert isinstance(
        refused.value, snowflake_components.MissingPrivilegeError | snowflake_components.ObjectMissingError
    )
    monkeypatch.delenv("HOURGLASS_SNOWFLAKE_ROLE")
    assert run(EVENT_LOG, own_schema, STAGE).metadata["created"]


def test_a_present_object_is_refreshed_by_the_path_of_the_hour(own_schema: SnowflakeSettings) -> None:
    """The second run of an hour creates nothing."""
    run(WITH_DIRECTORY, own_schema, STAGE)
    ran = run(WITH_DIRECTORY, own_schema, STAGE, partition="2025-08-01-04:00")
    assert ["SHOW STAGES", "ALTER STAGE"] == ran.verbs
    assert ran.statements[-1].endswith("REFRESH SUBPATH = '2025/08/01/04/'")
    assert ran.metadata["created"] is False


def test_a_name_that_only_looks_alike_is_not_the_object(own_schema: SnowflakeSettings) -> None:
    """SHOW reads `_` as any character and ignores case; existence is decided by the exact name."""
    for alike in ("STAGE_FLINKXEVENT_LOG", '"stage_flink_event_log"'):
        query(own_schema, f"CREATE STAGE {alike} URL = 's3://hourglass/other/'")
    assert run(EVENT_LOG, own_schema, STAGE).metadata["created"] is True


def test_a_range_of_hours_is_listed_by_whole_days_where_they_are_complete(
    own_schema: SnowflakeSettings, listed: list[str]
) -> None:
    """A backfill of 26 hours is three statements."""
    run(EVENT_LOG, own_schema, STAGE)
    ran = run(EVENT_LOG, own_schema, TABLE, hours=("2025-07-31-23:00", "2025-08-02-00:00"))
    days = ["2025/07/31/23/", "2025/08/01/", "2025/08/02/00/"]
    assert days == ran.metadata["paths"]
    assert [f"{LANDING}{day}" for day in days] == listed


@pytest.mark.parametrize("name", [STAGE, TABLE])
def test_without_partitions_everything_is_listed_once(
    own_schema: SnowflakeSettings, listed: list[str], name: str
) -> None:
    """A new object is created and listed, a present one is listed."""
    documents = WHOLE if name == STAGE else WHOLE.replace("    directory: {enable: true}\n", "")
    if name == TABLE:
        run(EVENT_LOG, own_schema, STAGE)
    for number in (1, 2):
        run(documents, own_schema, name, partition=None)
        assert [LANDING] * number == listed


@pytest.mark.parametrize("documents", [EVENT_LOG, WITH_DIRECTORY.replace("enable: true", "enable: false")])
def test_a_stage_without_directory_table_is_not_refreshed(
    own_schema: SnowflakeSettings, listed: list[str], documents: str
) -> None:
    """Nothing reads it, so an hour of the project lists the bucket once: for the external table."""
    assert ["SHOW STAGES", "CREATE STAGE"] == run(documents, own_schema, STAGE).verbs
    assert ["SHOW STAGES"] == run(documents, own_schema, STAGE).verbs
    assert [] == listed


@pytest.mark.slow
def test_an_hour_beside_10_000_registered_objects_is_one_statement_and_one_prefix(
    server: Server, own_schema: SnowflakeSettings, listed: list[str]
) -> None:
    """What is registered already is not listed again; many new files of one directory are an advice."""
    for number in range(10_000):
        write(server, f"2025/07/31/{number % 20:02}", str(number))
    run(EVENT_LOG, own_schema, STAGE)
    run(EVENT_LOG, own_schema, TABLE, hours=("2025-07-31-00:00", "2025-07-31-23:00"))
    assert 10_000 == len(registered(own_schema))
    for number in range(501):
        write(server, "2025/08/01/03", str(number))
    listed.clear()
    ran = run(EVENT_LOG, own_schema, TABLE)
    assert (["SHOW EXTERNAL", "ALTER EXTERNAL"], [f"{LANDING}2025/08/01/03/"]) == (ran.verbs, listed)
    assert 501 == ran.metadata["files_registered_new"]
    assert "2025/08/01/03/ has 501 new files: write fewer and larger ones" in str(ran.metadata["advice"])


def test_the_materialization_counts_what_the_refresh_answered(server: Server, own_schema: SnowflakeSettings) -> None:
    """Files by status, the statements, their query ids, and the object."""
    run(EVENT_LOG, own_schema, STAGE)
    gone, changed = write(server, "2025/08/01/03", "gone"), write(server, "2025/08/01/03", "changed")
    first = run(EVENT_LOG, own_schema, TABLE)
    server.bucket.remove(gone)
    server.bucket.write(changed, LINE, LINE)
    write(server, "2025/08/01/03", "new")
    write(server, "2025/08/01/03", "newer")
    second = run(EVENT_LOG, own_schema, TABLE)
    assert [2, 0, 0] == _counts(first)
    assert [2, 1, 1] == _counts(second)
    assert f"AWS.{own_schema.schema_name}.EXT_FLINK_EVENT_LOG" == second.metadata["target"]
    assert (["2025/08/01/03/"], "", []) == tuple(second.metadata[name] for name in ("paths", "changed", "advice"))
    assert len(second.statements) == len(set(second.metadata["query_ids"]))


def _counts(ran: Ran) -> list[int]:
    names = ("files_registered_new", "files_registered_updated", "files_unregistered")
    return [ran.metadata[name] for name in names]


def test_a_file_that_was_not_registered_fails_the_run(server: Server, own_schema: SnowflakeSettings) -> None:
    """The statement succeeds; its rows say that the hour of a file cannot be computed from its path."""
    run(EVENT_LOG, own_schema, STAGE)
    write(server, "no/hour/of/all", "bad")
    documents = WHOLE.replace("    directory: {enable: true}\n", "")
    with pytest.raises(snowflake_components.FilesNotRegisteredError, match=r"1 of 1 files were not .*bad\.jsonl"):
        run(documents, own_schema, TABLE, partition=None)


def test_a_table_whose_stage_was_replaced_is_reported(own_schema: SnowflakeSettings) -> None:
    """It needs a repair that a person allows."""
    run(EVENT_LOG, own_schema, STAGE)
    run(EVENT_LOG, own_schema, TABLE)
    query(own_schema, f"CREATE OR REPLACE STAGE STAGE_FLINK_EVENT_LOG URL = 's3://hourglass/{LANDING}'")
    with pytest.raises(snowflake_components.ObjectInvalidError, match="it is invalid"):
        run(EVENT_LOG, own_schema, TABLE)


def test_a_change_that_snowflake_accepted_without_effect_fails_the_run(
    own_schema: SnowflakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object is compared again after its change; this session answers success and changes nothing."""
    run(EVENT_LOG, own_schema, STAGE)
    run(EVENT_LOG, own_schema, TABLE)
    plain = ConnectorSession.execute

    def deaf(session: ConnectorSession, sql: str, params: Any = None) -> Any:
        return plain(session, "SELECT 1" if sql.startswith("COMMENT ON TABLE") else sql, params)

    monkeypatch.setattr(ConnectorSession, "execute", deaf)
    edited = EVENT_LOG.replace('comment: "One row', 'comment: "Another row')
    applied = edited.replace("  type: external table", "  on_change: apply\n  type: external table")
    with pytest.raises(dg.Failure, match=r"accepted the change, but the object still differs: .*comment \(changed"):
        run(applied, own_schema, TABLE)


def test_an_object_with_a_cut_expression_is_not_created(own_schema: SnowflakeSettings) -> None:
    """Text that cannot be SQL is refused before a statement is sent."""
    with pytest.raises(UnsafeTextError, match=r"REPLICATION_HOUR.*write it out"):
        run(SLIDES, own_schema, TABLE, partition=None)
    assert () == query(own_schema, "SHOW EXTERNAL TABLES LIKE 'EXT_FLINK_EVENT_LOG' IN SCHEMA AWS.DEV").rows


def test_another_deployment_works_elsewhere_under_the_same_key(
    own_schema: SnowflakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment moves the object and the bucket, never the asset."""
    monkeypatch.setenv("HOURGLASS_BUCKET", "pr-bucket")
    ran = run(EVENT_LOG, own_schema, STAGE)
    assert f"AWS.{own_schema.schema_name}.STAGE_FLINK_EVENT_LOG" == ran.metadata["target"]
    assert f"s3://pr-bucket/{LANDING}" == shown(own_schema, "STAGES")["url"]


def test_an_odd_name_is_quoted_in_sql_and_plain_in_the_key(own_schema: SnowflakeSettings) -> None:
    """Dagster allows letters, digits, `_`, `.` and `-`; Snowflake gets the exact name."""
    odd = EVENT_LOG.replace("name: stage_flink_event_log", "name: '\"My Stage\"'")
    odd = odd.replace('"@stage_flink_event_log"', "'@\"My Stage\"'").replace('["aws/dev/stage_flink_event_log"]', "[]")
    run(odd, own_schema, "My_Stage")
    assert "My Stage" == shown(own_schema, "STAGES")["name"]
    assert run(odd, own_schema, TABLE).metadata["created"]


def test_the_hour_of_the_path_follows_from_the_document_of_the_stage(
    server: Server, own_schema: SnowflakeSettings
) -> None:
    """A longer prefix moves the year, and its position follows."""
    moved = EVENT_LOG.replace("/landing/", "/archive/2019/landing/")
    server.bucket.write("platform-events/archive/2019/landing/2025/08/01/03/a.jsonl", LINE)
    for name in (STAGE, TABLE):
        run(moved, own_schema, name)
    found = query(own_schema, "SELECT TO_VARCHAR(REPLICATION_HOUR, 'YYYY-MM-DD HH24') AS H FROM EXT_FLINK_EVENT_LOG")
    assert ({"H": "2025-08-01 03"},) == found.rows


def test_text_without_template_is_never_changed(own_schema: SnowflakeSettings) -> None:
    """Quotes, numbers, braces and backslashes in a comment stay as written."""
    comment = r"'it''s' {{ not resolved }} [1, 2] \\n"
    run(EVENT_LOG.replace('comment: "Platform', f'comment: "{comment} Platform'), own_schema, STAGE)
    assert shown(own_schema, "STAGES")["comment"].startswith(r"'it''s' {{ not resolved }} [1, 2] \n Platform events")


def test_an_hour_that_is_missing_in_a_run_is_refused(own_schema: SnowflakeSettings) -> None:
    """Listing everything by mistake is slow and costs money."""
    with pytest.raises(CheckError, match="should either have a partition key"):
        run(EVENT_LOG, own_schema, TABLE, partition=None)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.RESET, statement="REFRESH"),
        Fault(kind=FaultKind.UNAVAILABLE, statement="CREATE EXTERNAL"),
        Fault(kind=FaultKind.SLOW, statement="REFRESH", seconds=0.1),
        Fault(kind=FaultKind.ANSWER_LOST, statement="CREATE EXTERNAL"),
        Fault(kind=FaultKind.ANSWER_LOST, statement="REFRESH"),
        Fault(kind=FaultKind.TOKEN_EXPIRED, statement="REFRESH"),
        Fault(kind=FaultKind.MASTER_TOKEN_EXPIRED, statement="REFRESH"),
        Fault(kind=FaultKind.UNAVAILABLE, login=True),
    ],
    ids=lambda fault: f"{fault.kind.value} {fault.statement or 'login'}",
)
def test_a_run_outlives_a_snowflake_that_is_away(server: Server, own_schema: SnowflakeSettings, fault: Fault) -> None:
    """The whole conversation starts over where it must: one object, every file once."""
    run(EVENT_LOG, own_schema, STAGE)
    keys = [write(server, "2025/08/01/03", name).removeprefix(LANDING) for name in "ab"]
    with Faults(own_schema.address).during(fault):
        run(EVENT_LOG, own_schema, TABLE)
    assert keys == registered(own_schema)
    assert "EXT_FLINK_EVENT_LOG" == shown(own_schema, "EXTERNAL TABLES")["name"]


def test_a_refusal_is_final_and_named(own_schema: SnowflakeSettings) -> None:
    """Another try would be refused, too; nothing is reported as done."""
    run(EVENT_LOG, own_schema, STAGE)
    denied = "SQL access control error: Insufficient privileges to operate on schema 'DEV'"
    fault = Fault(
        kind=FaultKind.REFUSE, statement="CREATE EXTERNAL", code=3001, sqlstate="42501", message=denied, times=2
    )
    with Faults(own_schema.address).during(fault):
        with pytest.raises(
            snowflake_components.MissingPrivilegeError,
            match="GRANT CREATE EXTERNAL TABLE ON SCHEMA DEV TO ROLE AWS_WRITER",
        ):
            run(EVENT_LOG, own_schema, TABLE)
        assert [1] == [left.times for left in Faults(own_schema.address).left()]


def test_the_rest_of_half_a_refresh_is_registered_by_the_next_run(
    server: Server, own_schema: SnowflakeSettings
) -> None:
    """A refresh that ends half way fails its run, and what it did is not done again."""
    run(EVENT_LOG, own_schema, STAGE)
    keys = [write(server, "2025/08/01/03", name).removeprefix(LANDING) for name in "abcd"]
    run(EVENT_LOG, own_schema, TABLE, partition="2025-08-01-04:00")
    half = Fault(kind=FaultKind.HALF_REFRESH, statement="REFRESH", code=603)
    with (
        Faults(own_schema.address).during(half),
        pytest.raises(snowflake_components.StatementFailedError, match="Processing aborted"),
    ):
        run(EVENT_LOG, own_schema, TABLE)
    assert keys[:2] == registered(own_schema)
    assert 2 == run(EVENT_LOG, own_schema, TABLE).metadata["files_registered_new"]
    assert keys == registered(own_schema)
