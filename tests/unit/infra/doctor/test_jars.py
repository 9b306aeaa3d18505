"""The versions of both jars of a Flink home."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from flink_jobs.flink.jars import LandingJars
from infra.doctor import jars
from infra.doctor.checks import Verdict
from infra.doctor.jars import match, package_version
from infra.local.settings import PROJECT
from tests.fakes.jars import put_jars


@pytest.fixture
def installed(tmp_path: Path) -> LandingJars:
    jars = LandingJars.installed(tmp_path)
    put_jars(jars)
    return jars


@pytest.mark.usefixtures("installed")
def test_jars_of_this_package_are_ok(tmp_path: Path) -> None:
    """Both have its version."""
    assert Verdict.OK is match(tmp_path, "0.1.0").verdict


@pytest.mark.parametrize("fault", ["missing", "garbage", "older operator", "older uploads"])
def test_every_other_pair_is_wrong(tmp_path: Path, installed: LandingJars, fault: str) -> None:
    """The repair names the folder."""
    (tmp_path / "old").mkdir()
    put_jars(older := LandingJars.of_build(tmp_path / "old" / installed.operator.name), version="0.0.9")
    if fault == "missing":
        installed.uploads.unlink()
    elif fault == "garbage":
        installed.operator.write_bytes(b"no jar")
    elif fault == "older operator":
        older.operator.replace(installed.operator)
    else:
        older.uploads.replace(installed.uploads)
    found = match(tmp_path, "0.1.0")
    assert Verdict.WRONG is found.verdict
    assert str(tmp_path) in found.repair


def test_an_image_has_the_version_of_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed there; `pyproject.toml` says what a wheel's metadata would."""

    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    installed = version("hourglass")
    monkeypatch.setattr(jars, "version", not_installed)
    assert installed == package_version(PROJECT)
