"""The packages of each image are those of the lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.docker.locked import entries, names

PROJECT = Path(__file__).resolve().parents[4]
DOCKER = PROJECT / "infra" / "docker"
LISTS = sorted(DOCKER.glob("*/packages.txt"))


@pytest.mark.parametrize("packages", LISTS, ids=lambda file: file.parent.name)
def test_every_package_of_an_image_is_in_the_lock_with_its_hashes(packages: Path) -> None:
    """A package that the lock drops, or that gets another name, is noticed before an image is built."""
    locked = entries((PROJECT / "requirements.lock").read_text())
    for name in names(packages.read_text()):
        assert "--hash=sha256:" in locked.get(name, ""), f"requirements.lock has no {name}"


def test_every_image_with_packages_is_tested() -> None:
    """The lists above are found."""
    assert {file.parent.name for file in LISTS} >= {"landing-job", "local-snowflake"}


def test_a_package_without_an_entry_is_named(tmp_path: Path) -> None:
    """The build stops at a name that the lock does not have."""
    lock, packages = tmp_path / "requirements.lock", tmp_path / "packages.txt"
    lock.write_text(
        "one==1 \\\n    --hash=sha256:aa\n    # via x\ntwo[extra]==2 ; python_version < '4' \\\n    --hash=sha256:bb\n"
    )
    packages.write_text("one  # why\ntwo\nthree\n")
    done = _run(lock, packages)
    assert (done.returncode, done.stderr) == (1, "requirements.lock has no three\n")
    packages.write_text("two\n")
    assert _run(lock, packages).stdout == "two[extra]==2 ; python_version < '4' \\\n    --hash=sha256:bb\n"


def _run(lock: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DOCKER / "locked.py"), str(lock), str(packages)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
