"""What changed after an hour was published, found on the bucket and on the local Snowflake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import dagster as dg
import pytest

from flink_jobs.contracts.layout import Kind
from orchestration.alerts.incidents import Message, Occasion
from orchestration.quality.definitions.incidents import check_incidents
from orchestration.quality.definitions.reconciled import reconcile_job, reconcile_schedule, reconciled_check
from orchestration.quality.reconcile import reconcile
from orchestration.stream.definitions.alerting import alert_sensor
from orchestration.stream.definitions.assets import external_assets
from tests.fakes.landing import H1
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.streams import document
from tests.unit.orchestration.quality.conftest import LocalTable

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

DOCUMENT = document()
OBJECT = "platform-events/landing/2025/08/01/01/part-0123456789ab.1-0-0.jsonl"
OTHER = "platform-events/landing/2025/08/01/01/part-0123456789ab.9-0-0.jsonl"
REJECTED = "platform-events/rejected/2025/08/01/01/part-0123456789ab.1-0-0.jsonl"
SEAL = "platform-events/seals/2025/08/01/01/r0001.json"


@pytest.fixture
def published(table: LocalTable) -> LocalTable:
    """Hour 01 is published: two objects with two rows each, and one with a rejected record."""
    result = table.publish()
    assert result.success
    return table


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def changes(table: LocalTable) -> list[tuple[str, str]]:
    """Return kind and key of every change of the last 30 days."""
    its = table.bound()
    return [(one.kind, one.key) for one in reconcile(its.stream, its.table, 30).changes]


def delete_object(table: LocalTable, key: str = OBJECT) -> None:
    """Delete an object of the bucket; the table keeps its registration."""
    del table.fake.bucket.objects[key]


def change_object(table: LocalTable) -> None:
    """Replace one byte of a rejected record."""
    table.fake.bucket.objects[REJECTED] = table.fake.bucket.objects[REJECTED].replace(b"byte 0", b"byte 1")


def delete_seal(table: LocalTable) -> None:
    """Delete the seal of the hour."""
    delete_object(table, SEAL)


def damage_seal(table: LocalTable) -> None:
    """Cut the seal."""
    table.fake.bucket.objects[SEAL] = table.fake.bucket.objects[SEAL][:-9]


def unregister(table: LocalTable) -> None:
    """Refresh the table while a file is away."""
    table.bucket.file(OBJECT).unlink()
    table.refresh()


def register_again(table: LocalTable) -> None:
    """Refresh the table over a file with another line."""
    table.bucket.change_lines(OBJECT, lambda lines: [*lines, lines[1]])
    table.refresh()


def lose_a_row(table: LocalTable) -> None:
    """Refresh the table over a file of the same size with one line."""
    file = table.bucket.file(OBJECT)
    size, first = file.stat().st_size, file.read_bytes().splitlines()[0]
    file.write_bytes(first.ljust(size - 1) + b"\n")
    table.refresh()


def register_foreign(table: LocalTable) -> None:
    """Copy an object beside itself and refresh the table."""
    table.bucket.file(OTHER).write_bytes(table.bucket.file(OBJECT).read_bytes())
    table.refresh()


def change_nothing(table: LocalTable) -> None:
    """Refresh the table once more."""
    table.refresh()


OF_THE_BUCKET: tuple[tuple[Callable[[LocalTable], None], list[tuple[str, str]]], ...] = (
    (change_nothing, []),
    (delete_object, [("deleted_object", OBJECT)]),
    (change_object, [("changed_object", REJECTED)]),
    (delete_seal, [("deleted_seal", SEAL)]),
    (damage_seal, [("damaged_seal", SEAL)]),
)


def test_what_changed_in_the_bucket_after_the_publication_is_found_by_its_key(published: LocalTable) -> None:
    """One change, and no other finding beside it; one publication serves all, because objects can be put back."""
    landed = dict(published.fake.bucket.objects)
    found: list[tuple[Callable[[LocalTable], None], list[tuple[str, str]]]] = []
    for change, _ in OF_THE_BUCKET:
        change(published)
        found.append((change, changes(published)))
        published.fake.bucket.objects.update(landed)
    assert list(OF_THE_BUCKET) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (unregister, [("unregistered_file", OBJECT)]),
        (register_again, [("changed_rows", OBJECT), ("registered_again", OBJECT)]),
        (lose_a_row, [("changed_rows", OBJECT)]),
        (register_foreign, [("foreign_file", OTHER)]),
    ],
)
def test_what_changed_in_the_table_after_the_publication_is_found_by_its_key(
    published: LocalTable, change: Callable[[LocalTable], None], found: list[tuple[str, str]]
) -> None:
    """One change, and no other finding beside it."""
    change(published)
    assert found == changes(published)


def test_the_last_days_alone_are_compared_by_two_statements(published: LocalTable) -> None:
    """A change of an older hour is no finding; its listing and its statement begin behind it."""
    delete_object(published)
    published.fake.clock.time = H1.start + timedelta(days=30)
    assert [("deleted_object", OBJECT)] == changes(published)
    published.fake.clock.time = H1.end + timedelta(days=30)
    published.fake.bucket.fetched.clear()
    assert [] == changes(published)
    assert [] == published.fake.bucket.fetched
    published.fake.table.sent.clear()
    reconcile(published.fake.stream, published.fake.table.client, 31)
    assert 2 == len(published.fake.table.sent)


def test_an_hour_with_a_new_revision_is_left_to_its_run(published: LocalTable) -> None:
    """Its objects are registered and its rows are there before it is published again."""
    bucket = published.fake.bucket
    published_key = next(one.key for one in bucket.list(published.fake.stream.layout.prefix(Kind.PUBLISHED)))
    bucket.objects[published_key.replace("r0001", "r0000")] = bucket.objects.pop(published_key)
    delete_object(published)
    assert [] == changes(published)


def run(table: LocalTable, instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    """Run the job of the schedule."""
    defs = dg.Definitions(
        assets=external_assets(DOCUMENT),
        asset_checks=[reconciled_check(DOCUMENT)],
        jobs=[reconcile_job(DOCUMENT)],
        resources={DOCUMENT.resource_key: table.bound()},
    )
    result = defs.resolve_job_def("reconcile").execute_in_process(instance=instance)
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


@dataclass
class KeptMessages:
    """A channel."""

    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Keep the message."""
        self.sent.append(message)


def test_each_change_is_told_once_with_its_repair_and_its_end_once(
    published: LocalTable, instance: dg.DagsterInstance
) -> None:
    """The check lists the changes; the sensor of the alerts reads them from its newest evaluation."""
    slack = KeptMessages()
    its = replace(published.bound(), channels={"slack": slack})
    body = published.fake.bucket.objects[OBJECT]

    def tick(cursor: str | None) -> str | None:
        context = dg.build_sensor_context(instance, cursor, resources={DOCUMENT.resource_key: its})
        return alert_sensor(DOCUMENT, is_wanted=True).evaluate_tick(context).cursor

    def told(occasion: Occasion) -> list[tuple[str, str]]:
        return [
            (one.incident.key, one.incident.repair)
            for one in slack.sent
            if one.occasion is occasion and "deleted_object" in one.incident.key
        ]

    assert run(published, instance).passed
    delete_object(published)
    evaluation = run(published, instance)
    assert (False, 1) == (evaluation.passed, evaluation.metadata["deleted_object"].value)
    cursor = tick(tick(None))
    wanted = [
        (f"platform_events/deleted_object/{OBJECT}", "restore its former version from the versions of the bucket")
    ]
    assert wanted == told(Occasion.OPENED)
    assert [] == told(Occasion.RESOLVED)
    published.fake.bucket.objects[OBJECT] = body
    assert run(published, instance).passed
    tick(tick(cursor))
    assert wanted == told(Occasion.OPENED) == told(Occasion.RESOLVED)


def test_warnings_are_no_incidents(instance: dg.DagsterInstance) -> None:
    """An error of the newest evaluation is one; it is over with the next evaluation that passes."""
    key = DOCUMENT.keys.published_hour

    def report(name: str, severity: dg.AssetCheckSeverity, *, passed: bool) -> list[str]:
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(key, name, passed, severity=severity, description="why", metadata={"repair": "do"})
        )
        return [one.key for one in check_incidents(instance, DOCUMENT)]

    assert [] == report("volume", dg.AssetCheckSeverity.WARN, passed=False)
    error = dg.AssetCheckSeverity.ERROR
    assert ["platform_events/check/not_empty"] == report("not_empty", error, passed=False)
    (one,) = check_incidents(instance, DOCUMENT)
    assert ("the check not_empty of published_hour fails", "why", "do") == (one.title, one.detail, one.repair)
    assert [] == report("not_empty", error, passed=True)


def test_the_job_runs_once_a_day() -> None:
    """In UTC, running where the code location is loaded."""
    schedule = reconcile_schedule(DOCUMENT, reconcile_job(DOCUMENT))
    assert ("reconcile", "40 4 * * *", "UTC", dg.DefaultScheduleStatus.RUNNING) == (
        schedule.name,
        schedule.cron_schedule,
        schedule.execution_timezone,
        schedule.default_status,
    )
