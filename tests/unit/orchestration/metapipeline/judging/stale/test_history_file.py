from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.metapipeline.errors import BiError, StateError
from orchestration.metapipeline.judging.stale.history import ReportHistory
from orchestration.metapipeline.judging.stale.history_file import HistoryFile
from orchestration.metapipeline.state import FolderState
from tests.unit.orchestration.metapipeline.judging.stale.reports import Depot, stale, used


def test_a_saved_history_is_loaded(tmp_path: Path) -> None:
    """All of it, with its times."""
    depot = Depot.of(stale("r1"), used("u1"))
    file = HistoryFile(FolderState(tmp_path), "reports/mode.json")
    assert ReportHistory(workspace="mode.depot") == file.load(depot.tool.read())
    depot.run()
    file.save(depot.history)
    assert depot.history == file.load(depot.tool.read())
    assert ["mode.json"] == [path.name for path in (tmp_path / "reports").iterdir()]


@pytest.mark.parametrize("content", ["", "{}", '{"workspace": "mode.depot", "other": 1}'])
def test_a_damaged_history_is_an_error(tmp_path: Path, content: str) -> None:
    """An empty history instead would forget what we archived, and the counts of the last reading."""
    file = HistoryFile(FolderState(tmp_path), "mode.json")
    (tmp_path / "mode.json").write_text(content)
    with pytest.raises(BiError, match="is no history of reports"):
        file.load(Depot.of().tool.read())


def test_a_history_that_another_run_saved_is_not_overwritten(tmp_path: Path) -> None:
    """What the other run archived would be forgotten, and never deleted; a run that saves again may go on."""
    depot = Depot.of(stale("r1"))
    first, second = (HistoryFile(FolderState(tmp_path), "mode.json") for _ in range(2))
    loaded = [file.load(depot.tool.read()) for file in (first, second)]
    depot.run()
    first.save(depot.history)
    with pytest.raises(StateError, match=r"another run changed .*mode\.json"):
        second.save(loaded[1])
    first.save(depot.history)
    assert depot.history == second.load(depot.tool.read())
