"""Several topics into one stream, and topics that grow while the job reads."""

from __future__ import annotations

from tests.faults.conftest import NewStack
from tests.faults.landing_stack import Raw, event
from tests.integration.truth import read_landed

RECORDS = 100


def test_two_topics_land_in_one_stream_each_with_its_own_chain(new_stack: NewStack) -> None:
    """Same partitions and offsets in both: the topic is part of a record's identity, also after a kill."""
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


def test_partitions_that_a_topic_gains_are_read_soon(new_stack: NewStack) -> None:
    """From their first record on, without a restart, within the interval of discovery."""
    stack = new_stack(partitions=1, partition_discovery_seconds=1)
    stack.start_job()
    sent = stack.produce([Raw(event(1))])
    stack.add_partitions(3)
    sent |= stack.produce([Raw(event(number), partition=number) for number in (1, 2)])
    stack.wait_until_landed(sent)
    assert sent == set(read_landed(stack.settings).accepted)
