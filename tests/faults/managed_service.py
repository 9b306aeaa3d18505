"""What Amazon's service for Flink does with an application, as far as it can be done on one machine.

The zip is unpacked into a clean folder. Flink is the wheel's, with its own S3 file system and nothing of ours; it keeps
checkpoints where the application does not see them. The runtime properties are a file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

from flink_jobs.deploy.process import wheel_java_options
from flink_jobs.flink.config import logging_config
from flink_jobs.flink.home import wheel_home
from flink_jobs.flink.s3_properties import s3_properties
from flink_jobs.settings import LogFormat
from infra.managed_flink.main import GROUP
from infra.managed_flink.package import RUN_OPTIONS
from tests.faults.landing_stack import LandingStack

NOT_FOR_THE_APPLICATION = {"HOURGLASS_FLINK_TARGET", "HOURGLASS_FLINK_HOME", "HOURGLASS_DATA_DIR"}


class ManagedApplication:
    """An application of one stream; a context manager that leaves no process behind.

    Args:
        package: the zip.
        stack: the stream.
        folder: for everything.
    """

    def __init__(self, package: Path, stack: LandingStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._code = folder / "code"
        self._process: subprocess.Popen[bytes] | None = None
        zipfile.ZipFile(package).extractall(self._code)
        self._make_home(folder / "flink")
        self._configure(folder / "conf")
        (folder / "properties.json").write_text(json.dumps(self._properties()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self.kill()

    def start(self, *, snapshot: str | None = None) -> None:
        """Start the application, by default with SKIP_RESTORE_FROM_SNAPSHOT."""
        options = {"-py": RUN_OPTIONS["python"], "-pyfs": RUN_OPTIONS["pyFiles"], "-j": RUN_OPTIONS["jarfile"]}
        files = [part for option, name in options.items() for part in (option, str(self._code / name))]
        restore = ["-s", snapshot] if snapshot else []
        home = self._folder / "flink"
        command = [str(home / "bin" / "flink"), "run", "-t", "local", *restore, "-pyclientexec", sys.executable, *files]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOURGLASS_")}
        environment |= {
            "FLINK_HOME": str(home),
            "FLINK_CONF_DIR": str(self._folder / "conf"),
            "FLINK_LOG_DIR": str(self._folder / "log"),
            "FLINK_PLUGINS_DIR": str(home / "plugins"),
            "HOURGLASS_APPLICATION_PROPERTIES": str(self._folder / "properties.json"),
        }
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, cwd=self._folder, stdout=output, stderr=output, start_new_session=True
            )

    def kill(self) -> None:
        """Kill -9 the application."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def said(self) -> str:
        """Return the log of all drivers so far."""
        log = self._folder / "log" / "landing_job.log"
        return log.read_text() if log.exists() else ""

    def _properties(self) -> list[dict[str, object]]:
        landing = self._stack.landing.job_environment()
        ours = {name: value for name, value in landing.items() if name not in NOT_FOR_THE_APPLICATION}
        return [
            {"PropertyGroupId": "kinesis.analytics.flink.run.options", "PropertyMap": RUN_OPTIONS},
            {"PropertyGroupId": GROUP, "PropertyMap": ours},
        ]

    def _make_home(self, home: Path) -> None:
        wheel = wheel_home()
        (home / "plugins" / "s3-fs-hadoop").mkdir(parents=True)
        for part in ("lib", "opt"):
            (home / part).mkdir()
            for jar in (wheel / part).glob("*.jar"):
                (home / part / jar.name).symlink_to(jar)
        [s3] = (self._stack.settings.runtime_dir / "flink-s3").glob("flink-s3-fs-hadoop-*.jar")
        (home / "plugins" / "s3-fs-hadoop" / s3.name).symlink_to(s3.absolute())
        (home / "bin").mkdir()
        for program in (wheel / "bin").iterdir():
            (home / "bin" / program.name).write_bytes(program.read_bytes())
            (home / "bin" / program.name).chmod(0o755)

    def _configure(self, folder: Path) -> None:
        for made in (folder, self._folder / "log"):
            made.mkdir()
        (folder / "log4j-cli.properties").write_text(logging_config(LogFormat.TEXT))
        port = self._stack.landing.rest_port
        values: dict[str, object] = {
            "env.java.opts.all": wheel_java_options((wheel_home() / "conf/config.yaml").read_text()),
            "env.log.dir": str(self._folder / "log"),
            "rest.port": port,
            "rest.bind-port": str(port),
            "execution.checkpointing.dir": f"file://{self._folder}/checkpoints",
            "restart-strategy.type": "none",
            **s3_properties(self._stack.landing),
        }
        (folder / "config.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
