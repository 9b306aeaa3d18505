"""A release, a parallelism and a number of partitions follow another one, over a savepoint, under traffic."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import NewStack
from tests.faults.former_release import FormerRelease
from tests.faults.live_watch import LiveWatch
from tests.faults.test_random_faults import PARTITIONS_MORE, during, traffic_on
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once

FORMER = {
    "before-identities": "2d7523b18d18e439731875ec03768712a379548a",
    "before-digests": "9038d2066919b22fa9d92e3ae0bc4f57af8c2616^",
}
"""No release has a tag yet, so these stand for one: before topics had an identity, and before the newest change of the
job's jars. From the first tag on, the newest tag replaces them."""


@pytest.mark.long  # builds the jars of a former commit
@pytest.mark.parametrize("commit", FORMER.values(), ids=FORMER.keys())
def test_a_savepoint_of_a_former_release_continues_with_this_one(
    new_stack: NewStack, tmp_path: Path, commit: str
) -> None:
    """The former programs start and stop the job under traffic, these continue: nothing is lost or doubled."""
    stack = new_stack(parallelism=2)
    former = FormerRelease(commit, tmp_path / "former", stack.settings.runtime_dir)
    former.start(stack)
    with LiveWatch(stack) as live:
        with Traffic(stack) as traffic:
            during(3.0)
            former.stop(stack)
            assert "/savepoints/" in (stack.start_job().restored_from or "")
            during(3.0)
        assert_exactly_once(stack, traffic.sent, live)


@pytest.mark.long  # three starts of a job
def test_partitions_added_while_the_job_is_stopped_land_from_their_first_record(new_stack: NewStack) -> None:
    """The savepoint knows nothing of them, and they are read from offset 0, also those sent before the start."""
    stack = new_stack(parallelism=1)
    with traffic_on(stack) as (traffic, _):
        during(2.0)
        stack.stop_job()
        stack.add_partitions(PARTITIONS_MORE)
        traffic.partitions = PARTITIONS_MORE
        during(2.0)
        stack.start_job(parallelism=3)
        during(2.0)
        stack.stop_job()
        stack.start_job(parallelism=2)
    firsts = {entry.partition: entry.first_offset for entry in reversed(stack.ledger())}
    assert dict.fromkeys(range(PARTITIONS_MORE), 0) == firsts
