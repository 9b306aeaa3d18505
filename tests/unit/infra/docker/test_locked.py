"""The packages of each image are those of the lock."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.docker.locked import entries, names

PROJECT = Path(__file__).resolve().parents[4]
DOCKER = PROJECT / "infra" / "docker"
LISTS = sorted(DOCKER.glob("*/packages.txt"))

LEFT_OUT = {
    # the parser downloads a wheel; the others are for people in notebooks, and for frames in Parquet
    "dagster": {"dbt-core-experimental-parser", "debugpy", "jedi", "pyarrow"},
    # what serves Python functions inside of a job: ours has none
    "landing-job": {
        "apache-beam", "avro", "fastavro", "httplib2", "numpy", "pandas", "pemja", "protobuf", "pyarrow",
    },
}  # fmt: skip
"""By image: packages that others name and that nothing of ours imports."""


@pytest.mark.parametrize("packages", LISTS, ids=lambda file: file.parent.name)
def test_every_package_of_an_image_is_in_the_lock_with_its_hashes(packages: Path) -> None:
    """A package that the lock drops, or that gets another name, is noticed before an image is built."""
    locked = entries((PROJECT / "requirements.lock").read_text())
    for name in names(packages.read_text()):
        assert "--hash=sha256:" in locked.get(name, ""), f"requirements.lock has no {name}"


def test_every_image_with_packages_is_tested() -> None:
    """The lists above are found."""
    assert {file.parent.name for file in LISTS} == {"dagster", "landing-job", "local-snowflake", "producer"}


@pytest.mark.parametrize("packages", LISTS, ids=lambda file: file.parent.name)
def test_every_package_that_another_one_needs_is_in_the_image(packages: Path) -> None:
    """A new version in the lock may need a further package: it is installed without its dependencies."""
    listed = {canonical(name) for name in names(packages.read_text())}
    needed = {canonical(needed.name) for name in listed for needed in requirements_of(name)}

    assert LEFT_OUT.get(packages.parent.name, set()) == needed - listed


def requirements_of(name: str) -> Iterator[Requirement]:
    """Yield what an installed package needs on this platform, without its extras."""
    for requirement in map(Requirement, requires(name) or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
