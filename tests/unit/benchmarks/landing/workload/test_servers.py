from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.servers import access_log, alone, server_names
from infra.local.processes import StackError


def test_what_is_killed_has_the_server_that_shows_objects_whole(tmp_path: Path) -> None:
    """The fast S3 server, whose log counts the requests, serves only runs without a kill."""
    settings = BenchmarkSettings(folder=tmp_path)
    assert access_log(settings) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "versitygw").touch()
    assert access_log(settings) == tmp_path / "s3" / "access.log"
    assert access_log(settings.model_copy(update={"s3_whole": True})) is None


def test_down_ends_whichever_s3_server_runs(tmp_path: Path) -> None:
    """Both S3 servers are stopped, and the broker last."""
    assert server_names(BenchmarkSettings(folder=tmp_path)) == ["versitygw", "s3", "kafka"]


def test_one_command_at_a_time(tmp_path: Path) -> None:
    """A second command is refused while the first runs, and only then."""
    settings = BenchmarkSettings(folder=tmp_path / "folder")
    with alone(settings), pytest.raises(StackError, match=f"process {os.getpid()} measures in "), alone(settings):
        pytest.fail("two at once")
    with alone(settings):
        pass
