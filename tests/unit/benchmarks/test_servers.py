from __future__ import annotations

from pathlib import Path

from benchmarks.landing.servers import access_log, server_names
from benchmarks.landing.settings import BenchmarkSettings


def test_what_is_killed_has_the_server_that_shows_objects_whole(tmp_path: Path) -> None:
    """The fast S3 server, whose requests are read from its log, serves only where nothing is cut off."""
    settings = BenchmarkSettings(folder=tmp_path)
    assert access_log(settings) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "versitygw").touch()
    assert access_log(settings) == tmp_path / "s3" / "access.log"
    assert access_log(settings.model_copy(update={"s3_whole": True})) is None


def test_down_ends_whichever_s3_server_runs(tmp_path: Path) -> None:
    """The broker is the last to stop."""
    assert server_names(BenchmarkSettings(folder=tmp_path)) == ["versitygw", "s3", "kafka"]
