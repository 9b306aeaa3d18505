"""The job `publish_hour` and the sensor `landed_hours`, run by Dagster in this process over fakes."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.loader import LoadingContextForTest

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.errors import BrokerUnavailableError, BucketUnavailableError, CursorUnreadableError
from orchestration.landing.proof.links import digest
from orchestration.landing.proof.seal import latest_seal
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.hours import hour_rows
from orchestration.landing.report.state import HourState
from orchestration.stream.definitions.assets import external_assets, landed_hour, published_hour
from orchestration.stream.definitions.checks import hour_checks
from orchestration.stream.definitions.hours import hour_job, hour_sensor
from snowflake_components.errors import ObjectMissingError, SnowflakeUnavailableError
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.fakes.streams import bound, document

DOCUMENT = document(hours_per_run_max=1)
LANDED_HOUR, PUBLISHED_HOUR, WRITER = (
    DOCUMENT.keys.landed_hour,
    DOCUMENT.keys.published_hour,
    DOCUMENT.keys.writer,
)
STAGE, EXTERNAL_TABLE = dg.AssetKey(["aws", "dev", "stage_flink_event_log"]), DOCUMENT.table
hourly_partitions = DOCUMENT.partitions
CHECKS = {"offsets_accounted_for", "objects_present", "files_registered", "rows_queryable"}


@dg.asset(key=STAGE, deps=[LANDED_HOUR], partitions_def=hourly_partitions)
def stage() -> None: ...


@dg.asset(key=EXTERNAL_TABLE, deps=[STAGE], partitions_def=hourly_partitions)
def external_table(context: dg.AssetExecutionContext, fake: dg.ResourceParam[FakeLanding]) -> None:
    fake.table.refresh(Hour.from_partition_key(context.partition_key))


@dg.asset(deps=[PUBLISHED_HOUR], partitions_def=hourly_partitions)
def hourly_model() -> None: ...


@dg.asset(deps=[PUBLISHED_HOUR])
def report_over_everything() -> None: ...


@pytest.fixture
def table(fake: FakeLanding) -> ExternalTable:
    return fake.table.client


@pytest.fixture
def defs(fake: FakeLanding) -> dg.Definitions:
    job = hour_job(DOCUMENT)
    return dg.Definitions(
        assets=[
            *external_assets(DOCUMENT),
            landed_hour(DOCUMENT),
            stage,
            external_table,
            published_hour(DOCUMENT),
            hourly_model,
            report_over_everything,
        ],
        asset_checks=hour_checks(DOCUMENT),
        jobs=[job],
        sensors=[hour_sensor(DOCUMENT, job)],
        resources={DOCUMENT.resource_key: bound(fake, DOCUMENT), "fake": fake},
    )


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def tick(defs: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None = None) -> SensorExecutionData:
    resources = {DOCUMENT.resource_key: (defs.resources or {})[DOCUMENT.resource_key]}
    context = dg.build_sensor_context(instance, cursor, definitions=defs, resources=resources)
    (sensor,) = defs.sensors or []
    assert isinstance(sensor, dg.SensorDefinition)
    return sensor.evaluate_tick(context)


def publish(
    defs: dg.Definitions, instance: dg.DagsterInstance, hour: Hour = H1, tags: dict[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    job = defs.resolve_job_def("publish_hour")
    return job.execute_in_process(instance=instance, partition_key=hour.partition_key, tags=tags, raise_on_error=False)


def materialized(result: dg.ExecuteInProcessResult) -> list[str]:
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key]


def latest(instance: dg.DagsterInstance, key: dg.AssetKey) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization


def checked(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {found.check_name: found.passed for found in result.get_asset_check_evaluations()}


def test_a_run_seals_checks_and_publishes_one_hour(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The steps run in this order, with the models of the hour behind the gate, and only hourly assets."""
    result = publish(defs, instance)
    assert [
        "landed_hour",
        STAGE.to_user_string(),
        EXTERNAL_TABLE.to_user_string(),
        "published_hour",
        "hourly_model",
    ] == (materialized(result))
    assert dict.fromkeys(CHECKS, True) == checked(result)
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    for key in (LANDED_HOUR, PUBLISHED_HOUR):
        assert seal.fingerprint == (latest(instance, key).tags or {})["dagster/data_version"]


def test_a_published_hour_is_a_row_of_the_table_hours(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Once for the run, with the fingerprint of the seal; a further run of the hour says the same."""
    publish(defs, instance)
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    assert {("platform_events", "2025-08-01T01"): (1, seal.fingerprint, 4)} == fake.table.hours
    merges = [sql.partition(" AS kept")[0].split(".")[-1] for sql in fake.table.sent if "MERGE INTO" in sql]
    assert ['"HOUR_OBJECTS"', '"HOURS"'] == merges


def test_an_object_has_the_revision_and_the_time_of_its_first_publication(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Also when the table was dropped in between: an amendment does not make the first objects younger."""
    publish(defs, instance)
    first = dict(fake.table.objects)
    assert {("2025-08-01T01", 1, "2025-08-01 04:10:00.000000")} == set(first.values())
    fake.table.objects.clear()
    fake.clock.time += timedelta(days=1)
    fake.broker.records[0] += minutes(40, 41)
    fake.job.land(0, 7, 8, fake.clock.utc_now())
    assert publish(defs, instance).success
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    (late,) = seal.landing().keys() - first.keys()
    assert first | {late: ("2025-08-01T01", 2, "2025-08-02 04:10:00.000000")} == fake.table.objects


def test_the_version_of_the_objects_of_an_hour_changes_with_their_content_alone(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """An object that was touched is no change; an hour is stale from the observation of other objects to its run."""
    first = observed_objects(tick(defs, instance), instance)
    publish(defs, instance)
    assert [] == stale_causes(defs, instance)
    fake.bucket.modified = dict.fromkeys(fake.bucket.objects, fake.clock.utc_now())
    assert None is observed_objects(tick(defs, instance), instance)
    assert [] == stale_causes(defs, instance)
    fake.broker.records[0] += minutes(40, 41)
    fake.job.land(0, 7, 8, fake.clock.utc_now())
    second = observed_objects(tick(defs, instance), instance)
    assert ["has a new dependency data version"] == stale_causes(defs, instance)
    publish(defs, instance)
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    assert seal.fingerprint == second
    assert first not in {None, second}
    assert [] == stale_causes(defs, instance)


def observed_objects(found: SensorExecutionData, instance: dg.DagsterInstance) -> str | None:
    """Store the events of a tick, as the daemon does before it starts the runs; return the version of hour 01."""
    for event in found.asset_events:
        instance.report_runless_asset_event(event)
    versions = [
        event.tags["dagster/data_version"]
        for event in found.asset_events
        if isinstance(event, dg.AssetObservation) and event.partition == H1.partition_key
    ]
    return versions[0] if versions else None


def stale_causes(defs: dg.Definitions, instance: dg.DagsterInstance) -> list[str]:
    """Return why Dagster calls hour 01 stale."""
    resolver = CachingStaleStatusResolver(instance, defs.resolve_asset_graph(), LoadingContextForTest(instance))
    return [cause.reason for cause in resolver.get_stale_causes(LANDED_HOUR, H1.partition_key)]


def test_an_hour_is_published_after_its_row_is_written(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """An hour that was published without its row would never be requested again, and its readers never hear of it."""
    fake.table.refused_tables = 1
    assert not publish(defs, instance).success
    assert {} == published_revisions(fake.bucket, fake.stream.layout)
    assert publish(defs, instance).success
    assert {H1} == published_revisions(fake.bucket, fake.stream.layout).keys()
    assert 1 == len(fake.table.hours)


def test_the_metadata_tell_which_events_were_published(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """The metadata has hour, files, bytes, rows, ids and offsets."""
    publish(defs, instance)
    found = {name: value.value for name, value in latest(instance, PUBLISHED_HOUR).metadata.items()}
    assert ("2025-08-01T01", 1, 4, 1, 3, "e-0-0", "e-1-1") == tuple(
        found[name] for name in ("hour", "revision", "rows", "rejected", "objects", "min_event_id", "max_event_id")
    )
    assert {"platform-events[0]": 2, "platform-events[1]": 1} == found["max_offsets"]
    assert 2 * 3600 + 600 == found["lag_seconds"]
    assert [f"platform-events/landing/2025/08/01/01/part-0123456789ab.{n}-0-0.jsonl" for n in (1, 2)] == found["files"]


def test_a_file_that_is_not_registered_stops_the_hour_before_its_readers(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The table's asset is materialised, its check fails, and no asset behind it runs."""
    fake.table.refuses = 1
    result = publish(defs, instance)
    assert not result.success
    assert {"files_registered", "rows_queryable"} == {name for name, passed in checked(result).items() if not passed}
    assert EXTERNAL_TABLE.to_user_string() == materialized(result)[-1]


def test_a_row_that_the_table_does_not_show_stops_the_hour_before_its_readers(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Every file is registered, and one row of each is not read: only the rows differ."""
    fake.table.loses = 1
    result = publish(defs, instance)
    assert ["rows_queryable"] == [name for name, passed in checked(result).items() if not passed]
    assert EXTERNAL_TABLE.to_user_string() == materialized(result)[-1]


def test_an_hour_that_is_not_complete_fails_with_the_reason(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The run proves the hour itself, whatever was requested; nothing is sealed."""
    lost = next(key for key in fake.bucket.objects if "/landing/2025/08/01/01/" in key)
    del fake.bucket.objects[lost]
    result = publish(defs, instance)
    assert [] == materialized(result)
    assert "2025-08-01T01 is not complete: it waits for 1 promised objects" in failure_of(result)
    assert latest_seal(fake.bucket, fake.stream.layout, H1) is None


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    return " ".join(
        str(event.step_failure_data.error_display_string) + str(event.step_failure_data.user_failure_data)
        for event in result.all_events
        if event.is_step_failure
    )


def test_an_hour_without_records_is_published_with_0_rows(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Nothing was produced for 04: the sensor requests it, and its seal, checks and metadata say 0."""
    fake.clock.time = H1.plus(4).start + timedelta(minutes=1)
    request = (tick(defs, instance).run_requests or [])[-1]
    assert "2025-08-01-04:00" == request.partition_key
    result = publish(defs, instance, H1.plus(3), dict(request.tags))
    assert result.success
    assert dict.fromkeys(CHECKS, True) == checked(result)
    assert "hourly_model" == materialized(result)[-1]
    found = {name: value.value for name, value in latest(instance, PUBLISHED_HOUR).metadata.items()}
    names = ("rows", "rejected", "objects", "files", "bytes", "dagster/partition_row_count", "min_event_id")
    assert (0, 0, 0, [], 0, 0, "") == tuple(found[name] for name in names)


def test_a_partition_that_landed_long_before_the_hour_is_accounted_for(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Partition 1 has no record after 03: its last entry is older than the entries of hour 05 and still counts."""
    fake.clock.time = H1.plus(5).start + timedelta(minutes=1)
    fake.broker.records[0] += minutes(280)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    request = (tick(defs, instance).run_requests or [])[-1]
    assert ("2025-08-01-05:00", "2025/08/01/04") == (request.partition_key, request.tags["hourglass/ledger-since"])
    for tags in (dict(request.tags), None):
        result = publish(defs, instance, H1.plus(4), tags)
        assert result.success
        assert dict.fromkeys(CHECKS, True) == checked(result)


def test_the_seal_is_anchored_in_the_metadata(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Both assets have number and hash of the seal, which a stranger in the bucket cannot change."""
    publish(defs, instance)
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    for key in (LANDED_HOUR, PUBLISHED_HOUR):
        assert f"1:{digest(seal.body())}" == latest(instance, key).metadata["link"].value


def test_an_hour_over_another_topic_is_red_in_its_first_check(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The topic is recreated between seal and check: the check names both ids."""
    sealing = fake.bucket.put_if_absent

    def recreate_after_the_seal(key: str, body: bytes) -> bool:
        if "/seals/" in key:
            fake.broker.recreate("topic-2")
        return sealing(key, body)

    fake.bucket.put_if_absent = recreate_after_the_seal  # type: ignore[method-assign] # another topic of the name
    result = publish(defs, instance)
    red = [found for found in result.get_asset_check_evaluations() if not found.passed]
    assert ["offsets_accounted_for"] == [found.check_name for found in red]
    assert "the broker has topic id topic-2, the ledger ends with topic-1" in str(red[0].description)
    assert "published_hour" not in materialized(result)


@pytest.mark.parametrize("away", [BrokerUnavailableError("broker"), BucketUnavailableError("bucket")])
def test_what_is_away_in_a_run_is_retried(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    fake: FakeLanding,
    away: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step requests a retry and then succeeds."""
    monkeypatch.setattr("orchestration.landing.dagster_errors.RETRY_SECONDS", 0)
    (fake.broker if isinstance(away, BrokerUnavailableError) else fake.bucket).failures = [away]
    result = publish(defs, instance)
    assert result.success
    assert ["landed_hour"] == [event.step_key for event in result.all_events if event.is_step_up_for_retry]


def test_a_check_that_cannot_be_made_is_failed_and_not_skipped(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snowflake stays away for all retries: the check fails with the reason, and the hour is not published."""
    monkeypatch.setattr("orchestration.landing.dagster_errors.RETRY_SECONDS", 0)
    fake.table.failures = [SnowflakeUnavailableError("Snowflake does not answer")] * 20
    result = publish(defs, instance)
    assert {"files_registered": False, "rows_queryable": False} == {
        name: passed for name, passed in checked(result).items() if not passed
    }
    assert "published_hour" not in materialized(result)


def test_a_check_that_breaks_is_failed_and_not_skipped(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """A bug in a check must not let an hour pass."""
    fake.table.failures = [KeyError("FILE_NAME")] * 2
    result = publish(defs, instance)
    assert ["could not be checked: 'FILE_NAME'"] * 2 == [
        found.description for found in result.get_asset_check_evaluations() if not found.passed
    ]
    assert "published_hour" not in materialized(result)


def test_the_sensor_asks_for_each_hour_and_then_skips_with_a_reason(
    defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    """Partition, run key and tags name the hour and its objects."""
    first = tick(defs, instance)
    assert [f"2025-08-01-0{n}:00" for n in (1, 2, 3)] == [request.partition_key for request in first.run_requests or []]
    asked = (first.run_requests or [])[0]
    assert asked.run_key == f"2025-08-01T01:{asked.tags['hourglass/fingerprint'][:16]}"
    assert ("complete", "2025/08/01/04") == (asked.tags["hourglass/reason"], asked.tags["hourglass/ledger-since"])
    second = tick(defs, instance, first.cursor)
    assert ([], "every landed hour was requested; 2025/08/01/03 was the last") == (
        second.run_requests,
        second.skip_message,
    )


def test_the_run_that_the_sensor_asks_for_publishes_what_it_found(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The request and the seal have the same fingerprint."""
    for request in tick(defs, instance).run_requests or []:
        hour = Hour.from_partition_key(str(request.partition_key))
        assert publish(defs, instance, hour, dict(request.tags)).success
        seal = latest_seal(fake.bucket, fake.stream.layout, hour)
        assert seal is not None
        assert request.tags["hourglass/fingerprint"] == seal.fingerprint


def test_the_writer_shows_a_sign_of_life_when_hours_are_finished(
    defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    """A tick that requests runs records one event, with the hours and the position of each partition."""
    first = tick(defs, instance)
    seen = [event for event in first.asset_events if isinstance(event, dg.AssetMaterialization)]
    assert [WRITER] == [event.asset_key for event in seen]
    assert {"platform-events[0]@topic-1": 7, "platform-events[1]@topic-1": 5} == seen[0].metadata["positions"].value
    assert [] == tick(defs, instance, first.cursor).asset_events


def test_a_broker_that_is_away_skips_the_tick_and_keeps_the_cursor(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The reason names the broker, and the next tick does the work."""
    before = tick(defs, instance).cursor
    fake.broker.failures = [BrokerUnavailableError("broker 127.0.0.1:9092 cannot list offsets now")]
    away = tick(defs, instance, before)
    assert ([], before) == (away.run_requests, away.cursor)
    assert "broker 127.0.0.1:9092 cannot list offsets now; the next tick tries again" == away.skip_message
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert ["2025-08-01-01:00"] == [
        request.partition_key for request in tick(defs, instance, away.cursor).run_requests or []
    ]


def test_a_damaged_cursor_fails_the_tick(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """It is red in the UI, with the repair, and never starts from now."""
    with pytest.raises(CursorUnreadableError, match="the whole ledger is then read again"):
        tick(defs, instance, cursor="2025/08/01/03")


def test_every_row_of_the_report_agrees_after_its_run_and_not_before(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, table: ExternalTable
) -> None:
    """Hour 01 is published, 02 should be by now; 03 has time left, and a running hour has nothing to agree with."""
    fake.broker.records[0] += minutes(185)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    publish(defs, instance)
    rows = hour_rows(fake.stream, table)
    assert [
        ("2025-08-01T01", "published", 4, 1, 2, 2, 4, 1, True),
        ("2025-08-01T02", "complete", 4, 0, 2, 0, 0, None, False),
        ("2025-08-01T03", "complete", 3, 0, 2, 0, 0, None, None),
        ("2025-08-01T04", "open", 1, 0, 1, 0, 0, None, None),
    ] == [
        (r.hour, r.state, r.accepted, r.rejected, r.objects, r.registered, r.queryable, r.revision, r.agree)
        for r in rows
    ]


def test_an_hour_that_is_registered_and_not_published_does_not_agree(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, table: ExternalTable
) -> None:
    """All numbers are right, and it has no publication."""
    publish(defs, instance)
    del fake.bucket.objects["platform-events/published/2025/08/01/01/r0001-5.json"]
    row = hour_rows(fake.stream, table)[0]
    assert (HourState.REGISTERED, 4, 4, False) == (row.state, row.accepted, row.queryable, row.agree)


def test_an_hour_with_an_object_that_is_not_registered_does_not_agree(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, table: ExternalTable
) -> None:
    """The object came after the refresh, and no ledger entry promises it yet."""
    publish(defs, instance)
    fake.bucket.objects["platform-events/landing/2025/08/01/01/part-0123456789ab.9-0-0.jsonl"] = b"x"
    row = hour_rows(fake.stream, table)[0]
    assert (HourState.PUBLISHED, 3, 2, False) == (row.state, row.objects, row.registered, row.agree)


def test_a_late_record_takes_an_hour_through_amended_to_revision_2(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, table: ExternalTable
) -> None:
    """It stops agreeing when the record lands, and agrees again after one more run."""
    cursor = tick(defs, instance).cursor
    publish(defs, instance)
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert (HourState.AMENDED, False) == first_row(fake, table)
    amended = tick(defs, instance, cursor).run_requests or []
    assert [("2025-08-01-01:00", "amended")] == [(r.partition_key, r.tags["hourglass/reason"]) for r in amended]
    assert publish(defs, instance, H1, dict(amended[0].tags)).success
    assert (HourState.PUBLISHED, True) == first_row(fake, table)
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    assert 2 == seal.revision


def first_row(fake: FakeLanding, table: ExternalTable) -> tuple[HourState, bool | None]:
    row = hour_rows(fake.stream, table)[0]
    return row.state, row.agree


def test_the_report_works_while_snowflake_and_the_broker_are_away(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, table: ExternalTable
) -> None:
    """Unknown values are None; published hours stay published."""
    publish(defs, instance)
    fake.table.failures = [SnowflakeUnavailableError("away")]
    fake.broker.failures = [BrokerUnavailableError("away")]
    rows = hour_rows(fake.stream, table)
    assert [("published", None, None, None), ("open", None, None, None)] == [
        (row.state, row.registered, row.queryable, row.agree) for row in rows[:2]
    ]


def test_a_table_that_no_run_has_created_yet_shows_nothing(fake: FakeLanding, table: ExternalTable) -> None:
    """Before the first run there are zero files and rows, and not "Snowflake is away"."""
    fake.table.failures = [ObjectMissingError("EXT_FLINK_EVENT_LOG does not exist")]
    rows = hour_rows(fake.stream, table)
    assert [(0, 0, False), (0, 0, False), (0, 0, None)] == [(row.registered, row.queryable, row.agree) for row in rows]


def test_a_report_of_nothing_is_empty(fake: FakeLanding, table: ExternalTable) -> None:
    """Before the first record lands there is no row, and no error."""
    fake.bucket.objects.clear()
    fake.broker.records = {0: [], 1: []}
    assert [] == hour_rows(fake.stream, table)


def test_rest_is_waited_for_once_when_a_person_starts_the_run(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """No sensor has watched the partitions, so the run reads the ends, waits for the grace, and reads them again."""
    fake.broker.record_time = type(fake.broker.record_time).CREATE
    assert publish(defs, instance, H1.plus(2)).success
    assert [31.0] == fake.clock.waits


def test_rest_that_the_sensor_has_seen_is_not_waited_for(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The request has the end offsets and the time since which they have not moved."""
    fake.broker.record_time = type(fake.broker.record_time).CREATE
    first = tick(defs, instance)
    fake.clock.time += timedelta(seconds=31)
    third = (tick(defs, instance, first.cursor).run_requests or [])[-1]
    assert "2025-08-01-03:00" == third.partition_key
    assert publish(defs, instance, H1.plus(2), dict(third.tags)).success
    assert [] == fake.clock.waits
