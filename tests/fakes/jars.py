"""Jars that look like the landing job's."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from flink_jobs.landing_jar import MANIFEST, OPERATOR


def write_jar(path: Path, *, version: str = "0.1.0", body: bytes = b"class", built: str = "today") -> Path:
    """Write a jar with one class and a manifest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, f"Manifest-Version: 1.0\r\nBuilt: {built}\r\nImplementation-Version: {version}\r\n")
        archive.writestr(OPERATOR, body)
    return path
