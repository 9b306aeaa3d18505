"""`hourglass meta`: its output and its exit codes, over a Mode server and this project's manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from infra.commands.meta import meta
from infra.local.mode_server.demo import demo_workspace
from infra.local.mode_server.server import SECRET, TOKEN, ModeServer
from orchestration.dbt_runner.build import MANIFEST
from orchestration.metapipeline.errors import DocumentError, ManifestError

STALE = {"Launch week", "Untitled", "Never opened"}


@pytest.fixture
def mode() -> ModeServer:
    return ModeServer(demo_workspace(datetime.now(UTC)))


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: ModeServer) -> Iterator[Path]:
    """Write a document that asks no warehouse, and serve its workspace."""
    monkeypatch.setenv("HOURGLASS_MODE_TOKEN", TOKEN)
    monkeypatch.setenv("HOURGLASS_MODE_SECRET", SECRET)
    monkeypatch.setenv("HOURGLASS_DATA_DIR", str(tmp_path / "data"))
    with mode.serving() as url:
        attributes = {
            "dbt_projects": [{"manifest": str(MANIFEST)}],
            "bi": [{"tool": "mode", "workspace": "hourglass", "url": url, "requests_per_second": 1000}],
            "unused_models": {"events": False},
            "history_table": None,
        }
        file = tmp_path / "meta.yaml"
        file.write_text(yaml.safe_dump({"type": "orchestration.MetapipelineComponent", "attributes": attributes}))
        yield file


def run(*arguments: str) -> Result:
    return CliRunner().invoke(meta, [*arguments, "--no-assets"], catch_exceptions=False)


def changed(mode: ModeServer) -> list[str]:
    return [line for line in mode.requests if not line.startswith("GET")]


def test_plan_says_what_and_why_and_changes_nothing(document: Path, mode: ModeServer) -> None:
    """Each stale report and each unused model with its reason; no pull request without a repository."""
    done = run("plan", "--document", str(document))
    assert 0 == done.exit_code
    assert "Stale reports: archive (3)" in done.stdout
    assert "  slow_steps: No report, exposure or asset reads it" in done.stdout
    assert "none; no repository" in done.stdout
    assert [] == changed(mode)


def test_the_json_of_a_plan_has_every_finding(document: Path) -> None:
    """A program reads the same findings."""
    found = json.loads(run("plan", "--document", str(document), "--json").stdout)
    kinds = {one["kind"] for one in found["findings"]}
    assert {"stale_report", "unused_model"} <= kinds
    assert STALE == {one["name"] for one in found["findings"] if one["kind"] == "stale_report"}
    assert {"slow_model", "important_model"} == {one["kind"] for one in found["withheld"]} - {"unused_column"}


def test_apply_is_dry_without_yes_and_repeats_nothing_with_it(document: Path, mode: ModeServer) -> None:
    """The first call lists, the second archives, the third has nothing left to do."""
    dry = run("apply", "--document", str(document))
    assert (0, []) == (dry.exit_code, changed(mode))
    assert 3 == dry.stdout.count("would do: archive")
    assert 3 == run("apply", "--document", str(document), "--yes").stdout.count("done: archive")
    assert 3 == len(changed(mode))
    assert 0 == run("apply", "--document", str(document), "--yes").stdout.count("archive report")
    assert 3 == len(changed(mode))


def test_graph_writes_the_page_or_prints_a_path(document: Path, tmp_path: Path) -> None:
    """The path leads from the external table to the report."""
    page = tmp_path / "page.html"
    assert f"{page}\n" == run("graph", "--document", str(document), "--output", str(page)).stdout
    assert "slow_steps" in page.read_text()
    source = "source.hourglass.platform_events.ext_flink_event_log"
    path = run("graph", "--document", str(document), "--from", source, "--to", "report.mode.hourglass.demo00000003")
    assert [source, "model.hourglass.stg_platform_events", "model.hourglass.runs", "model.hourglass.runs_by_day"] == (
        path.stdout.splitlines()[:4]
    )
    unknown = run("graph", "--document", str(document), "--to", "report.none")
    assert 2 == unknown.exit_code


def test_report_ranks_the_models_and_draws_the_chart(document: Path) -> None:
    """The staging model is read by all others."""
    found = json.loads(run("report", "--document", str(document), "--json").stdout)
    assert "model.hourglass.stg_platform_events" == found["models"][0]["model"]
    assert Path(found["chart"]).read_bytes().startswith(b"\x89PNG")


def test_a_file_without_a_metapipeline_is_refused_by_name(document: Path, tmp_path: Path) -> None:
    """So is a manifest that is none; the command line prints the message and exits with 2."""
    empty = tmp_path / "empty.yaml"
    empty.write_text("type: other\n")
    with pytest.raises(DocumentError, match="has 0 documents of type"):
        run("plan", "--document", str(empty))
    written = yaml.safe_load(document.read_text())
    results = tmp_path / "run_results.json"
    results.write_text('{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}}')
    written["attributes"]["dbt_projects"] = [{"manifest": str(results)}]
    document.write_text(yaml.safe_dump(written))
    with pytest.raises(ManifestError, match="run_results"):
        run("plan", "--document", str(document))
