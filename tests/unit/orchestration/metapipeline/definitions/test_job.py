"""The job of the metapipeline, in process: a real manifest, a Mode server, recorded events."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from infra.local.mode_server.server import ModeServer
from orchestration.defs.dbt.assets import event_marts, event_models
from orchestration.folders import FolderSettings
from orchestration.metapipeline.definitions.building import build_definitions
from orchestration.metapipeline.definitions.values import FRAMES
from orchestration.metapipeline.graph.assets import facts_of_specs
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.pipeline.steps import OWN_GROUP
from orchestration.metapipeline.showing import chart
from orchestration.metapipeline.showing.notebooks.data import NAME, read_data
from orchestration.metapipeline.showing.notebooks.process import NotebookProcess
from orchestration.metapipeline.showing.page import data
from orchestration.metapipeline.state import BucketState
from tests.fakes.bucket import FakeBucket
from tests.unit.orchestration.metapipeline.pipeline.made import Make, manifest_naming

pytestmark = pytest.mark.filterwarnings("ignore:.*is currently in beta")

UNUSED = "model.hourglass.slow_steps"
STALE = {"Launch week", "Untitled", "Never opened"}
SPECS = [*event_models.specs, *event_marts.specs]
NOTEBOOK = dg.AssetKey("meta_analysis")


ALL = dg.AssetSelection.groups(OWN_GROUP) - dg.AssetSelection.assets(NOTEBOOK)


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Execute no notebook; return the data of each execution that was begun."""
    found: list[Path] = []
    monkeypatch.setattr(NotebookProcess, "prepare", lambda _: None)
    monkeypatch.setattr(NotebookProcess, "start", lambda _: found.append(FolderSettings().notebooks / NAME))
    return found


def run(
    clients: Clients, selection: dg.AssetSelection = ALL
) -> tuple[dg.ExecuteInProcessResult, dict[str, dict[str, Any]]]:
    """Run every asset but the notebook, which has a test of its own; return the metadata of each asset."""
    definitions = build_definitions(clients, lambda _: facts_of_specs(SPECS))
    job = dg.define_asset_job("all", selection=selection)
    whole = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    with dg.DagsterInstance.ephemeral() as instance:
        result = whole.resolve_job_def("all").execute_in_process(instance=instance, raise_on_error=False)
    events = result.get_asset_materialization_events()
    return result, {
        event.asset_key.path[-1]: dict(event.materialization.metadata) for event in events if event.asset_key
    }


def values(metadata: dict[str, Any], name: str, column: str) -> set[object]:
    """Return one column of a table of the metadata."""
    found = metadata[name]
    return {row.data[column] for row in found.records} if isinstance(found, dg.TableMetadataValue) else set()


def test_a_dry_run_says_everything_and_changes_nothing(
    make: Make, mode: ModeServer, tmp_path: Path, started: list[Path]
) -> None:
    """The planted reports are stale, the planted model is unused, and the secretly used one is kept.

    The notebook is begun over the data of this run before the pull requests: its process works beside them.
    """
    result, metadata = run(make())
    assert result.success
    assert STALE == values(metadata["stale_reports"], "mode.hourglass.shown", "name")
    assert {"slow_steps"} == values(metadata["unused_models"], "shown", "name")
    assert {"would do"} == values(metadata["archived_reports"], "changes", "result")
    assert metadata["archived_reports"]["dry_run"].value is True
    assert [] == [line for line in mode.requests if not line.startswith("GET")]
    assert metadata["platform_graph"]["report"].value == 12
    page = Path(metadata["platform_page"]["page"].value).read_text()
    assert "slow_steps" in page
    png = (tmp_path / "charts" / "models_run_per_day.png").read_bytes()
    chart = metadata["models_run_per_day"]["chart"].value
    assert b64decode(chart.partition("base64,")[2].removesuffix(")")) == png
    assert {True} == {evaluation.passed for evaluation in result.get_asset_check_evaluations()}
    made = [event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key]
    assert made.index("meta_analysis_data") < made.index("pull_requests")
    [path] = started
    assert [1] == [len(read_data(path).history)]


def test_apply_archives_each_stale_report_once(make: Make, mode: ModeServer) -> None:
    """A second run finds nothing to do."""
    _, first = run(make(apply=True))
    changed = [line for line in mode.requests if not line.startswith("GET")]
    _, second = run(make(apply=True))
    assert {"done"} == values(first["archived_reports"], "changes", "result")
    assert 3 == len(changed)
    assert changed == [line for line in mode.requests if not line.startswith("GET")]
    assert set() == values(second["stale_reports"], "mode.hourglass.shown", "name")


def test_a_run_needs_no_disk_of_a_former_run(make: Make, tmp_path: Path) -> None:
    """With a bucket, everything that the next run reads lies below its prefix; the page, too."""
    bucket = FakeBucket()
    result, metadata = run(replace(make(), state=BucketState(bucket, "meta/")))
    assert result.success
    kept = {"bi_part.json", "models.json", "platform.html", "reports/mode-hourglass.json"}
    assert {f"meta/{name}" for name in kept} == {key for key in bucket.objects if "/frames/" not in key}
    assert {f"meta/frames/{name}.json" for name in FRAMES} == {key for key in bucket.objects if "/frames/" in key}
    assert "s3://hourglass/meta/platform.html" == metadata["platform_page"]["page"].value
    assert not (tmp_path / "state").exists()


def test_a_failed_check_has_its_reason_and_the_run_goes_on(make: Make) -> None:
    """Without events, somebody has to publish hours; what needs no events is answered."""
    result, metadata = run(make(events=[]))
    failed = {one.check_name: one for one in result.get_asset_check_evaluations() if not one.passed}
    assert {"runs_are_known", "unused_models_are_answered"} == set(failed)
    assert {dg.AssetCheckSeverity.WARN} == {one.severity for one in failed.values()}
    assert "publish hours first" in str(failed["runs_are_known"].description)
    assert STALE == values(metadata["stale_reports"], "mode.hourglass.shown", "name")


def test_the_page_and_the_chart_are_checked_as_they_were_written(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without its last edge, and a chart with another bar, are errors."""
    monkeypatch.setattr(data, "pairwise", lambda values: list(pairwise(values))[:-1])
    monkeypatch.setattr(chart, "bars_of", lambda _: (7,))
    result, _ = run(make())
    failed = {one.check_name: one.severity for one in result.get_asset_check_evaluations() if not one.passed}
    assert dict.fromkeys(("page_shows_the_graph", "bars_equal_the_counts"), dg.AssetCheckSeverity.ERROR) == failed


def test_the_graph_has_what_sql_names_without_ref(make: Make, tmp_path: Path) -> None:
    """The asset reads the SQL of dbt as the command does."""
    path = manifest_naming("aws.dev.slow_steps", "model.hourglass.deployments", tmp_path)
    unused = dg.AssetSelection.assets("unused_models").upstream() & dg.AssetSelection.groups(OWN_GROUP)
    _, metadata = run(make(dbt_projects=[{"manifest": path}]), unused)
    assert {"undeclared"} == values(metadata["platform_graph"], "gaps", "kind")
    assert set() == values(metadata["unused_models"], "shown", "name")


def test_every_asset_has_kinds_owners_and_a_typed_value_or_none(make: Make) -> None:
    """A definitions test over all assets: nothing is anonymous, and nothing is a pickle."""
    definitions = build_definitions(make())
    assets = [asset for asset in definitions.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    specs = [spec for asset in assets for spec in asset.specs]
    assert 20 == len(specs)
    assert {OWN_GROUP} == {spec.group_name for spec in specs}
    assert all(spec.kinds and spec.owners and spec.description for spec in specs)
