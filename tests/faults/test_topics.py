"""Several topics in one stream, and topics with too short a retention."""

from __future__ import annotations

from flink_jobs import deploy
from flink_jobs.errors import LandingJobError
from tests.faults.conftest import NewStack
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.integration.truth import read_landed, wait_for

RECORDS = 100


def test_two_topics_land_in_one_stream_each_with_its_own_chain(new_stack: NewStack) -> None:
    """Both have the same partitions and offsets; the topic is part of a record's identity, also after a kill."""
    other = new_stack(partitions=2)
    stack = new_stack(partitions=3)
    stack.landing = stack.landing.model_copy(update={"topic": f"{stack.settings.topic},{other.settings.topic}"})
    stack.start_job()
    sent = stack.produce([Raw(event(number), partition=number % 3) for number in range(RECORDS)])
    sent |= other.produce([Raw(event(number), partition=number % 2) for number in range(RECORDS)])
    stack.wait_until_landed(sent)
    stack.kill_job()
    sent |= stack.produce([Raw(event(RECORDS), partition=0)]) | other.produce([Raw(b"no json", partition=0)])
    stack.start_job()
    stack.wait_until_landed(sent)

    landed = read_landed(stack.settings)
    assert sent == set(landed.accepted) | set(landed.rejected)
    assert set() == landed.doubled
    chains: dict[tuple[str, int], int] = {}
    for entry in stack.ledger():
        assert chains.get((entry.topic, entry.partition), 0) == entry.first_offset
        chains[entry.topic, entry.partition] = entry.last_offset + 1
    assert {(topic, partition) for topic, partition, _ in sent} == set(chains)


def test_records_that_were_deleted_before_they_were_read_stop_the_job_until_the_loss_is_accepted(
    new_stack: NewStack,
) -> None:
    """Retention is shorter than an outage: the error names offset and repair; an accepted loss is booked as holes."""
    stack = new_stack(partitions=1)
    stack.start_job()
    landed = stack.produce([Raw(event(number)) for number in range(3)])
    stack.wait_until_landed(landed)
    stack.stop_job()
    stack.produce([Raw(event(number)) for number in range(3, 7)])
    stack.delete_records(partition=0, before=5)

    told = why_it_fails(stack)
    assert f"{{{stack.settings.topic}-0=3}}" in told
    assert "HOURGLASS_KAFKA_SKIP_DELETED=true" in told
    stack.start_job(kafka_skip_deleted=True)
    later = stack.produce([Raw(event(7))])
    stack.wait_until_landed(later)
    assert {offset for _, _, offset in read_landed(stack.settings).accepted} == {0, 1, 2, 5, 6, 7}
    assert [((3, 4),)] == [entry.hole_ranges for entry in stack.ledger() if entry.hole_ranges]


def why_it_fails(stack: LandingStack) -> str:
    """Return the failure of a job whose first poll fails; the start reports it, or the status a moment later."""
    try:
        stack.start_job()
    except LandingJobError as error:
        return str(error)
    told: list[str] = []

    def failed() -> bool:
        told.extend(filter(None, [deploy.status(stack.landing).failure]))
        return bool(told)

    wait_for(failed, seconds_max=60, what="the failure of the job")
    stack.kill_job()
    return told[0]
