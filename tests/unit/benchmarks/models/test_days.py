"""A short run of the simulated days: every day each proven model is what a full rebuild gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.models.records import Record
from benchmarks.models.touched import FirstRecords
from flink_jobs.contracts.layout import Hour

ROOT = Path(__file__).parents[4]
FIRST = Hour.from_label("2025-08-01T00")


@pytest.mark.long  # a server, and dbt for three days
def test_three_days_are_equal_to_a_full_rebuild() -> None:
    """The exit code says that no row differs, and that exactly the changed hours were built."""
    command = [sys.executable, "-m", "benchmarks.models", "days", "--days", "3", "--records", "10"]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=900, check=False)
    assert 0 == ran.returncode, ran.stdout + ran.stderr


def record(hour: int, offset: int, event_id: str) -> Record:
    return Record(FIRST.plus(hour), 0, offset, event_id, "org-0", 1)


def test_an_earlier_record_displaces_the_event_from_its_hour() -> None:
    """A later record, or one of the same hour, displaces nothing."""
    firsts = FirstRecords()
    assert set() == firsts.add([record(5, 1, "a"), record(5, 2, "b")])
    assert set() == firsts.add([record(6, 3, "a"), record(5, 0, "b")])
    assert {FIRST.plus(5)} == firsts.add([record(3, 4, "a"), record(2, 5, "a")])
    assert {FIRST.plus(2)} == firsts.add([record(1, 6, "a")])
