from __future__ import annotations

import shutil
import sys
from pathlib import Path

import psutil
import pytest

from orchestration.metapipeline.errors import NotebookError
from orchestration.metapipeline.showing.notebooks.process import NotebookProcess


def program(folder: Path, text: str) -> str:
    """Write a program that stands for Python."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def test_an_execution_that_nobody_began_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the last asset alone has no step that begins it."""
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    with NotebookProcess() as notebook:
        notebook.require_success()


def test_a_failed_execution_is_an_error_with_the_end_of_what_it_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", program(tmp_path, "read line; echo a cell failed: $line; exit 1"))
    with NotebookProcess() as notebook:
        notebook.start()
        with pytest.raises(NotebookError, match="not executed: a cell failed: execute"):
            notebook.require_success()


def test_a_process_that_ended_before_it_was_asked_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", program(tmp_path, "echo no such module; exit 1"))
    with NotebookProcess() as notebook:
        notebook.prepare()
        notebook._prepared()[0].wait(10)
        with pytest.raises(NotebookError, match="no such module"):
            notebook.require_success()


def test_an_execution_ends_with_its_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A run that fails before its end leaves no process behind."""
    monkeypatch.setattr(sys, "executable", program(tmp_path, "exec sleep 600"))
    before = children()
    with NotebookProcess() as notebook:
        notebook.prepare()
        assert 1 == len(children() - before)
    assert before == children()
