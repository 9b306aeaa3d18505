from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.changing.repository.propose import ParsedBase
from orchestration.metapipeline.definitions.processes import GATE, gate
from orchestration.metapipeline.errors import RepositoryError
from tests.unit.orchestration.metapipeline.pipeline.made import Make

PROJECT = {"manifest": "m.json", "repository": {"id": 7, "name": "acme/shop"}}
PARSE = "orchestration.metapipeline.pipeline.repositories.parse_base"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Start no process; return what it was told."""
    found: list[str] = []
    monkeypatch.setattr(DbtProcess, "start", lambda _: found.append("start"))
    monkeypatch.setattr(DbtProcess, "__exit__", lambda *_: found.append("end"))
    return found


def test_dbt_starts_with_the_run_and_ends_with_it(make: Make, monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    """The base branch is parsed while the other assets are made."""
    base = ParsedBase("c1", {})
    monkeypatch.setattr(PARSE, lambda *_: base)
    monkeypatch.setenv("HOURGLASS_GITHUB_TOKEN", "token")
    with dg.build_resources({GATE: gate(make(dbt_projects=[PROJECT]))}) as resources:
        assert {"m.json": base} == getattr(resources, GATE).parsed.result()
    assert ["start", "end"] == told


@pytest.mark.parametrize(("token", "project"), [("", PROJECT), ("token", {"manifest": "m.json"})])
def test_a_run_that_can_change_no_repository_starts_no_dbt(
    make: Make, monkeypatch: pytest.MonkeyPatch, told: list[str], token: str, project: dict[str, Any]
) -> None:
    """It takes seconds of a core."""
    monkeypatch.setenv("HOURGLASS_GITHUB_TOKEN", token)
    with dg.build_resources({GATE: gate(make(dbt_projects=[project]))}) as resources:
        assert {} == getattr(resources, GATE).parsed.result()
    assert ["end"] == told


def test_a_base_that_cannot_be_parsed_yet_is_left_to_the_plan(
    make: Make, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    """The asset says why, and its check; the other assets are made."""

    def refused(*_: object) -> ParsedBase:
        raise RepositoryError("the host is away")

    monkeypatch.setattr(PARSE, refused)
    monkeypatch.setenv("HOURGLASS_GITHUB_TOKEN", "token")
    with dg.build_resources({GATE: gate(make(dbt_projects=[PROJECT]))}) as resources:
        assert {} == getattr(resources, GATE).parsed.result()
    assert ["start", "end"] == told
