"""Published is what the bucket holds: an object for each published revision, whatever Dagster still remembers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import dagster as dg
import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.errors import HourNotCheckedError
from orchestration.landing.proof.seal import latest_seal
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.hours import hour_rows, published_hours
from orchestration.landing.report.state import HourState
from orchestration.landing.run_checks import passed_checks
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.unit.orchestration.landing.hour_job import DOCUMENT, failure_of, publish, red_checks, with_fake_table

PUBLICATION = "platform-events/published/2025/08/01/01/r0001-5.json"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def defs(fake: FakeLanding) -> dg.Definitions:
    return with_fake_table(fake)


def state_of(fake: FakeLanding, hour: Hour = H1) -> tuple[HourState, bool | None]:
    row = next(row for row in hour_rows(fake.stream, fake.table.client) if row.hour == hour.label)
    return row.state, row.agree


def test_a_published_hour_is_an_object_with_its_seal_and_its_checks(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The fingerprint is that of the seal; each blocking check has its sentence."""
    result = publish(defs, instance)
    seal = latest_seal(fake.bucket, fake.stream.layout, H1)
    assert seal is not None
    written = json.loads(fake.bucket.objects[PUBLICATION])
    assert (seal.fingerprint, 1, 5, result.run_id) == (
        written["fingerprint"],
        written["revision"],
        written["records"],
        written["run_id"],
    )
    assert {
        "offsets_accounted_for": "5 records of 2 entries add up",
        "objects_present": "3 sealed objects are present and unchanged",
        "files_registered": "2 objects are registered",
        "rows_queryable": "4 rows are queryable",
    } == written["checks"]


def test_deleted_runs_and_a_wiped_asset_change_nothing(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The run history is Dagster's to delete."""
    publish(defs, instance)
    before = hour_rows(fake.stream, fake.table.client)
    for run in instance.get_runs():
        instance.delete_run(run.run_id)
    instance.wipe_assets([DOCUMENT.keys.published_hour])
    assert not instance.get_runs()
    assert not instance.get_materialized_partitions(DOCUMENT.keys.published_hour)
    assert before == hour_rows(fake.stream, fake.table.client)
    assert (HourState.PUBLISHED, True) == state_of(fake)
    assert {H1} == published_hours(fake.stream)


def test_an_hour_that_dagster_calls_materialised_is_not_published_by_that(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """A person can report a materialisation by hand."""
    publish(defs, instance)
    del fake.bucket.objects[PUBLICATION]
    assert instance.get_materialized_partitions(DOCUMENT.keys.published_hour)
    assert (HourState.REGISTERED, False) == state_of(fake)
    assert set() == published_hours(fake.stream)


def test_a_new_seal_is_not_published_until_its_own_run(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Revision 1 stays published; the hour is not, until revision 2 is."""
    publish(defs, instance)
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    publish(defs, instance, only=["landed_hour"])
    fake.table.refresh(H1)
    assert (HourState.REGISTERED, False) == state_of(fake)
    assert set() == published_hours(fake.stream)
    publish(defs, instance)
    assert (HourState.PUBLISHED, True) == state_of(fake)
    assert 2 == published_revisions(fake.bucket, fake.stream.layout)[H1].revision
    assert PUBLICATION in fake.bucket.objects


def test_an_hour_that_is_published_again_keeps_its_first_publication(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """The object is written create-only."""
    publish(defs, instance)
    before = fake.bucket.objects[PUBLICATION]
    assert publish(defs, instance).success
    assert before == fake.bucket.objects[PUBLICATION]


def test_an_hour_without_its_checks_is_not_published(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """A run of `published_hour` alone has checked nothing."""
    publish(defs, instance)
    del fake.bucket.objects[PUBLICATION]
    alone = publish(defs, instance, only=["published_hour"])
    assert not alone.success
    names = ", ".join(key.name for key in DOCUMENT.blocking_checks)
    assert f"2025-08-01T01: {names} did not pass for revision 1 in this run: run the job of the hour" in failure_of(
        alone
    )
    assert PUBLICATION not in fake.bucket.objects


def test_a_red_check_publishes_nothing(defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding) -> None:
    """The table has lost a row of each file."""
    fake.table.loses = 1
    assert {"rows_queryable"} == red_checks(publish(defs, instance))
    assert [] == [key for key in fake.bucket.objects if f"/{Kind.PUBLISHED}/" in key]


def test_checks_of_an_earlier_revision_do_not_publish_a_later_one(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Another run seals the hour again between the checks of this run and its end: that run publishes it."""
    refresh = fake.table.refresh

    def seal_again(hour: Hour) -> None:
        refresh(hour)
        fake.broker.records[0] += minutes(40)
        fake.job.land(0, 7, 7, fake.clock.utc_now())
        publish(defs, instance, only=["landed_hour"])
        refresh(hour)

    fake.table.refresh = seal_again  # type: ignore[method-assign]
    result = publish(defs, instance)
    assert "offsets_accounted_for, objects_present did not pass for revision 2 in this run" in failure_of(result)
    assert {} == published_revisions(fake.bucket, fake.stream.layout)


def test_the_checks_of_a_run_that_is_retried_count(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """A retry from the point of failure repeats no check that passed."""
    first = publish(defs, instance)
    retry = dg.DagsterRun("publish_hour", parent_run_id=first.run_id, root_run_id=first.run_id)
    found = passed_checks(instance, retry, H1, 1, DOCUMENT.blocking_checks)
    assert {key.name for key in DOCUMENT.blocking_checks} == found.keys()
    with pytest.raises(HourNotCheckedError, match="did not pass for revision 1 in this run"):
        passed_checks(instance, retry, H1.plus(1), 1, DOCUMENT.blocking_checks)
