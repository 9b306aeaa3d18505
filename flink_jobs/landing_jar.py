"""The landing job's jar: which one it is, and copies that outlive the next build."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from flink_jobs.errors import SetupError

NAME = "hourglass-landing.jar"
MANIFEST = "META-INF/MANIFEST.MF"
OPERATOR = "io/hourglass/landing/LandingOperator.class"
DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class JarVersion:
    """The version that the build wrote, and a digest of what is in the jar: two builds of one source are equal."""

    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.version} ({self.digest})"


def jar_version(jar: Path) -> JarVersion:
    """Read which jar it is.

    Raises:
        SetupError: it is not there, or is no jar of the landing job.
    """
    digest = sha256()
    try:
        with ZipFile(jar) as archive:
            names = sorted(archive.namelist())
            if OPERATOR not in names:
                raise SetupError(f"{jar} is no jar of the landing job: it has no {OPERATOR}")
            for name in names:
                if not name.startswith("META-INF/"):  # times and names of the build
                    digest.update(name.encode() + b"\0" + archive.read(name))
            manifest = archive.read(MANIFEST).decode()
    except FileNotFoundError as exc:
        raise SetupError(f"there is no jar {jar}: run `make setup`, or name another") from exc
    except BadZipFile as exc:
        raise SetupError(f"{jar} is no jar: build it again") from exc
    return JarVersion(_attribute(manifest, "Implementation-Version"), digest.hexdigest()[:DIGEST_CHARACTERS])


def installed(flink_home: Path) -> Path:
    """Name the landing jar of a Flink home."""
    return flink_home / "lib" / NAME


def keep(jar: Path, folder: Path) -> Path:
    """Copy a jar to a place that no build writes to, named by its digest, and return that."""
    kept = folder / f"{jar_version(jar).digest}.jar"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        copy = kept.with_suffix(".new")
        shutil.copyfile(jar, copy)
        copy.rename(kept)
    return kept


def install(jar: Path, flink_home: Path) -> None:
    """Let a Flink home use a jar; a job that runs keeps the one that it has opened."""
    link = installed(flink_home)
    fresh = link.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(jar.absolute())
    fresh.replace(link)


def _attribute(manifest: str, name: str) -> str:
    for line in manifest.splitlines():
        found, _, value = line.partition(": ")
        if found == name:
            return value.strip()
    return "unknown"
