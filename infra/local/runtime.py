"""Install everything that is not Python: jars from Maven, the jars of this project, and the Flink home.

Run as `python -m infra.local.runtime`. A part is built again only if its sources have changed, so a second run starts
no Maven and downloads nothing.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from flink_jobs.flink.home import assemble_from
from infra.local.jars import require_locked
from infra.local.processes import StackError
from infra.local.settings import PROJECT, LocalSettings

JAVA = PROJECT / "flink_jobs" / "java"
S3_SERVER = PROJECT / "infra" / "local" / "s3_server"
STAMP = ".made-of"
PROFILES = ("broker", "flink-lib", "flink-s3")
LANDING_JAR = JAVA / "target" / "hourglass-landing.jar"
UPLOADS_JAR = JAVA / "target" / "hourglass-landing-uploads.jar"
MAVEN = ("mvn", "-q", "-B", "-ntp", "-f")
COPY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def install(runtime_dir: Path) -> None:
    """Build everything below `runtime_dir` that is absent or has changed sources.

    1. One folder of jars per Maven profile, each a class path, compared with the hashes of the lock.
    2. The local S3 server and its jars.
    3. The jar of the landing job.
    4. The Flink home: links to the wheel, the connector and the landing jar.
    """
    runtime_dir.mkdir(parents=True, exist_ok=True)
    for profile in PROFILES:
        _made_once(runtime_dir / profile, _digest([JAVA / "pom.xml"]), _copy_jars)
    _made_once(runtime_dir / "s3", _digest(_sources(S3_SERVER)), _build_s3_server)
    build_landing_jar(runtime_dir)
    assemble_from(runtime_dir, runtime_dir / "flink")


def build_landing_jar(runtime_dir: Path) -> Path:
    """Build the jar of the landing job if its sources have changed, and return it."""
    _made_once(runtime_dir / "landing", _digest(_sources(JAVA)), _build)
    return runtime_dir / "landing" / LANDING_JAR.name


def landing_jar_is_current(runtime_dir: Path) -> bool:
    """Return whether the jar was built from the present sources."""
    stamp = runtime_dir / "landing" / STAMP
    return stamp.exists() and stamp.read_text() == _digest(_sources(JAVA))


def fetch_jar(artifact: str, folder: Path) -> Path:
    """Fetch one jar into a folder, unless it is there, and return it.

    Args:
        artifact: `group:name:version`.
        folder: is made.
    """
    _, name, version = artifact.split(":")
    jar = folder / f"{name}-{version}.jar"
    if not jar.exists():
        command = [*MAVEN[:-1], COPY_PLUGIN, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
        if subprocess.run(command, check=False).returncode:
            raise StackError(f"Maven failed: run `{' '.join(command)}` to see why")
    return jar


def build_agent(module: Path, jar: Path) -> None:
    """Build a Java agent of the benchmarks or the fault tests, unless its jar is newer than its sources.

    Concurrent callers wait for one build.
    """
    jar.parent.mkdir(exist_ok=True)
    with jar.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jar.exists() or jar.stat().st_mtime <= max(file.stat().st_mtime for file in _sources(module)):
            _maven(module, "package")


def _sources(module: Path) -> list[Path]:
    return [module / "pom.xml", *sorted((module / "src" / "main").rglob("*.*"))]


def _made_once(target: Path, digest: str, make: Callable[[Path], None]) -> None:
    stamp = target / STAMP
    if stamp.exists() and stamp.read_text() == digest:
        return
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    sys.stdout.write(f"  {target.name}\n")
    sys.stdout.flush()
    make(target)
    stamp.write_text(digest)


def _copy_jars(target: Path) -> None:
    _maven(JAVA, "-P", target.name, *_copying(target))
    require_locked(target)


def _build_s3_server(target: Path) -> None:
    _maven(S3_SERVER, "package", "-DskipTests", *_copying(target))
    require_locked(target)
    shutil.copy2(S3_SERVER / "target" / "hourglass-objects.jar", target)


def _copying(target: Path) -> tuple[str, ...]:
    return "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"


def _build(target: Path) -> None:
    _maven(JAVA, "package", "-DskipTests")
    for jar in (LANDING_JAR, UPLOADS_JAR):
        shutil.copy2(jar, target)


def _maven(module: Path, *arguments: str) -> None:
    command = [*MAVEN, str(module / "pom.xml"), *arguments]
    if subprocess.run(command, check=False).returncode:
        raise StackError(f"Maven failed: run `{' '.join(command)}` to see why")


def _digest(files: Iterable[Path]) -> str:
    digest = sha256()
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        install(LocalSettings().runtime_dir)
    except StackError as error:
        sys.exit(str(error))
