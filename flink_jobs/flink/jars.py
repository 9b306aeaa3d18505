"""The landing job's two jars: their version, and copies that outlive the next build."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from flink_jobs.errors import SetupError
from flink_jobs.flink.home import S3_PLUGIN

NAME = "hourglass-landing.jar"
UPLOADS_NAME = "hourglass-landing-uploads.jar"
MANIFEST = "META-INF/MANIFEST.MF"
OPERATOR = "io/hourglass/landing/LandingOperator.class"
UPLOADS = "io/hourglass/landing/upload/UploadFileSystemFactory.class"
DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class LandingJars:
    """The jars of one build: the operator's (in `lib`), and that of the uploads (in `plugins`)."""

    operator: Path
    uploads: Path

    @classmethod
    def of_build(cls, operator: Path) -> LandingJars:
        """Find the second jar beside the first, where a build writes it."""
        return cls(operator, operator.with_name(UPLOADS_NAME))

    @classmethod
    def installed(cls, flink_home: Path) -> LandingJars:
        """Find the jars of a Flink home."""
        return cls(flink_home / "lib" / NAME, flink_home / "plugins" / S3_PLUGIN / UPLOADS_NAME)


@dataclass(frozen=True, slots=True)
class JarVersion:
    """The version in the manifest, and a digest of the contents; two builds of one source are equal."""

    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.version} ({self.digest})"


def jar_version(jars: LandingJars) -> JarVersion:
    """Read version and digest.

    Raises:
        SetupError: a jar is missing, or is not the landing job's.
    """
    operator, uploads = _both(jars)
    digest = sha256()
    for contents in (operator, uploads):
        for name in sorted(contents):
            if not name.startswith("META-INF/") or name.startswith(
                "META-INF/services/"
            ):  # the rest of META-INF has build times
                digest.update(name.encode() + b"\0" + contents[name])
    return JarVersion(_version(operator), digest.hexdigest()[:DIGEST_CHARACTERS])


def jar_versions(jars: LandingJars) -> tuple[str, str]:
    """Read the version of each jar: of the operator, of the uploads.

    Raises:
        SetupError: a jar is missing, or is not the landing job's.
    """
    operator, uploads = _both(jars)
    return _version(operator), _version(uploads)


def keep(jars: LandingJars, folder: Path) -> LandingJars:
    """Copy the jars to a folder named by their digest, which no build overwrites, and return the copies."""
    kept = folder / jar_version(jars).digest
    if not kept.exists():
        copy = kept.with_suffix(".new")
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        shutil.copyfile(jars.operator, copy / NAME)
        shutil.copyfile(jars.uploads, copy / UPLOADS_NAME)
        copy.rename(kept)
    return LandingJars.of_build(kept / NAME)


def install(jars: LandingJars, flink_home: Path) -> None:
    """Link these jars into a Flink home; a running job keeps the files that it has opened."""
    home = LandingJars.installed(flink_home)
    for link, jar in ((home.operator, jars.operator), (home.uploads, jars.uploads)):
        fresh = link.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(jar.absolute())
        fresh.replace(link)


def _both(jars: LandingJars) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return _contents(jars.operator, OPERATOR), _contents(jars.uploads, UPLOADS)


def _contents(jar: Path, expected: str) -> dict[str, bytes]:
    try:
        with ZipFile(jar) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
    except FileNotFoundError as exc:
        raise SetupError(
            f"there is no jar {jar}: run `make setup`, or name another; {NAME} and {UPLOADS_NAME} lie side by side"
        ) from exc
    except BadZipFile as exc:
        raise SetupError(f"{jar} is no jar: build it again") from exc
    if expected not in contents:
        raise SetupError(f"{jar} is no jar of the landing job: it has no {expected}")
    return contents


def _version(contents: Mapping[str, bytes]) -> str:
    return _attribute(contents[MANIFEST].decode(), "Implementation-Version")


def _attribute(manifest: str, name: str) -> str:
    for line in manifest.splitlines():
        found, _, value = line.partition(": ")
        if found == name:
            return value.strip()
    return "unknown"
