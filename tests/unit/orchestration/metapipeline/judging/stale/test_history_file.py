from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.judging.stale.history import ReportHistory
from orchestration.metapipeline.judging.stale.history_file import HistoryFile
from tests.unit.orchestration.metapipeline.judging.stale.reports import Depot, stale, used


def test_a_saved_history_is_loaded(tmp_path: Path) -> None:
    """All of it, with its times."""
    depot = Depot.of(stale("r1"), used("u1"))
    file = HistoryFile(tmp_path / "reports" / "mode.json")
    assert ReportHistory(workspace="mode.depot") == file.load(depot.tool.read())
    depot.run()
    file.save(depot.history)
    assert depot.history == file.load(depot.tool.read())
    assert ["mode.json"] == [path.name for path in file.path.parent.iterdir()]


@pytest.mark.parametrize("content", ["", "{}", '{"workspace": "mode.depot", "other": 1}'])
def test_a_damaged_history_is_an_error(tmp_path: Path, content: str) -> None:
    """An empty history instead would forget what we archived, and the counts of the last reading."""
    file = HistoryFile(tmp_path / "mode.json")
    file.path.write_text(content)
    with pytest.raises(BiError, match="is no history of reports"):
        file.load(Depot.of().tool.read())
