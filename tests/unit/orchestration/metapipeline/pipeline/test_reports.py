"""Whom the metapipeline tells of what, before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.slack_server.server import TOKEN, SlackServer
from infra.local.slack_server.workspace import Workspace
from orchestration.metapipeline.errors import StateError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.pipeline.reports import inform_owners
from orchestration.metapipeline.state import FolderState, Kept
from tests.unit.orchestration.metapipeline.pipeline.made import Make


class Raced(FolderState):
    """Files that another run writes after each reading."""

    def read(self, name: str) -> Kept | None:
        """Read a file, before the other run writes it."""
        kept = super().read(name)
        self.write(name, b"{}")
        return kept


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


def test_an_owner_is_told_once_by_runs_in_a_row_and_a_run_at_once_is_named(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The record is kept after each message, over the one that was read."""
    monkeypatch.setenv("HOURGLASS_SLACK_TOKEN", TOKEN)
    slow, other = (
        Found(tuple(owned(FindingKind.SLOW_MODEL, one) for one in owners)) for owners in (("ann", "bob"), ("cid",))
    )
    with SlackServer(Workspace({"data-platform": "C0000000001"})).serving() as url:
        clients = make(apply=True, slack={"channel": "data-platform", "url": url})
        first = [change.subject for change in inform_owners(clients, [slow])]
        second = [change.subject for change in inform_owners(clients, [slow])]
        with pytest.raises(StateError, match=r"another run changed .*messages\.json"):
            list(inform_owners(replace(clients, state=Raced(tmp_path / "state")), [other]))
    assert (["ann", "bob"], []) == (first, second)
