"""S3 server, local Snowflake, code server and daemons over one SQLite instance, each a process that a test can kill."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import yaml
from dagster import DagsterInstance
from dagster._core.scheduler.instigation import TickStatus

from flink_jobs.contracts.layout import Hour, StreamLayout
from infra.local.processes import ProcessTable, Program, Running, log_tail, wait_until_healthy
from infra.local.servers import dagster, object_store, snowflake_server
from infra.local.settings import PROJECT, LocalSettings
from tests.daemon import points, world
from tests.daemon.landed_stream import LandedStream
from tests.daemon.points import Points

FIRST_HOUR = Hour.from_label("2025-11-02T03")
"""Clocks in New York go back within the third hour after it."""
SENSOR = "landed_hours"
SECONDS_MAX = 150.0
"""Of every wait: a condition that holds ends it at once."""
POLL_SECONDS = 0.3


@dataclass
class Station:
    """The processes of one data folder.

    Args:
        settings: ports and folders.
        seconds_max: of every wait.
    """

    settings: LocalSettings
    seconds_max: float = SECONDS_MAX
    daemons: dict[str, Running] = field(default_factory=dict)
    zone: str = "UTC"
    _open: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start the two servers and write the instance of Dagster."""
        self.prepare_dagster()
        object_store.prepare(self.settings)
        programs = [object_store.program(self.settings), snowflake_server.program(self.settings)]
        started = [(program, self.table.start(program)) for program in programs]
        for program, running in started:
            wait_until_healthy(program, running)
        object_store.create_bucket(self.settings)

    def prepare_dagster(self) -> None:
        """Write the instance of Dagster; a test without hours needs no other server than its code server."""
        self.points.folder.mkdir(parents=True)
        self._write_instance()

    def stop(self) -> None:
        """Stop everything, also after a failure."""
        for name in (*self.daemons, "code", "snowflake", "s3"):
            self.table.stop(name, limit_seconds=5)
        self._open.close()

    def replace_code_server(
        self,
        *,
        zone: str = "UTC",
        variables: Mapping[str, str] | None = None,
        module: str = "tests.daemon.definitions",
        folder: Path = PROJECT,
    ) -> None:
        """Start a code server in a zone, in place of one that is killed; runs and daemons have the same zone.

        Args:
            zone: of the processes.
            variables: further ones of its environment.
            module: of the code location.
            folder: whose modules are found first, such as a copy of the project.
        """
        if self.table.find("code"):
            self.kill_code_server()
        self.table.stop("code")
        self.zone = zone
        self.socket.unlink(missing_ok=True)
        program = self._program(
            "code",
            [
                "dagster", "api", "grpc", "--module-name", module, "--working-directory",
                str(folder), "--socket", str(self.socket), "--location-name", "hourglass",
            ],
            self.socket.exists,
            variables or {},
        )  # fmt: skip
        wait_until_healthy(program, self.table.start(program))

    def kill_code_server(self) -> None:
        """Kill the code server alone; the runs that it started go on."""
        running = self.table.find("code")
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        self.wait_for(lambda: self.table.find("code") is None, "the code server is dead")
        self.table.stop("code")

    def start_daemon(self, name: str = "daemon") -> Running:
        """Start a daemon that does not run yet."""
        if found := self.table.find(name):
            return found
        program = self._program(
            name, ["python", "-m", "tests.daemon.daemon", "--workspace", str(self._workspace)], lambda: True, {}
        )
        self.daemons[name] = self.table.start(program)
        return self.daemons[name]

    def stop_daemon(self, name: str = "daemon") -> None:
        """Stop a daemon as an operator does."""
        self.table.stop(name)
        self.daemons.pop(name, None)

    def wait_until_killed(self, point: str, name: str = "daemon") -> None:
        """Wait until the daemon has reached a point and is dead; a point that nobody reaches is an error."""
        self.wait_for(lambda: bool(self.points.reached_by(point)), f"a process reaches {point}")
        self.wait_for(lambda: self.table.find(name) is None, f"{name} is dead after {point}")
        self.table.stop(name)
        self.daemons.pop(name)

    def land(self, hours: int) -> list[Hour]:
        """Land hours and let the clock pass their end."""
        landed = self.stream.land(hours)
        self.write_world()
        return landed

    def write_world(self, *, ahead: timedelta = timedelta(0)) -> None:
        """Let the code location see the records of the stream, with a clock that is ahead."""
        right = self.stream.world
        replace(right, now=right.now + ahead).write(self.world_file)

    def wait_for_ticks(self, count: int) -> None:
        """Wait until the sensor has finished so many further ticks."""
        before = self._ticks()
        self.wait_for(lambda: self._ticks() >= before + count, f"{count} further ticks")

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds; the error has the logs of code server and daemons."""
        deadline = time.monotonic() + self.seconds_max
        while not condition():
            if time.monotonic() > deadline:
                logs = [log_tail(log, 30) for log in sorted(self.settings.log_dir.glob("*.log"))]
                raise TimeoutError("\n".join([f"waited {self.seconds_max:.0f} s in vain: {what}", *logs]))
            time.sleep(POLL_SECONDS)

    @cached_property
    def instance(self) -> DagsterInstance:
        """The storage of Dagster."""
        return self._open.enter_context(DagsterInstance.from_config(str(self.settings.data_dir / "dagster")))

    @cached_property
    def table(self) -> ProcessTable:
        """The processes."""
        return ProcessTable(self.settings.data_dir)

    @cached_property
    def points(self) -> Points:
        """The points of this station."""
        return Points(self.settings.data_dir / "points")

    @cached_property
    def stream(self) -> LandedStream:
        """The stream; it begins with `FIRST_HOUR`."""
        store = object_store.client(self.settings)

        def put(key: str, body: bytes) -> None:
            store.put_object(Bucket=self.settings.bucket, Key=key, Body=body)

        return LandedStream(self.settings.topic, StreamLayout(self.settings.stream), put, FIRST_HOUR)

    @property
    def world_file(self) -> Path:
        """The file that `world` reads."""
        return self.settings.data_dir / "world.json"

    @property
    def socket(self) -> Path:
        """The socket of the code server, as the workspace has it."""
        (server,) = yaml.safe_load(self._workspace.read_text())["load_from"]
        return Path(server["grpc_server"]["socket"])

    @property
    def _workspace(self) -> Path:
        return self.settings.data_dir / "dagster" / "workspace.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which this process, too, finds servers and instance."""
        return self.settings.environment() | self._variables

    @property
    def _variables(self) -> dict[str, str]:
        return {
            points.VARIABLE: str(self.points.folder),
            world.VARIABLE: str(self.world_file),
            "HOURGLASS_FIRST_HOUR": FIRST_HOUR.label,
            "PYTHONUNBUFFERED": "1",
        }

    def _program(
        self, name: str, command: list[str], healthy: Callable[[], bool], variables: Mapping[str, str]
    ) -> Program:
        command = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        environment = {**self.environment, "TZ": self.zone, **variables}
        return Program(name=name, command=command, environment=environment, healthy=healthy, cwd=PROJECT)

    def _ticks(self) -> int:
        (state,) = [found for found in self.instance.all_instigator_state() if found.instigator_name == SENSOR]
        finished = [TickStatus.SKIPPED, TickStatus.SUCCESS]
        return len(self.instance.get_ticks(state.instigator_origin_id, state.selector_id, statuses=finished))

    def _write_instance(self) -> None:
        """Write the instance of the local stack with shorter pauses."""
        dagster.prepare(self.settings)
        file = self.settings.data_dir / "dagster" / "dagster.yaml"
        written = yaml.safe_load(file.read_text())
        written["run_monitoring"]["poll_interval_seconds"] = 1
        written["run_coordinator"]["config"] |= {"dequeue_interval_seconds": 1, "user_code_failure_retry_delay": 3}
        file.write_text(yaml.safe_dump(written))
