"""The job that compacts the ledger, as Dagster runs it."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from orchestration.landing.errors import BrokerRefusedError
from orchestration.stream.definitions.compacting import compaction_job, compaction_schedule
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, FakeLanding
from tests.fakes.streams import bound, document

DOCUMENT = document()


def run(fake: FakeLanding) -> dg.ExecuteInProcessResult:
    job = compaction_job(DOCUMENT)
    return job.execute_in_process(resources={DOCUMENT.resource_key: bound(fake, DOCUMENT)}, raise_on_error=False)


def landed() -> FakeLanding:
    """Land one record a day on three days."""
    times = [H1.start + timedelta(days=day) for day in range(3)]
    fake = FakeLanding(FakeBroker({0: list(times)}), clock_at=times[-1] + timedelta(hours=3))
    for offset, moment in enumerate(times):
        fake.job.land(0, offset, offset, moment)
    return fake


def test_a_run_writes_the_closed_days_and_the_closed_hours_of_the_open_one() -> None:
    """Totals and entries of each."""
    fake = landed()
    assert run(fake).success
    assert [f"2025-08-0{day}" for day in (1, 1, 2, 2, 3, 3)] == [key.split("/")[2] for key in fake.bucket.written]


def test_a_refusal_fails_the_run() -> None:
    """It writes nothing; the next day's run tries again."""
    fake = landed()
    fake.broker.failures.append(BrokerRefusedError("no"))
    assert (False, []) == (run(fake).success, fake.bucket.written)


def test_the_schedule_runs_every_six_hours_in_utc() -> None:
    """Whatever the zone of the host is; the run at 3 closes the day before."""
    schedule = compaction_schedule(compaction_job(DOCUMENT))
    assert ("0 3-21/6 * * *", "UTC") == (schedule.cron_schedule, schedule.execution_timezone)
