"""Jars that look like the landing job's."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from flink_jobs.flink.jars import MANIFEST, OPERATOR, UPLOADS, LandingJars


def write_jars(
    folder: Path, *, version: str = "0.1.0", operator: bytes = b"class", uploads: bytes = b"class", built: str = "today"
) -> LandingJars:
    """Write a build: two jars of one class and a manifest each."""
    jars = LandingJars.of_build(folder / "hourglass-landing.jar")
    put_jars(jars, version=version, operator=operator, uploads=uploads, built=built)
    return jars


def put_jars(
    jars: LandingJars,
    *,
    version: str = "0.1.0",
    operator: bytes = b"class",
    uploads: bytes = b"class",
    built: str = "today",
) -> None:
    """Write a build into the folder where its jars are expected."""
    manifest = f"Manifest-Version: 1.0\r\nBuilt: {built}\r\nImplementation-Version: {version}\r\n"
    for path, name, body in ((jars.operator, OPERATOR, operator), (jars.uploads, UPLOADS, uploads)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with ZipFile(path, "w") as archive:
            archive.writestr(MANIFEST, manifest)
            archive.writestr(name, body)
