"""Whom the metapipeline tells of what, before anything is sent."""

from __future__ import annotations

from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.pipeline.reports import inform_owners
from tests.unit.orchestration.metapipeline.pipeline.made import Make


def owned(kind: FindingKind, owner: str) -> Finding:
    return Finding(kind, f"node.{owner}", owner, "It is so.", owners=(owner,))


def test_owners_are_told_of_every_answer_but_columns(make: Make) -> None:
    """A report that is to be deleted is not missing; a withheld answer and a column are about nobody."""
    answers = (
        Found((owned(FindingKind.STALE_REPORT, "ann"),)),
        Found((owned(FindingKind.DELETABLE_REPORT, "bob"),)),
        Withheld(FindingKind.UNUSED_MODEL, "No events."),
        Found((owned(FindingKind.UNUSED_COLUMN, "cid"),)),
        Found((owned(FindingKind.SLOW_MODEL, "dan"),)),
    )
    assert ["ann", "bob", "dan"] == [change.subject for change in inform_owners(make(), answers)]
