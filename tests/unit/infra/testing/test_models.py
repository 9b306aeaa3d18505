"""The example of docs/testing.md for dbt models runs as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.settings import PROJECT
from infra.testing.example import MODELS_EXAMPLE

DOCUMENTATION = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_example_is_shown_and_its_test_has_ten_lines() -> None:
    assert f"```python\n{MODELS_EXAMPLE}```" in DOCUMENTATION
    assert 10 >= len(MODELS_EXAMPLE.partition("def ")[2].splitlines())


@pytest.mark.long  # starts a Snowflake and parses the dbt project
@pytest.mark.parametrize(("change", "passes"), [("", True), ('("e-1", 3)', False)], ids=["as shown", "wrong"])
def test_the_example_runs_as_it_stands(tmp_path: Path, change: str, passes: bool) -> None:
    """And it can fail."""
    file = tmp_path / "test_model.py"
    file.write_text(MODELS_EXAMPLE.replace(change, '("e-1", 4)') if change else MODELS_EXAMPLE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file), "--rootdir", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert passes == (ran.returncode == 0), ran.stdout[-3000:]
    assert "1 passed" in ran.stdout if passes else "1 failed" in ran.stdout
