"""An archive of the job's classes, only for the many starts of the fault tests: each takes two seconds less."""

from __future__ import annotations

import fcntl
from hashlib import sha256
from pathlib import Path

import pytest

from flink_jobs.flink import config
from flink_jobs.flink.jars import LandingJars
from tests.faults.landing_stack import LandingStack, Raw, Servers, event


def class_archive(servers: Servers) -> Path:
    """Return the archive for the installed jars; the first caller makes it with a whole job, concurrent ones wait.

    Java ignores an archive whose jars are not those of its class path.
    """
    runtime = servers.settings.runtime_dir.absolute()
    jar = LandingJars.installed(runtime / "flink").operator
    archive = runtime / f"test-classes-{sha256(jar.read_bytes()).hexdigest()[:12]}.jsa"
    with (runtime / "test-classes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            for old in runtime.glob("test-classes-*.jsa"):
                old.unlink()
            _make(servers, archive)
    return archive


def _make(servers: Servers, archive: Path) -> None:
    unfinished = archive.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch, LandingStack(servers, "class-archive") as stack:
        patch.setattr(config, "JAVA_OPTIONS", (*config.JAVA_OPTIONS, f"-XX:ArchiveClassesAtExit={unfinished}"))
        sent = stack.produce(Raw(event(number), partition=number % 4) for number in range(100))
        stack.start_job()
        stack.wait_until_landed(sent)
        stack.stop_job()
    unfinished.rename(archive)
