"""Archives of classes, only for the many starts of the tests: each start of a job takes two seconds less."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest

from flink_jobs.flink import config
from flink_jobs.flink.jars import LandingJars
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.quick_java import VARIABLE, with_options
from tests.stacks.seam import Servers

SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
"""Every Java process gets the archive of Flink's scripts, and those with another class path would print a warning."""


@dataclass(frozen=True, slots=True)
class Archives:
    """The archives for the installed jars: of the job's classes, and of the Java that Flink's scripts run.

    Java ignores an archive whose jars are not those of its class path.
    """

    home: Path
    job: Path
    scripts: Path

    @classmethod
    def of(cls, runtime_dir: Path) -> Self:
        """Return where the archives are once they are made."""
        runtime = runtime_dir.absolute()
        digest = sha256(LandingJars.installed(runtime / "flink").operator.read_bytes()).hexdigest()[:12]
        return cls(runtime / "flink", runtime / f"test-classes-{digest}.jsa", runtime / f"test-scripts-{digest}.jsa")

    def make(self, servers: Servers) -> None:
        """Make what is absent, with a whole job; concurrent callers wait for the first one."""
        with (self.job.parent / "test-classes.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.job.exists() and self.scripts.exists():
                return
            for old in self.job.parent.glob("test-*.jsa"):
                old.unlink()
            _run_a_script(self.home, _unfinished(self.scripts)).rename(self.scripts)
            _run_a_job(servers, _unfinished(self.job)).rename(self.job)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Start jobs with the archives that there are, and let Flink restart a failed one after three seconds, not ten.

        Large pages cost a short job half a second of clearing.
        """
        of_job = [f"-XX:SharedArchiveFile={self.job}"] if self.job.exists() else []
        of_scripts = [f"-XX:SharedArchiveFile={self.scripts}"] if self.scripts.exists() else []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(config, "JAVA_OPTIONS", (*config.JAVA_OPTIONS, *of_job, "-XX:-UseTransparentHugePages"))
            patch.setattr(config, "RESTART_DELAY", "3 s")
            patch.setenv(VARIABLE, with_options(*of_scripts, *SILENT))
            yield


def _unfinished(archive: Path) -> Path:
    unfinished = archive.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    return unfinished


def _run_a_script(home: Path, archive: Path) -> Path:
    """Parse a configuration as `config.sh` does, with the class path of `bash-java-utils.sh`."""
    [flink] = (home / "lib").glob("flink-dist*.jar")
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text("parallelism.default: 1\n")
        command = [
            "java",
            f"-XX:ArchiveClassesAtExit={archive}",
            "-cp",
            f"{home / 'bin' / 'bash-java-utils.jar'}:{flink}",
        ]
        command += ["org.apache.flink.runtime.util.bash.BashJavaUtils", "UPDATE_AND_GET_FLINK_CONFIGURATION"]
        subprocess.run([*command, "--configDir", folder, "-flatten"], capture_output=True, check=True)
    return archive


def _run_a_job(servers: Servers, archive: Path) -> Path:
    """Start a job, land a few records, and stop it."""
    with pytest.MonkeyPatch.context() as patch, LandingStack(servers, "class-archive") as stack:
        patch.setattr(config, "JAVA_OPTIONS", (*config.JAVA_OPTIONS, f"-XX:ArchiveClassesAtExit={archive}"))
        sent = stack.produce(Raw(event(number), partition=number % 4) for number in range(100))
        stack.start_job()
        stack.wait_until_landed(sent)
        stack.stop_job()
    return archive
