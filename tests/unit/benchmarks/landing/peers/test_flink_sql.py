import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.landing.peers.flink_sql import PEER, newest_checkpoint, write_configuration
from benchmarks.landing.workload.store import Listed
from tests.fakes.benchmark_task import TASK

HOUR = "run-1/landing/hour=2025-08-01-03"
AT = datetime(2025, 8, 1, tzinfo=UTC)


def checkpoint(job: str, number: int, file: str = "_metadata") -> Listed:
    return Listed(f"run-1/checkpoints/{job * 32}/chk-{number}/{file}", 1, AT)


def test_hour_is_read_from_the_partition_column() -> None:
    """The whole hour is one column."""
    assert "2025-08-01T03" == PEER.hour_of(f"{HOUR}/part-67b6-0-12")


def test_half_of_a_file_holds_no_records() -> None:
    """Flink keeps the tail of an open file as a separate object until the file is complete."""
    kept = [f"{HOUR}/_part-67b6-0-12_tmp_5a1b", "run-1/checkpoints/7f/chk-3/_metadata"]
    assert [None, None] == [PEER.hour_of(key) for key in kept]


def test_it_continues_from_the_newest_complete_checkpoint() -> None:
    """A checkpoint is complete when its `_metadata` is there."""
    found = [checkpoint("a", 9), checkpoint("a", 10), checkpoint("a", 11, "state")]
    assert f"s3://bucket/run-1/checkpoints/{'a' * 32}/chk-10" == newest_checkpoint(TASK, found)


def test_it_begins_at_the_beginning_without_a_checkpoint() -> None:
    """A first run has none."""
    assert newest_checkpoint(TASK, []) is None


def test_configuration_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    """Flink takes the bucket's secret from a file only."""
    write_configuration(replace(TASK, work_dir=tmp_path), tmp_path / "conf")
    config = tmp_path / "conf" / "config.yaml"
    assert 's3.secret-key: "the-secret"\n' in config.read_text()
    assert 0o600 == stat.S_IMODE(config.stat().st_mode)
