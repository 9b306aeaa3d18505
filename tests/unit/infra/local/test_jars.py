from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.jars import LOCK, require_locked, write_lock
from infra.local.processes import StackError
from infra.local.runtime import PROFILES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "broker"
    folder.mkdir()
    for name in ("a.jar", "b.jar", "hourglass-objects.jar"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_jars_are_those_of_the_lock(folder: Path, tmp_path: Path) -> None:
    """One that has changed, is new or is missing is refused by its name; our own is not compared."""
    lock = tmp_path / "jars.sha256"
    write_lock([folder], lock)
    require_locked(folder, lock)
    (folder / "hourglass-objects.jar").write_bytes(b"built again")
    require_locked(folder, lock)
    (folder / "a.jar").write_bytes(b"other")
    (folder / "b.jar").rename(folder / "c.jar")
    with pytest.raises(StackError, match=r"broker/a\.jar, broker/b\.jar, broker/c\.jar"):
        require_locked(folder, lock)


def test_every_folder_of_jars_is_locked() -> None:
    """A profile without lines would be refused at the next set-up."""
    locked = {line.split("  ")[1].partition("/")[0] for line in LOCK.read_text(encoding="utf-8").splitlines()}
    assert {*PROFILES, "s3"} == locked
