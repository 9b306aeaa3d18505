"""Assemble a Flink home from the installed wheel and the jars of the landing job."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from flink_jobs.errors import SetupError

METRICS_PLUGIN = "metrics-prometheus"
S3_PLUGIN = "s3-fs-hadoop"


def wheel_home() -> Path:
    """Find the Flink distribution inside the installed wheel."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or spec.origin is None:
        raise SetupError("apache-flink is not installed: install the locked requirements")
    return Path(spec.origin).parent


def assemble(target: Path, *, lib_jars: Iterable[Path], s3_jars: Iterable[Path], landing_jar: Path) -> Path:
    """Build a Flink home of links at `target` and return it. May run again at any time.

    The wheel's folder is not changed. The S3 file system goes into a plugin folder: from `lib/` it would not get its
    configuration.

    Args:
        target: folder of the home; any other file in its `lib`, `opt` and `plugins` is removed.
        lib_jars: the Kafka connector and its dependencies but those of the wheel (slf4j).
        s3_jars: `flink-s3-fs-hadoop`, and the uploads of the landing job, which share its class loader.
        landing_jar: the landing operator.
    """
    wheel = wheel_home()
    target.mkdir(parents=True, exist_ok=True)
    # A local Flink loads metric reporters from `lib` only.
    reporters = _jars(wheel / "plugins" / METRICS_PLUGIN)
    _link_all(target / "lib", [*_jars(wheel / "lib"), *reporters, *lib_jars, landing_jar])
    _link_all(target / "opt", _jars(wheel / "opt"))
    _link_all(target / "plugins" / S3_PLUGIN, s3_jars)
    _copy_programs(wheel / "bin", target / "bin")
    return target


def assemble_from(runtime: Path, target: Path) -> Path:
    """Build the Flink home from the folders `flink-lib`, `flink-s3` and `landing` of a runtime, and return it.

    slf4j is in the wheel.
    """
    landing = runtime / "landing"
    return assemble(
        target,
        lib_jars=[jar for jar in _jars(runtime / "flink-lib") if "slf4j" not in jar.name],
        s3_jars=[*_jars(runtime / "flink-s3"), landing / "hourglass-landing-uploads.jar"],
        landing_jar=landing / "hourglass-landing.jar",
    )


def _jars(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jar"))


def _link_all(folder: Path, files: Iterable[Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {file.name: file.absolute() for file in files}
    missing = [str(file) for file in wanted.values() if not file.is_file()]
    if missing:
        raise SetupError(f"not there: {', '.join(missing)}; run `make setup`")
    for present in folder.iterdir():
        if present.name not in wanted or not _points_at(present, wanted[present.name]):
            present.unlink()
    for name, file in wanted.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(file)


def _points_at(link: Path, file: Path) -> bool:
    return link.is_symlink() and link.readlink() == file


def _copy_programs(source: Path, target: Path) -> None:
    """Copy the shell scripts: the wheel installs them without execute permission."""
    target.mkdir(parents=True, exist_ok=True)
    for program in source.iterdir():
        copy = target / program.name
        if not copy.exists() or copy.stat().st_size != program.stat().st_size:
            shutil.copyfile(program, copy)
        copy.chmod(0o755)


if __name__ == "__main__":  # in an image: RUNTIME TARGET
    try:
        home = assemble_from(Path(sys.argv[1]), Path(sys.argv[2]))
        shutil.copytree(wheel_home() / "conf", home / "conf", dirs_exist_ok=True)
    except SetupError as error:
        sys.exit(str(error))
