from __future__ import annotations

import json

import pytest

from infra.local.proof import ProofRow
from orchestration.landing.report.hours import HourRow
from orchestration.landing.report.state import HourState


def published(*, agree: bool | None = True) -> HourRow:
    return HourRow(
        hour="2025-08-01T03",
        state=HourState.PUBLISHED,
        accepted=9,
        rejected=1,
        objects=2,
        registered=2,
        queryable=9,
        revision=1,
        agree=agree,
    )


def test_a_row_is_printed_with_the_columns_of_the_table_in_their_order() -> None:
    """Scripts read these names: `status --json` keeps them."""
    assert (
        '{"stream": "events", '
        '"hour": "2025-08-01T03", "state": "published", "produced": 10, "accepted": 9, "rejected": 1, "objects": 2, '
        '"registered": 2, "queryable": 9, "revision": 1, "agree": true, '
        '"reason": "", "repair": "", "unknown": ""}'
    ) == json.dumps(ProofRow("events", published(), 10).as_json())


@pytest.mark.parametrize(
    ("hops", "produced", "agree"),
    [(True, 10, True), (True, 11, False), (False, 10, False), (None, 10, None), (True, None, True)],
)
def test_what_was_produced_must_have_landed(hops: bool | None, produced: int | None, agree: bool | None) -> None:
    """One record in the topic that is not in the ledger turns the row red."""
    assert agree is ProofRow("events", published(agree=hops), produced).agree


def test_records_that_are_in_the_topic_and_nowhere_else_are_the_reason() -> None:
    """The hops that orchestration compares agree among themselves."""
    row = ProofRow("events", published(), 11)
    assert ("11 produced, 10 landed", "") == (row.reason, ProofRow("events", published(), 10).reason)
