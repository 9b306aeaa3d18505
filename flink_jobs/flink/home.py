"""Make a Flink home out of the installed wheel and the jars that the landing job needs."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable
from pathlib import Path

from flink_jobs.errors import SetupError

METRICS_PLUGIN = "metrics-prometheus"
S3_PLUGIN = "s3-fs-hadoop"


def wheel_home() -> Path:
    """Find the Flink that came with the Python package."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or spec.origin is None:
        raise SetupError("apache-flink is not installed: install the locked requirements")
    return Path(spec.origin).parent


def assemble(target: Path, *, lib_jars: Iterable[Path], s3_jars: Iterable[Path], landing_jar: Path) -> Path:
    """Build a Flink home of links at `target` and return it.

    The wheel's own folder stays as it was installed, and the S3 file system lies in a plugin folder of its own:
    in `lib/` it would lose its configuration. May run again at any time; a link that is no longer wanted goes.

    Args:
        target: folder of the home; what else lies in its `lib`, `opt` and `plugins` is removed.
        lib_jars: the Kafka connector and what it needs, without what the wheel brings (slf4j).
        s3_jars: `flink-s3-fs-hadoop`, and the uploads of the landing job, which share its class loader.
        landing_jar: the landing operator.
    """
    wheel = wheel_home()
    target.mkdir(parents=True, exist_ok=True)
    # On one machine Flink looks for reporters of metrics in `lib` alone.
    reporters = _jars(wheel / "plugins" / METRICS_PLUGIN)
    _link_all(target / "lib", [*_jars(wheel / "lib"), *reporters, *lib_jars, landing_jar])
    _link_all(target / "opt", _jars(wheel / "opt"))
    _link_all(target / "plugins" / S3_PLUGIN, s3_jars)
    _copy_programs(wheel / "bin", target / "bin")
    return target


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
    """Copy the shell programs: the wheel installs them without the permission to run."""
    target.mkdir(parents=True, exist_ok=True)
    for program in source.iterdir():
        copy = target / program.name
        if not copy.exists() or copy.stat().st_size != program.stat().st_size:
            shutil.copyfile(program, copy)
        copy.chmod(0o755)
