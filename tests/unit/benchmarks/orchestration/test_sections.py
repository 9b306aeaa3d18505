"""RESULTS.md of the orchestration's benchmarks: sections of several modules, and gates beside their rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.orchestration.gates import TICK, Gate, Limit, Result
from benchmarks.orchestration.sections import Section, write_section


def section(place: int, title: str, cell: str) -> Section:
    return Section(place, title, "How.", ["what"], [[cell]])


def test_a_module_replaces_its_own_section_and_keeps_the_others(tmp_path: Path) -> None:
    """They are in the order of their places, whoever writes last."""
    write_section("b", section(2, "Second", "former"), tmp_path)
    write_section("a", section(1, "First", "one"), tmp_path)
    write_section("b", section(2, "Second", "new"), tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "former" not in text
    assert text.index("## First\n\nHow.\n\n| what |\n| --- |\n| one |") < text.index("## Second")
    assert "| new |" in text


@pytest.mark.parametrize(
    ("seconds", "requests", "holds"),
    [(2.0, 30, (True, False)), (1.0, 15, (True, True)), (2.1, 1, (False, False)), (0.1, 31, (False, False))],
)
def test_a_limit_holds_to_its_number(seconds: float, requests: int, holds: tuple[bool, bool]) -> None:
    """Both seconds and requests count."""
    result = Result("tick", seconds, seconds, {"GET": requests}, TICK)
    document = result.document()
    assert holds == (document["gate"]["holds"], document["goal"]["holds"])
    assert [1 - one for one in holds] == ["missed" in cell for cell in result.cells()[-2:]]


def test_without_a_limit_of_requests_seconds_alone_count() -> None:
    """A row without a gate has empty cells."""
    status = Result("status", 1.5, 1.5, {"GET": 10_000}, Gate(Limit(2), Limit(1)))
    assert ["2 s: holds", "1 s: **missed**"] == status.cells()[-2:]
    assert ["", ""] == Result("run", 1.5, 1.5, {}).cells()[-2:]
