"""The landing job alone between a real broker and a real bucket: the base of every fault test."""

from __future__ import annotations

import pytest

from tests.faults.conftest import NewStack
from tests.faults.landing_stack import Raw, event
from tests.integration.truth import read_landed, topic_positions
from tests.stacks.seam import Server

RECORDS = 400


def events(first: int, count: int) -> list[Raw]:
    return [Raw(event(number), partition=number % 4) for number in range(first, first + count)]


@pytest.mark.long  # the random faults kill the same three under traffic, with the same verdict
@pytest.mark.either_stack
def test_every_part_can_be_killed_and_started_again(new_stack: NewStack) -> None:
    """Job, bucket and broker are killed one after the other under traffic; the sets of positions stay equal."""
    stack = new_stack(parallelism=2)
    stack.start_job()
    sent = stack.produce(events(0, RECORDS))
    stack.wait_until_landed(sent)
    stack.kill_job()
    sent |= stack.produce(events(RECORDS, RECORDS))
    stack.start_job()
    stack.servers.kill(Server.BUCKET)
    rejected = stack.produce([Raw(b"no json", key=b"\xff", headers=(("h", None), ("h", b"\x00")))])
    stack.servers.start(Server.BUCKET)
    stack.servers.kill(Server.BROKER)
    stack.servers.start(Server.BROKER)
    sent |= stack.produce(events(2 * RECORDS, RECORDS))
    stack.wait_until_landed(sent | rejected)

    landed = read_landed(stack.settings)
    assert set() == landed.doubled
    assert sent == set(landed.accepted)
    assert rejected == set(landed.rejected)
    assert sent | rejected == topic_positions(stack.settings)
