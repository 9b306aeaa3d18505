"""The servers and the landing job as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from flink_jobs import deploy
from flink_jobs.settings import LandingSettings, StartingOffsets
from infra.local.ports import free_ports
from infra.local.processes import ProcessTable, process_tree, variables, wait_until_healthy
from infra.local.servers import broker, object_store
from infra.local.settings import LOOPBACK, LocalSettings
from tests.integration.truth import wait_for
from tests.stacks.seam import JobFile, Server

ANSWER_SECONDS_MAX = 60.0


class ProcessServers:
    """A broker and an S3 server with a bucket, on free ports, below one folder."""

    listening_host = LOOPBACK

    def __init__(self, folder: Path) -> None:
        names = ("kafka_port", "kafka_controller_port", "s3_port")
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.settings = LocalSettings(data_dir=folder, **ports)  # type: ignore[arg-type]  # names above
        self._table = ProcessTable(folder)
        self._programs = {
            Server.BROKER: broker.program(self.settings),
            Server.BUCKET: object_store.program(self.settings),
        }

    def __enter__(self) -> Self:
        broker.prepare(self.settings)
        object_store.prepare(self.settings)
        with (self.settings.data_dir / "s3" / "s3proxy.conf").open("a") as config:
            config.write("s3proxy.ignore-unknown-headers=true\n")  # of encryption and storage classes, as S3 takes them
        try:
            self.start(*Server)
            object_store.create_bucket(self.settings)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in Server:
            if self.lives(server):
                self.kill(server)

    def job(self) -> ProcessJob:
        """Make the landing job of one stream."""
        return ProcessJob()

    def lives(self, server: Server) -> bool:
        """Return whether the process of a server exists, running or paused."""
        return self._table.find(server) is not None

    def start(self, *servers: Server) -> None:
        """Start the servers that do not run, and wait until they serve; they keep their stored data."""
        started = [
            (self._programs[one], self._table.start(self._programs[one])) for one in servers if not self.lives(one)
        ]
        for program, running in started:
            wait_until_healthy(program, running)

    def kill(self, server: Server) -> None:
        """Kill -9 a server and wait until it is gone."""
        running = self._table.find(server)
        tree = running.tree() if running else []  # a dying process counts as dead while its threads still hold the port
        self._signal(server, signal.SIGKILL)
        psutil.wait_procs(tree, timeout=ANSWER_SECONDS_MAX)
        self._table.stop(server)

    def pause(self, server: Server) -> None:
        """Stop a server with SIGSTOP: its port accepts connections, but no request is answered."""
        self._signal(server, signal.SIGSTOP)

    def resume(self, server: Server) -> None:
        """Resume a paused server."""
        self._signal(server, signal.SIGCONT)

    def _signal(self, server: Server, number: signal.Signals) -> None:
        running = self._table.find(server)
        assert running is not None, f"{server} does not live"
        os.killpg(running.pid, number)


class ProcessJob:
    """A job that `flink_jobs.deploy` starts on this machine."""

    def lives(self, landing: LandingSettings) -> bool:
        """Return whether the job's process exists, running or paused."""
        return deploy.process_id(landing) is not None

    def start(
        self, landing: LandingSettings, environment: Mapping[str, str], offsets: StartingOffsets
    ) -> deploy.JobHandle:
        """Start or continue the job, and wait until it reads."""
        with variables(environment):
            return deploy.start(landing, offsets=offsets, report=print)

    def stop(self, landing: LandingSettings) -> str:
        """Stop the job with a savepoint; returns its path."""
        return deploy.stop(landing)

    def kill(self, landing: LandingSettings) -> None:
        """Kill -9 its process group."""
        self._signal(landing, signal.SIGKILL)

    def remove(self, landing: LandingSettings) -> None:
        """Kill the job if it lives; its logs stay for who reads them after a failure."""
        if self.lives(landing):
            self.kill(landing)
            wait_for(lambda: not self.lives(landing), seconds_max=ANSWER_SECONDS_MAX, what="the end of the job")

    def pause(self, landing: LandingSettings) -> None:
        """Stop its whole process group with SIGSTOP."""
        self._signal(landing, signal.SIGSTOP)

    def resume(self, landing: LandingSettings) -> None:
        """Resume it."""
        self._signal(landing, signal.SIGCONT)

    def status(self, landing: LandingSettings) -> deploy.JobStatus:
        """Return what `hourglass job status` prints."""
        return deploy.status(landing)

    def shown(self, landing: LandingSettings) -> str:
        """Return the command lines and the environments of its processes."""
        pid = deploy.process_id(landing)
        assert pid is not None, "the job does not live"
        return "\n".join(" ".join(one.cmdline()) + json.dumps(one.environ()) for one in process_tree(pid))

    def files(self, landing: LandingSettings) -> list[JobFile]:
        """Return the files of its data folder."""
        files = [file for file in landing.data_dir.rglob("*") if file.is_file()]
        return [JobFile(file, stat.S_IMODE(file.stat().st_mode), file.read_bytes()) for file in files]

    @staticmethod
    def _signal(landing: LandingSettings, number: signal.Signals) -> None:
        pid = deploy.process_id(landing)
        assert pid is not None, "the job does not live"
        for group in {os.getpgid(process.pid) for process in process_tree(pid)}:
            os.killpg(group, number)
