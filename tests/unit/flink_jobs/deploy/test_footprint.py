from __future__ import annotations

import pytest

from flink_jobs.deploy.footprint import LandingPlan
from flink_jobs.settings import LandingSettings


@pytest.mark.parametrize(
    ("plan", "data", "ledger", "writes"),
    [
        (LandingPlan(60, 1), 60, 60, 420),
        (LandingPlan(60, 4), 240, 240, 1500),
        (LandingPlan(60, 4, open_hours=2, has_rejects=True), 960, 240, 3660),
        (LandingPlan(5, 1), 720, 720, 5040),
        (LandingPlan(600, 2, has_rejects=True), 24, 12, 114),
    ],
)
def test_objects_and_writes_follow_from_the_settings(plan: LandingPlan, data: int, ledger: int, writes: int) -> None:
    """Objects are interval x subtasks x open hours x kinds, and one object of the ledger per interval and subtask."""
    assert (data, ledger, writes) == (plan.data_objects, plan.ledger_objects, plan.writes)


def test_a_plan_of_the_job_s_settings_is_printed_with_its_cost() -> None:
    """The reader fills in the price."""
    plan = LandingPlan.of(LandingSettings(_env_file=None, checkpoint_seconds=60, parallelism=2), has_rejects=True)
    said = dict(plan.lines())
    assert "240 at most (1 open hours, accepted and rejected)" == said["data objects/hour"]
    assert (
        "1,140 = 3 an object + 1 a checkpoint; 1 more for each further 16 MiB of an object" == said["S3 writes an hour"]
    )
    assert "821 x price of 1,000 PUT requests a month of 30 days" == said["cost of writes"]
