from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from orchestration.folders import FolderSettings
from orchestration.metapipeline.showing import chart
from orchestration.metapipeline.showing.notebooks.data import NAME, AnalysisData, read_data, write_data
from orchestration.metapipeline.showing.notebooks.execution import NOTEBOOK
from orchestration.metapipeline.usage.history import PlatformDay
from tests.unit.orchestration.metapipeline.showing.notebooks.notebook_job import ASSET, notebook_job

FIRST = date(2025, 8, 1)
DATA = AnalysisData(
    models_per_day={FIRST: 3, date(2025, 8, 3): 5},
    history=(PlatformDay(FIRST, models=300, removed=2, credits=1.5), PlatformDay(date(2025, 8, 2), removed=3)),
)


def test_the_data_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """A file that is something else is an error, not an empty chart."""
    path = write_data(tmp_path / "new", DATA)
    assert DATA == read_data(path)
    assert [NAME] == [file.name for file in path.parent.iterdir()]
    path.write_text('{"version": 2}')
    with pytest.raises(ValueError, match="version"):
        read_data(path)


def test_the_notebook_is_kept_without_outputs() -> None:
    """Its data belongs to a run, not to the repository."""
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells)
    assert 1 == sum("parameters" in cell["metadata"].get("tags", []) for cell in cells)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*is currently in beta")  # Dagster's own, of each call into Dagstermill
def test_the_notebook_runs_as_an_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its output is stored in the data folder and linked, with the charts of exactly this data."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    monkeypatch.setenv("HOURGLASS_DATA_DIR", str(tmp_path / "data"))
    folder = FolderSettings().notebooks
    write_data(folder, DATA)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = dg.execute_job(dg.reconstructable(notebook_job), instance, raise_on_error=True)
        (event,) = result.asset_materializations_for_node(ASSET)
    assert dg.MetadataValue.notebook(str(folder / f"{ASSET}.ipynb")) == event.metadata["notebook"]
    outputs = [
        output
        for cell in json.loads((folder / f"{ASSET}.ipynb").read_text())["cells"]
        for output in cell.get("outputs", [])
    ]
    drawn = [
        base64.b64decode(output["data"]["image/png"]) for output in outputs if "image/png" in output.get("data", {})
    ]
    figures = [chart.platform_size_figure(DATA.history), chart.removals_figure(DATA.history)]
    assert [chart.models_per_day_png(DATA.models_per_day), *map(chart.png_of, figures)] == drawn
    texts = ["".join(output.get("data", {}).get("text/markdown", "")) for output in outputs]
    assert "5 removals and 1.50 credits of runs in 2 recorded days" in texts
