"""The example of docs/testing.md, run as written, and its table of fixtures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.settings import PROJECT

pytestmark = pytest.mark.containers
HOURGLASS = str(Path(sys.executable).with_name("hourglass"))


def test_the_example_runs_as_written(tmp_path: Path) -> None:
    """The command writes it to a file, and pytest runs the file in the checkout."""
    done = subprocess.run([HOURGLASS, "testing", "--example"], capture_output=True, text=True, check=True)
    example = tmp_path / "test_example.py"
    example.write_text(done.stdout)
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider"]
    ran = subprocess.run([*pytest_command, str(example)], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert not ran.returncode, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
