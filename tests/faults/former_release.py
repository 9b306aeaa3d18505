"""A former release beside this one: its programs and its jars, built from its commit."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

from flink_jobs.flink.home import assemble
from infra.local.settings import PROJECT
from tests.faults.landing_stack import LandingStack

PACKAGES = ("producers", "flink_jobs", "orchestration", "snowflake_components", "infra", "pyproject.toml")


class FormerRelease:
    """The commands `hourglass job` of a commit, in the Python environment and on the Flink of this one.

    Args:
        commit: must be in the history of this checkout.
        folder: is filled with the files of the commit and its Flink home.
        runtime: of this checkout, for the jars that are not the project's own.
    """

    def __init__(self, commit: str, folder: Path, runtime: Path) -> None:
        self._folder = folder
        archive = subprocess.run(
            ["git", "-C", str(PROJECT), "archive", commit, *PACKAGES], check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        module = folder / "flink_jobs" / "java"
        subprocess.run(["mvn", "-q", "-B", "-ntp", "-f", str(module), "package", "-DskipTests"], check=True)
        built = module / "target"
        self._home = assemble(
            folder / "flink",
            lib_jars=[jar for jar in sorted((runtime / "flink-lib").glob("*.jar")) if "slf4j" not in jar.name],
            s3_jars=[*sorted((runtime / "flink-s3").glob("*.jar")), built / "hourglass-landing-uploads.jar"],
            landing_jar=built / "hourglass-landing.jar",
        )

    def start(self, stack: LandingStack) -> None:
        """Start the job of a stack as the former release does, and wait until it reads."""
        self._run(stack, "start")

    def stop(self, stack: LandingStack) -> None:
        """Stop it with a savepoint."""
        self._run(stack, "stop")

    def _run(self, stack: LandingStack, *arguments: str) -> None:
        settings = stack.landing
        assert settings.s3_access_key_id
        assert settings.s3_secret_access_key
        environment = {
            **os.environ,
            **settings.job_environment(),
            "HOURGLASS_S3_ACCESS_KEY_ID": settings.s3_access_key_id,
            "HOURGLASS_S3_SECRET_ACCESS_KEY": settings.s3_secret_access_key.get_secret_value(),
            "HOURGLASS_TARGET": "remote",  # else the commands talk to the local stack, whatever the addresses
            "HOURGLASS_FLINK_HOME": str(self._home),
            "PYTHONPATH": str(self._folder),
        }
        command = [sys.executable, "-m", "infra.cli", "job", *arguments]
        done = subprocess.run(
            command, cwd=self._folder, env=environment, check=False, text=True, stdout=-1, stderr=subprocess.STDOUT
        )
        assert not done.returncode, done.stdout
