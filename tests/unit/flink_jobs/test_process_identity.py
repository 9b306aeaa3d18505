from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil

from flink_jobs.process_identity import CLOCK_STEP_SECONDS, find_process

OURS = psutil.Process().create_time()


def test_a_process_is_its_pid_and_its_start_time() -> None:
    """A step of the system clock moves the start time slightly; another process has a clearly different one."""
    found = find_process(os.getpid(), OURS + CLOCK_STEP_SECONDS / 2)
    assert found
    assert os.getpid() == found.pid
    assert find_process(os.getpid(), OURS - CLOCK_STEP_SECONDS) is None
    assert find_process(2**22 + 1, OURS) is None


def test_a_stopped_process_lives_and_one_whose_parent_has_not_asked_for_its_end_does_not() -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as child:
        created = psutil.Process(child.pid).create_time()
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        assert find_process(child.pid, created)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert find_process(child.pid, created) is None
