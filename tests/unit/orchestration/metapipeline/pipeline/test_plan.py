"""The plan of the demo's workspace over this project's manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.mode_server.server import ModeServer
from orchestration.defs.dbt.assets import event_marts, event_models
from orchestration.metapipeline.errors import BiError, DocumentError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.assets import facts_of_specs
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.pipeline.plan import MetaPlan, answer_lines, lines, make_plan
from orchestration.metapipeline.pipeline.reports import change_reports
from tests.unit.orchestration.metapipeline.pipeline.made import Make, manifest_naming

ASSETS = facts_of_specs([*event_models.specs, *event_marts.specs])
STALE = {"Launch week", "Untitled", "Never opened"}


def planned(clients: Clients) -> MetaPlan:
    return make_plan(clients, ASSETS, lambda _: None)


def names(answer: Found | Withheld) -> set[str]:
    assert isinstance(answer, Found)
    return {finding.name for finding in answer.findings}


def test_the_plan_names_the_planted_reports_and_the_planted_model(make: Make, mode: ModeServer) -> None:
    """Each with its reason; nothing but reading was asked of the tool."""
    made = planned(make())
    assert STALE == names(made.reports[0].stale)
    assert {"slow_steps"} == names(made.unused)
    printed = "\n".join(lines(made))
    assert "Launch week: It has not run for 101 days." in printed
    assert "slow_steps" in printed
    assert all(line.startswith("GET") for line in mode.requests)


def test_text_from_the_world_stays_in_its_line() -> None:
    """A name cannot move the cursor or begin a line."""
    finding = Finding(
        FindingKind.STALE_REPORT, "report.mode.depot.r1", "Late\x1b[2Jparcels\narchive r9 Board", "It is old."
    )
    assert ["Stale reports: archive (1)", "  Late [2Jparcels archive r9 Board: It is old."] == list(
        answer_lines([Found((finding,))], 20)
    )


def test_without_events_there_is_no_answer(make: Make) -> None:
    """The reason says what to do."""
    made = planned(make(events=[], uses=[]))
    assert isinstance(made.unused, Withheld)
    assert "publish hours first" in made.unused.reason


def test_an_answer_without_events_is_given_when_the_document_wants_it(make: Make) -> None:
    """It rests on BI, exposures and assets alone: no statement is sent to Snowflake."""
    clients = make(unused_models={"events": False})
    assert {"slow_steps", "deployments"} == names(planned(clients).unused)
    assert [] == clients.events.connection.asked  # type: ignore[attr-defined]


def test_an_unsealed_hour_of_the_window_withholds_the_answer(make: Make) -> None:
    """Unknown, because of these hours."""
    made = planned(make(unused_models={"window_hours": 24 * 30}))
    assert isinstance(made.unused, Withheld)
    assert "are not sealed: 2025-07-21T10" in made.unused.reason


def test_a_model_that_only_the_events_know_is_used_is_unused_without_them(make: Make) -> None:
    """The evidence decides: without the event, DEPLOYMENTS has no reader."""
    assert {"slow_steps", "deployments"} == names(planned(make(uses=[])).unused)


def test_a_workspace_that_lost_half_of_its_reports_stops_every_answer_about_use(make: Make, mode: ModeServer) -> None:
    """What it no longer shows may still read a model; the record of the reading before is kept."""
    clients = make()
    first = planned(clients)
    with clients.tools() as tools:
        list(change_reports(clients, tools, first.workspaces, first.reports))
    del mode.state.reports[::2]
    second = planned(clients)
    for answer in (second.unused, second.reports[0].stale):
        assert isinstance(answer, Withheld)
        assert "it has 6 reports, and had 12 at the last reading: check the rights of the token" in answer.reason
    assert second.graph_for_exposures is None


def test_a_model_that_a_used_one_names_without_ref_is_used(make: Make, tmp_path: Path) -> None:
    """The manifest has no edge: the SQL of the reader shows it."""
    path = manifest_naming("aws.dev.slow_steps", "model.hourglass.deployments", tmp_path)
    made = planned(make(dbt_projects=[{"manifest": path}]))
    assert set() == names(made.unused)
    assert "1 gaps of the graph are undeclared: see the page, or --json" in list(lines(made))


def test_a_tool_that_refuses_ends_the_plan_with_the_repair(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged on half of the readers."""
    monkeypatch.setenv("HOURGLASS_MODE_SECRET", "wrong")
    with pytest.raises(BiError, match="HOURGLASS_MODE_TOKEN"):
        planned(make())


def test_a_missing_secret_is_named_by_its_variable(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the repair."""
    monkeypatch.delenv("HOURGLASS_MODE_TOKEN")
    with pytest.raises(DocumentError, match="HOURGLASS_MODE_TOKEN: Field required"):
        planned(make())
