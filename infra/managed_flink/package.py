"""Build the zip of an application: `main.py`, one jar below `lib/`, and Python with its packages below `dep/`."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.docker.locked import entries, names
from infra.local.processes import StackError
from infra.local.settings import PROJECT

JAR = "lib/hourglass-landing-job.jar"
PYTHON = "3.12"
PLATFORM = "x86_64-manylinux_2_28"
"""Of the service, since Flink 2.2."""
RUN_OPTIONS = {"python": "main.py", "jarfile": JAR, "pyFiles": "dep/"}
"""The runtime properties of the group `kinesis.analytics.flink.run.options`."""
_SERVICE_HAS = {"apache-flink", "apache-flink-libraries", "py4j"}
_SERVICES = "META-INF/services/"
_LEFT_OUT = (".SF", ".DSA", ".RSA", "META-INF/MANIFEST.MF", "module-info.class")
"""Signatures of single jars, which a merged one breaks, and their descriptions."""


def build(out: Path, runtime_dir: Path, *, python: str = PYTHON, platform: str = PLATFORM) -> Path:
    """Write the zip and return it.

    Args:
        out: the file to write.
        runtime_dir: with the jars that set-up has built.
        python: version that the packages are for.
        platform: that they are for, as uv names it.

    Raises:
        StackError: a package cannot be had for that Python and platform.
    """
    jars = [*sorted((runtime_dir / "flink-lib").glob("*.jar")), runtime_dir / "landing" / "hourglass-landing.jar"]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _install(folder / "dep", python, platform)
        for package in ("producers", "flink_jobs"):
            shutil.copytree(
                PROJECT / package, folder / "dep" / package, ignore=shutil.ignore_patterns("java", "__pycache__")
            )
        shutil.copyfile(Path(__file__).with_name("main.py"), folder / "main.py")
        merge([jar for jar in jars if "slf4j" not in jar.name], folder / JAR)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package_file:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                package_file.write(file, file.relative_to(folder))
    return out


def merge(jars: Iterable[Path], target: Path) -> None:
    """Merge jars into one: the service takes one. Lists of services are joined; of other files the first one stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    services: dict[str, list[str]] = {}
    seen: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as merged:
        for jar in jars:
            with zipfile.ZipFile(jar) as source:
                for name in source.namelist():
                    if name.startswith(_SERVICES) and not name.endswith("/"):
                        services.setdefault(name, []).extend(source.read(name).decode().splitlines())
                    elif name not in seen and not name.endswith(("/", *_LEFT_OUT)):
                        seen.add(name)
                        merged.writestr(name, source.read(name))
        for name, lines in services.items():
            merged.writestr(name, "\n".join(dict.fromkeys(lines)) + "\n")


def _install(target: Path, python: str, platform: str) -> None:
    """Install the locked packages of the driver, by their hashes."""
    locked = entries((PROJECT / "requirements.lock").read_text())
    wanted = names((PROJECT / "infra/docker/landing-job/packages.txt").read_text())
    with TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text("".join(locked[name] for name in dict.fromkeys(wanted) if name not in _SERVICE_HAS))
        uv = str(PROJECT / ".tools" / "bin" / "uv")
        options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", python]
        command = [uv, "pip", "install", "--quiet", *options, "--python-platform", platform, "--target", str(target)]
        done = subprocess.run(
            [*command, "--requirement", str(requirements)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise StackError(f"the packages of the job cannot be installed: {done.stderr.strip()}")
