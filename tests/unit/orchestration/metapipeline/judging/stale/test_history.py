from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestration.metapipeline.bi.workspace import Report
from orchestration.metapipeline.judging.stale.history import ReportRecord, observed
from tests.unit.orchestration.metapipeline.judging.stale.reports import START, stale

ACTIVE = stale("r1")
ARCHIVED = replace(ACTIVE, archived=True)
MEANT = ReportRecord(archived_at=START, runs=50, views=50)
OURS = MEANT.having(confirmed=True)
LATER = START + timedelta(40)


@pytest.mark.parametrize(
    ("after", "before", "report"),
    [
        pytest.param(OURS, OURS, ARCHIVED, id="nothing happened"),
        pytest.param(OURS, MEANT, ARCHIVED, id="killed after the archiving"),
        pytest.param(None, MEANT, ACTIVE, id="killed before the archiving"),
        pytest.param(ReportRecord(unarchived_at=LATER), OURS, ACTIVE, id="un-archived"),
        pytest.param(
            OURS.having(used_at=LATER, views=51), OURS, replace(ARCHIVED, views=51), id="opened in the archive"
        ),
        pytest.param(OURS, OURS, replace(ARCHIVED, views=None, runs=None), id="counters are gone"),
        pytest.param(OURS, OURS.having(deleted_at=START), ARCHIVED, id="killed before the deletion"),
        pytest.param(OURS.having(deleted_at=START), OURS.having(deleted_at=START), None, id="deleted by us"),
        pytest.param(None, OURS, None, id="deleted by a person"),
        pytest.param(None, ReportRecord(unarchived_at=START), ACTIVE, id="rested"),
        pytest.param(
            ReportRecord(unarchived_at=START + timedelta(11)),
            ReportRecord(unarchived_at=START + timedelta(11)),
            replace(ACTIVE, archived=True),
            id="archived by a person during the rest",
        ),
    ],
)
def test_a_reading_updates_the_record(after: ReportRecord | None, before: ReportRecord, report: Report | None) -> None:
    """What people did, and how far a run came that was killed."""
    assert after == observed(before, report, 30, LATER)
