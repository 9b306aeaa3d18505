from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.landing.campaign import Campaign, Cell
from benchmarks.landing.workload.requests import count_requests

BURN = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\n"
DETACH = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        exec({BURN!r})
    os._exit(0)
"""
SLEEP = "import time; time.sleep(600)\n"
STARTS_AGAIN = """
import json, subprocess, sys
from benchmarks.landing.counting.usage import measured
codes = []
def work():
    while 0 not in codes and len(codes) < 9:
        codes.append(subprocess.run([sys.executable, "-c", *sys.argv[1:]]).returncode)
measured(work, limit_seconds=60, kill_after_seconds=0.5)
print(json.dumps(codes))
"""
HARNESS = """
import json, subprocess, sys
from benchmarks.landing.counting.usage import measured
usage, killed = measured(
    lambda: print(subprocess.run([sys.executable, "-c", sys.argv[1]]).returncode, file=sys.stderr),
    limit_seconds=float(sys.argv[2]), kill_after_seconds=json.loads(sys.argv[3]),
)
print(json.dumps([usage.cpu_seconds, usage.left_behind, killed]))
"""


def measure(script: str, limit_seconds: float, kill_after_seconds: float | None) -> tuple[float, int, bool]:
    """Measure in a separate process, as the harness does: it adopts orphans and reaps every child."""
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, script, str(limit_seconds), json.dumps(kill_after_seconds)],
        capture_output=True,
        text=True,
        check=True,
    )
    cpu_seconds, left_behind, killed = json.loads(done.stdout)
    return cpu_seconds, left_behind, killed


@pytest.mark.parametrize("script", [BURN, DETACH], ids=["child", "daemon"])
def test_no_process_escapes(script: str) -> None:
    """The cost of a process that left its parent and its session is counted, too."""
    cpu_seconds, left_behind, killed = measure(script, 60, None)
    assert cpu_seconds >= 0.6
    assert (0, False) == (left_behind, killed)


def test_a_kill_ends_everything_and_is_told() -> None:
    """A process that would sleep for minutes ends at the time of the kill, and the result reports the kill."""
    assert measure(SLEEP, 60, 0.5)[1:] == (0, True)


def test_what_starts_again_is_not_killed_with_it(tmp_path: Path) -> None:
    """Work that restarts right after the kill continues: there is one kill, however quickly the processes restart."""
    script = f"import os, sys\nif not os.path.exists(sys.argv[1]):\n open(sys.argv[1], 'x')\n {SLEEP}{BURN}"
    done = subprocess.run(
        [sys.executable, "-c", STARTS_AGAIN, script, str(tmp_path / "started")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [-signal.SIGKILL, 0] == json.loads(done.stdout)


def test_what_takes_too_long_is_ended() -> None:
    """The limit ends a hanging process; that does not count as a planned kill."""
    assert measure(SLEEP, 0.5, None)[1:] == (0, False)


def test_the_order_rotates() -> None:
    """Each run begins with another peer, so that no peer always has the cold or the warm machine."""
    cells = Campaign("b", ("a", "b", "c"), ("plain",), (1, 5), runs=2, slow=("c",), slow_sizes=(1,)).cells()
    first = [("a", 1), ("a", 5), ("b", 1), ("b", 5), ("c", 1)]
    second = [("b", 1), ("b", 5), ("c", 1), ("a", 1), ("a", 5)]
    assert [*first, *second] == [(cell.peer, cell.records) for cell in cells]


def test_each_peer_is_killed_once_at_its_largest_size() -> None:
    """A campaign with kills has exactly one cell for each peer and codec, at the peer's largest size."""
    campaign = Campaign("b", ("a", "c"), ("plain",), (1, 5), runs=2, killed=True, slow=("c",), slow_sizes=(1,))
    assert [Cell("a", "plain", 5, 0, killed=True), Cell("c", "plain", 1, 0, killed=True)] == list(campaign.cells())


def test_requests_of_the_harness_are_not_the_peers() -> None:
    """Requests are counted by operation, without those of the harness."""
    line = "hourglass b [21/Nov/2025:11:57:29 +0000] 127.0.0.1 hourglass X {} k /b/k 200 - 0 0 0 0 - {} - y SigV4 -"
    lines = [line.format("s3_PutObject", "Boto3/1"), line.format("s3_ListObjectsV2", "landing-benchmark-harness")]
    assert {"s3_PutObject": 2} == count_requests([lines[0], *lines])
