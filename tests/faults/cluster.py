"""A session cluster of Flink on this machine: one JobManager and two TaskManagers, each a JVM that can be killed alone.

Flink's own scripts start them with the output of `hourglass job cluster-config`, plus addresses and small sizes. The
crash points of the tests can be armed in each of them.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from flink_jobs.deploy.process import write_cluster_config
from flink_jobs.errors import LandingJobError
from flink_jobs.flink.config import logging_config
from flink_jobs.flink.rest import FlinkRest
from flink_jobs.settings import LandingSettings, LogFormat
from infra.local.ports import free_ports
from infra.local.processes import ProcessTable, Program
from infra.local.settings import LOOPBACK
from tests.faults.background import Background
from tests.faults.crash_points import Crashes
from tests.faults.landing_stack import LandingStack
from tests.integration.truth import wait_for
from tests.stacks.seam import Servers

JOB_MANAGER = "jobmanager"
WORKERS = ("worker-1", "worker-2")
SLOTS = 2
LEASE_SECONDS = 4.0
SECONDS_MAX = 90.0
SIZES = {
    "jobmanager.memory.heap.size": "256m",
    "jobmanager.memory.enable-jvm-direct-memory-limit": "false",
    "taskmanager.memory.task.heap.size": "320m",
}
QUICK = {"heartbeat.interval": "500", "heartbeat.timeout": "4000"}
"""Flink's defaults are 10 and 50 seconds; a cluster waits that long for a lost machine."""


class Cluster:
    """A context manager that leaves no process behind.

    Args:
        servers: with the bucket.
        folder: of configurations and logs.
    """

    names: tuple[str, ...] = (JOB_MANAGER, *WORKERS)
    """Of its processes, in the order of their start."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.crashes = Crashes(folder / "crashes")
        self._folder = folder
        self._rpc_port, self._rest_port = free_ports(2)
        self.address = f"http://{LOOPBACK}:{self._rest_port}"
        self.rest = FlinkRest(self.address)
        self._table = ProcessTable(folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self.names:
            if self.lives(name):
                self.kill(name)

    def stack(self, stream: str, **changes: Any) -> LandingStack:
        """Make a stream whose job runs on this cluster."""
        session: dict[str, Any] = {
            "flink_target": "session",
            "flink_rest": self.address,
            "lease_seconds": LEASE_SECONDS,
        }
        return LandingStack(self.servers, stream, **session | changes)

    @property
    def home(self) -> Path:
        """The Flink home."""
        return self.servers.settings.runtime_dir.absolute() / "flink"

    def lives(self, name: str) -> bool:
        """Return whether a process of the cluster exists."""
        return self._table.find(name) is not None

    def start(self) -> None:
        """Start the processes that do not run, and wait until all slots are available."""
        for name in self.names:
            if not self.lives(name):
                self._table.stop(name)  # the table still holds one that died by itself
                self._table.start(self._program(name))
        wait_for(self._is_whole, seconds_max=SECONDS_MAX, what="the slots of the cluster", poll_seconds=0.1)

    def kill(self, name: str) -> None:
        """Kill -9 a process of the cluster and wait until it is gone."""
        running = self._table.find(name)
        assert running is not None, f"{name} does not live"
        process = psutil.Process(running.pid)
        os.killpg(running.pid, signal.SIGKILL)
        psutil.wait_procs([process], timeout=SECONDS_MAX)
        self._table.stop(name)

    def wait_for_death(self) -> str:
        """Wait until a crash point has ended one of the processes, and return its name."""

        def dead() -> bool:
            return self.crashes.reached is not None and not all(map(self.lives, self.names))

        wait_for(dead, seconds_max=SECONDS_MAX, what="the death of a process", poll_seconds=0.05)
        [name] = [name for name in self.names if not self.lives(name)]
        return name

    def workers_of(self, job_id: str) -> set[str]:
        """Return the workers that run subtasks of a job."""
        vertices = self.rest._get(f"/jobs/{job_id}")["vertices"]
        details = [self.rest._get(f"/jobs/{job_id}/vertices/{vertex['id']}") for vertex in vertices]
        return {subtask["taskmanager-id"] for vertex in details for subtask in vertex["subtasks"]}

    def _is_whole(self) -> bool:
        try:
            return self.rest._get("/overview")["slots-total"] == SLOTS * len(WORKERS)  # type: ignore[no-any-return]
        except LandingJobError:
            return False

    def _program(self, name: str) -> Program:
        folder = self._folder / name
        self._configure(name, folder)
        variables = {"FLINK_CONF_DIR": str(folder), "FLINK_LOG_DIR": str(folder), **self.crashes.environment}
        return Program(name, self._command(name), self._is_whole, variables)

    def _command(self, name: str) -> list[str]:
        script = "jobmanager.sh" if name == JOB_MANAGER else "taskmanager.sh"
        return [str(self.home / "bin" / script), "start-foreground"]

    def _more(self, name: str) -> dict[str, Any]:  # noqa: ARG002 - of a process of that name
        """Return further entries of its configuration."""
        return {}

    def _configure(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        own = {
            "jobmanager.rpc.address": LOOPBACK,
            "jobmanager.rpc.port": self._rpc_port,
            "rest.address": LOOPBACK,
            "rest.port": self._rest_port,
            "rest.bind-port": self._rest_port,
            "taskmanager.host": LOOPBACK,
            "taskmanager.resource-id": name,
            "taskmanager.numberOfTaskSlots": SLOTS,
            "taskmanager.load-balance.mode": "SLOTS",
            "io.tmp.dirs": str(folder),
            "env.log.dir": str(folder),
            **SIZES,
            **QUICK,
            **self._more(name),
        }
        text = "".join(f"{key}: {value}\n" for key, value in own.items())
        # The landing job has the same requirements for every cluster that can reach the bucket.
        settings = LandingStack(self.servers, "any").landing
        write_cluster_config(settings, folder / "landing.yaml")
        (folder / "config.yaml").write_text(text + (folder / "landing.yaml").read_text())
        (folder / "log4j-console.properties").write_text(logging_config(LogFormat.TEXT))


class Checkpoints(Background):
    """Triggers a checkpoint whenever the one before is complete: several a second, beside the regular ones."""

    def __init__(self, rest: FlinkRest, settings: LandingSettings) -> None:
        super().__init__()
        self._rest = rest
        self._settings = settings

    def step(self) -> None:
        """Trigger one checkpoint; a job that is about to restart makes none."""
        try:
            job = self._rest.find_job(self._settings.job_name)
            if job:
                self._rest._send(f"/jobs/{job.job_id}/checkpoints", {"checkpointType": "CONFIGURED"})
        except LandingJobError:
            return
