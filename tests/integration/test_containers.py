"""Each container of the chain is killed while an hour is produced; the hour is published all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infra.local.stack import Stack
from tests.integration.hours import rows_of, send, wait_until_agreed
from tests.integration.truth import read_landed, topic_positions
from tests.stacks.chain import ContainerJobs, ContainerTable

pytestmark = pytest.mark.containers
CONTAINERS = (
    *("kafka", "s3", "snowflake", "jobmanager", "taskmanager"),
    *("postgres", "dagster-code", "dagster-daemon", "dagster-webserver"),
)
FIRST = datetime(2025, 8, 1, 7, tzinfo=UTC)
"""After the hours of the chain's tests, so that no hour between is silent."""
EVENTS = 2_000


@pytest.mark.parametrize("name", CONTAINERS)
def test_an_hour_is_published_although_a_container_was_killed(stack: Stack, name: str) -> None:
    """Killed in the middle of the hour and started again: every record has landed once, and the numbers agree."""
    hour = FIRST + timedelta(hours=CONTAINERS.index(name))

    before = len(rows_of(stack.settings))
    send(stack.settings, (hour,), EVENTS, lambda: kill_and_start(stack, name))
    row = wait_until_agreed(stack.settings, before + 1)[f"{hour:%Y-%m-%dT%H}"]

    assert EVENTS == row.reported.accepted + row.reported.rejected
    landed = read_landed(stack.settings)
    assert set() == landed.doubled
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)


def kill_and_start(stack: Stack, name: str) -> None:
    """Kill -9 a container, and start it again."""
    table, jobs = stack.table, stack.landing
    assert isinstance(table, ContainerTable)
    assert isinstance(jobs, ContainerJobs)
    application = jobs.applications[stack.settings.stream]
    containers = table.containers | {"jobmanager": application.manager, "taskmanager": application.worker}
    containers[name].kill()
    containers[name].start_again()
