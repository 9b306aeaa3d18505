import json

from benchmarks.landing.peers.spark import PEER, log_keys, named_by, settings
from tests.fakes.benchmark_task import TASK

LANDING = "run-1/landing"
HOUR = f"{LANDING}/year=2025/month=8/day=1/hour=3"


def log(*paths: str) -> str:
    entries = [{"path": f"s3a://bucket/{path}", "action": "add", "size": 1} for path in paths]
    return "\n".join(["v1", *map(json.dumps, entries)])


def test_hour_is_read_from_the_partition_columns() -> None:
    """Spark writes them without leading zeros."""
    assert "2025-08-01T03" == PEER.hour_of(f"{HOUR}/part-00001-b626.c000.txt.gz")


def test_log_and_checkpoint_hold_no_records() -> None:
    """The sink's log is beside the data."""
    kept = [f"{LANDING}/_spark_metadata/3", "run-1/checkpoint/offsets/3", f"{HOUR}/"]
    assert [None, None, None] == [PEER.hour_of(key) for key in kept]


def test_file_of_a_batch_that_was_cut_off_is_not_part_of_the_output() -> None:
    """Only files that the sink's log names count; a batch that is run again writes other files."""
    assert {f"{HOUR}/part-1.txt", f"{HOUR}/part-2.txt"} == named_by(
        [log(f"{HOUR}/part-1.txt"), log(f"{HOUR}/part-2.txt")]
    )


def test_name_that_the_log_escapes_is_found() -> None:
    """The log holds URLs, in which a space is %20."""
    assert {"run 1/part-1.txt"} == named_by([log("run%201/part-1.txt")])


def test_compact_log_replaces_what_came_before_it() -> None:
    """Every tenth file of the log repeats all files before it."""
    names = [*map(str, range(12)), "9.compact", ".9.compact.crc"]
    keys = [f"{LANDING}/_spark_metadata/{name}" for name in names if name != "9"]
    expected = {f"{LANDING}/_spark_metadata/{name}" for name in ("9.compact", "10", "11")}
    assert expected == set(log_keys(keys))


def test_secret_stands_on_no_command_line() -> None:
    """The settings become arguments, which every user of the machine can read; they hold no secret."""
    assert not [value for value in settings(TASK).values() if "the-secret" in value or "the-key" in value]
