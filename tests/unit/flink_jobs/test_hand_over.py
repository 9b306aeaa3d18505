from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flink_jobs.contracts.s3_credentials import Identity
from flink_jobs.hand_over import PIPE_BYTES_MAX, HandOver, RunningJob, go_on_as_keeper
from flink_jobs.lease.holder import Holder
from flink_jobs.lease.keeper import Kept
from flink_jobs.lease.record import Lease, LeaseRecord
from flink_jobs.signed_objects import BucketAddress

RECORD = LeaseRecord(number=3, token="t", holder=Holder("h", "m", 7, 1.5), job="j", lease_seconds=30.0, renewed=4)
GIVEN = HandOver(
    "flink/s/leases/",
    Kept(Lease("flink/s/leases/00000003.json", RECORD), renewed_at=12.5, paused=True),
    BucketAddress("http://127.0.0.1:1/b", "us-east-1", None, {"x-amz-acl": "private"}),
    Identity("us-east-1", "id", "canary", token="canary-token"),
    RunningJob("a" * 32, 4711, 25333, "o12", "s3://b/chk-1"),
)
PROJECT = Path(__file__).parents[3]


def run(program: str) -> str:
    """Run a program in another process and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_what_is_handed_over_is_received() -> None:
    assert GIVEN == HandOver.from_json(GIVEN.to_json())
    assert "canary" not in repr(GIVEN)


def test_the_process_stays_who_it_is_and_its_secrets_are_in_no_command_line() -> None:
    """The lease names a pid and a start time; Flink waits for the end of the process that it started."""
    program = (
        "import json, os, sys, psutil\n"
        "from flink_jobs import hand_over\n"
        "sys.path.insert(0, '.')\n"
        "from tests.unit.flink_jobs.test_hand_over import GIVEN, REPORT\n"
        "me = psutil.Process()\n"
        "print(json.dumps([me.pid, me.create_time()]), flush=True)\n"
        "original = os.execv\n"
        "def execv(path, arguments):\n"
        "    original(path, [sys.executable, '-P', '-c', REPORT, *arguments[1:]])\n"
        "os.execv = execv\n"
        "hand_over.go_on_as_keeper(GIVEN)\n"
    )
    before, after, arguments, text = (json.loads(line) for line in run(program).splitlines())
    assert before == after
    assert ["-m", "flink_jobs.keep_lease"] == arguments[3:5]
    assert "canary" not in str(arguments)
    assert GIVEN == HandOver.from_json(text)


REPORT = """
import json, sys, psutil
from flink_jobs.hand_over import received
me = psutil.Process()
print(json.dumps([me.pid, me.create_time()]))
print(json.dumps(sys.argv))
print(json.dumps(received(int(sys.argv[-1])).to_json()))
"""


def test_what_no_pipe_holds_is_refused_before_anything_is_replaced() -> None:
    large = BucketAddress("x" * PIPE_BYTES_MAX, "us-east-1", None, {})
    with pytest.raises(ValueError, match="too many to hand over"):
        go_on_as_keeper(HandOver(GIVEN.lease_prefix, GIVEN.kept, large, GIVEN.identity, GIVEN.job))


def test_the_keeper_loads_nothing_that_it_does_not_need() -> None:
    """It lives for months beside the job: settings, PyFlink and the client of AWS cost three times its memory."""
    heavy = [
        "boto3",
        "botocore",
        "confluent_kafka",
        "numpy",
        "pandas",
        "psutil",
        "pydantic",
        "pydantic_core",
        "pyflink",
    ]
    program = f"import sys, flink_jobs.keep_lease; print([name for name in {heavy} if name in sys.modules])"
    assert "[]\n" == run(program)
