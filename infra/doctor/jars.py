"""Whether the Flink home has both jars of the landing job, of one version, and that is the version of this package."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flink_jobs.errors import SetupError
from flink_jobs.flink.jars import LandingJars, jar_versions
from infra.doctor.checks import Area, Check, Judgement, ok, wrong
from infra.local.settings import PROJECT

PACKAGE = "hourglass"


def jar_checks(flink_home: Path) -> Iterator[Check]:
    """Yield the check of the jars."""
    yield Check(Area.LANDING_JOB, "versions of both jars", partial(match, flink_home, package_version(PROJECT)))


def package_version(project: Path) -> str:
    """Return the version of this package; an image has its sources and `pyproject.toml`, but does not install it."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        found: str = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        return found


def match(flink_home: Path, package: str) -> Judgement:
    """Judge the versions in the manifests of both jars."""
    repair = f"make setup, or put both jars of {package} into lib/ and plugins/ of {flink_home}"
    try:
        operator, uploads = jar_versions(LandingJars.installed(flink_home))
    except SetupError as exc:
        return wrong(str(exc), repair)
    if {operator, uploads} != {package}:
        return wrong(f"hourglass-landing {operator}, its uploads {uploads}, this package {package}", repair)
    return ok(package)
