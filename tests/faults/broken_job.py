"""Build landing jobs with deliberate defects: patch copies of the sources, never the sources themselves."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flink_jobs.flink.home import S3_PLUGIN, assemble
from infra.local.settings import PROJECT

JAVA = PROJECT / "flink_jobs" / "java" / "src" / "main" / "java" / "io" / "hourglass" / "landing"
LANDING_JAR = "hourglass-landing.jar"


@dataclass(frozen=True, slots=True)
class Patch:
    """One replacement in one source file; the file must hold `old` exactly once, else the patch is out of date."""

    file: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Replace."""
        found = text.count(self.old)
        assert found == 1, f"{self.file} holds {found} times what is to be replaced: {self.old!r}"
        return text.replace(self.old, self.new)


def patched(folder: Path, patches: Iterable[Patch]) -> None:
    """Apply patches to the files of a folder."""
    for patch in patches:
        file = folder / patch.file
        file.write_text(patch.apply(file.read_text()))


def broken_flink_home(home: Path, target: Path, patches: Iterable[Patch]) -> Path:
    """Build a Flink home like `home` below `target`, its landing jar compiled from patched sources."""
    sources, classes = target / "sources", target / "classes"
    shutil.copytree(JAVA, sources, ignore=shutil.ignore_patterns("upload"))  # another jar, another class path
    classes.mkdir()
    patched(sources, patches)
    compiled = subprocess.run(
        ["javac", "-nowarn", "-cp", f"{home.absolute() / 'lib'}/*", "-d", classes, *sources.rglob("*.java")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not compiled.returncode, compiled.stderr
    jar = target / LANDING_JAR
    _replace_classes((home / "lib" / LANDING_JAR).resolve(), jar, classes)
    return assemble(
        target / "flink",
        lib_jars=[other for other in (home / "lib").glob("*.jar") if other.name != LANDING_JAR],
        s3_jars=[*(home / "plugins" / S3_PLUGIN).glob("*.jar")],
        landing_jar=jar,
    )


def broken_project(target: Path, patches: Iterable[Patch]) -> Path:
    """Copy the Python packages that the job is built from, patched; returns the folder that holds them."""
    for package in ("flink_jobs", "producers"):
        shutil.copytree(PROJECT / package, target / package, ignore=shutil.ignore_patterns("java", "__pycache__"))
    patched(target, patches)
    return target


def _replace_classes(jar: Path, target: Path, classes: Path) -> None:
    """Copy a jar and replace its classes with those of a folder."""
    new = {str(file.relative_to(classes)): file for file in classes.rglob("*.class")}
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(target, "w") as made:
        for name in old.namelist():
            if name not in new:
                made.writestr(name, old.read(name))
        for name, file in new.items():
            made.write(file, name)
