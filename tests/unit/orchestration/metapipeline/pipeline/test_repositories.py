"""What is proposed to the repositories."""

from __future__ import annotations

import pytest

from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.changing.proposals.proposal import NO_COLUMNS, Inputs
from orchestration.metapipeline.changing.repository.propose import Proposal
from orchestration.metapipeline.findings import FindingKind, Found, Withheld
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.pipeline.repositories import Repositories
from orchestration.metapipeline.pipeline.steps import Usage
from tests.unit.orchestration.metapipeline.pipeline.made import Make

UNUSED = Withheld(FindingKind.UNUSED_MODEL, "no event has landed")
COLUMNS = Found(())


@pytest.mark.parametrize(("git", "expected"), [({}, NO_COLUMNS), ({"columns": True}, COLUMNS)])
def test_columns_are_proposed_only_when_the_document_wants_it(
    make: Make, monkeypatch: pytest.MonkeyPatch, git: dict[str, bool], expected: Found | Withheld
) -> None:
    """A column has no time of grace."""
    asked: list[Inputs] = []

    def proposed(inputs: Inputs, *_: object, **__: object) -> Proposal:
        asked.append(inputs)
        return Proposal("acme/shop", "", (), ())

    monkeypatch.setattr("orchestration.metapipeline.pipeline.repositories.propose", proposed)
    monkeypatch.setattr(DbtProcess, "start", lambda _: None)
    monkeypatch.setenv("HOURGLASS_GITHUB_TOKEN", "token")
    clients: Clients = make(
        git=git,
        dbt_projects=[{"manifest": "m.json", "repository": {"id": 7, "name": "acme/shop"}}],
    )
    with DbtProcess() as dbt:
        Repositories(clients, dbt, lambda _: None).propose(UNUSED, COLUMNS, Usage(), None)
    assert [expected] == [inputs.columns for inputs in asked]
