import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.landing.peer import PeerFailed
from benchmarks.landing.peers.programs import group, made_once, run_program, task_environment
from tests.fakes.benchmark_task import TASK as BARE

TASK = replace(BARE, prefix="run/1/")


def test_each_task_has_a_consumer_group_of_its_own() -> None:
    """A second measurement of a topic reads it from the beginning; a task that continues keeps its group."""
    others = [replace(TASK, bucket="other"), replace(TASK, prefix="run/2/")]
    assert 3 == len({group(TASK), *map(group, others)})
    assert "bucket-run-1" == group(replace(TASK, topic="again")) == task_environment(TASK)["PEER_GROUP"]


def test_job_without_an_end_can_be_ended_from_outside(tmp_path: Path) -> None:
    """`meanwhile` is called with the running process; without it this process would end with an alarm."""
    endless = [sys.executable, "-c", "import signal; signal.alarm(20); signal.pause()"]
    with pytest.raises(PeerFailed, match=f"ended with {-signal.SIGKILL}"):
        run_program(endless, os.environ, tmp_path / "log", lambda process: process.kill())


def test_program_that_was_killed_is_a_failure(tmp_path: Path) -> None:
    """A peer that died has not landed its records."""
    suicide = f"import os; os.kill(os.getpid(), {signal.SIGKILL})"
    with pytest.raises(PeerFailed, match=f"ended with {-signal.SIGKILL}"):
        run_program([sys.executable, "-c", suicide], os.environ, tmp_path / "log")


def test_failure_says_what_the_program_said(tmp_path: Path) -> None:
    """The message holds the output, so that nobody has to search for the log."""
    with pytest.raises(PeerFailed, match="no such topic"):
        run_program([sys.executable, "-c", "raise SystemExit('no such topic')"], os.environ, tmp_path / "log")


def test_output_of_a_second_run_follows_that_of_the_first(tmp_path: Path) -> None:
    """The log keeps the output from before a kill."""
    for word in ("one", "two"):
        run_program([sys.executable, "-c", f"print('{word}')"], os.environ, tmp_path / "log")
    assert "one\ntwo\n" == (tmp_path / "log").read_text()


def test_what_is_made_is_made_again_only_for_other_sources(tmp_path: Path) -> None:
    """Installing is idempotent, and follows a changed requirement."""
    source, made = tmp_path / "source", []
    for text in ("a", "a", "b"):
        source.write_text(text)
        made_once(tmp_path / "target", [source], lambda: made.append(source.read_text()))
    assert ["a", "b"] == made


def test_what_was_half_made_is_made_again(tmp_path: Path) -> None:
    """An installation that failed leaves a folder, but no stamp."""
    source = tmp_path / "source"
    source.write_text("a")

    def fail() -> None:
        raise PeerFailed("no network")

    with pytest.raises(PeerFailed):
        made_once(tmp_path / "target", [source], fail)
    made = []
    made_once(tmp_path / "target", [source], lambda: made.append("again"))
    assert ["again"] == made
