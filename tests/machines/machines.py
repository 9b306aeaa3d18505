"""Machines of a cluster as network namespaces: each has an address of its own, and a link that can be cut.

    root: broker and S3 server; bridge 10.203.77.1
    jobmanager 10.203.77.2, worker-1 10.203.77.3, worker-2 10.203.77.4

Packets between machines are delayed and lost by `netem` where the kernel has it. Otherwise iptables drops some of them,
and only the connections to broker and bucket are delayed, in the forwarder that stands for both in each namespace.
Needs root.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flink_jobs.flink.rest import FlinkRest
from infra.local.processes import Program
from tests.faults.cluster import JOB_MANAGER, WORKERS, Cluster
from tests.stacks.seam import Servers

NETWORK = "10.203.77"
BRIDGE = "hourglass-br"
BETWEEN_MACHINES = ("FORWARD", "-i", BRIDGE, "-o", BRIDGE, "-j", "ACCEPT")
"""An engine of containers makes the kernel forward nothing else, not even within a bridge."""
HOSTS = {JOB_MANAGER: 2, WORKERS[0]: 3, WORKERS[1]: 4}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a namespace
DELAY_MS = 5
LOSS_PERCENT = 1
FORWARDER = Path(__file__).with_name("forwarder.py")


def run(*command: str, check: bool = True) -> bool:
    """Run a command of the system; return whether it succeeded."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not (check and done.returncode), f"{' '.join(command)}: {done.stderr}"
    return not done.returncode


class MachineCluster(Cluster):
    """A session cluster whose processes run on machines of their own."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        super().__init__(servers, folder)
        self.address = f"http://{address(JOB_MANAGER)}:{self._rest_port}"
        self.rest = FlinkRest(self.address)
        self.has_netem = False
        self._forwarders: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._remove()
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        run("iptables", "-I", *BETWEEN_MACHINES)
        ports = (self.servers.settings.kafka_port, self.servers.settings.s3_port)
        self._forward((), f"{NETWORK}.1", 0, [f"{port}=127.0.0.1:{port}" for port in ports])
        for name in HOSTS:
            self._add_machine(name)
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for forwarder in self._forwarders:
            forwarder.kill()
            forwarder.wait()
        self._remove()

    def lose(self, name: str) -> None:
        """Cut the machine off, then end its processes: nobody gets as much as a closed connection."""
        run("ip", "link", "set", link(name), "down")
        self.kill(name)

    def _add_machine(self, name: str) -> None:
        run("ip", "netns", "add", namespace(name))
        run("ip", "link", "add", link(name), "type", "veth", "peer", "name", "eth0", "netns", namespace(name))
        run("ip", "link", "set", link(name), "master", BRIDGE, "up")
        inside = ("ip", "-n", namespace(name))
        run(*inside, "address", "add", f"{address(name)}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "link", "set", "lo", "up")
        enter = ("ip", "netns", "exec", namespace(name))
        netem = (
            "tc",
            "qdisc",
            "add",
            "dev",
            "eth0",
            "root",
            "netem",
            "delay",
            f"{DELAY_MS}ms",
            "loss",
            f"{LOSS_PERCENT}%",
        )
        self.has_netem = run(*enter, *netem, check=False)
        if not self.has_netem:
            random = ("-m", "statistic", "--mode", "random", "--probability", str(LOSS_PERCENT / 100))
            run(*enter, "iptables", "-A", "OUTPUT", "-o", "eth0", *random, "-j", "DROP")
        ports = (self.servers.settings.kafka_port, self.servers.settings.s3_port)
        delay_ms = 0 if self.has_netem else DELAY_MS
        self._forward(enter, "127.0.0.1", delay_ms, [f"{port}={NETWORK}.1:{port}" for port in ports])

    def _forward(self, enter: tuple[str, ...], host: str, delay_ms: float, pairs: list[str]) -> None:
        command = [*enter, sys.executable, str(FORWARDER), host, str(delay_ms), *pairs]
        self._forwarders.append(subprocess.Popen(command))

    def _remove(self) -> None:
        for name in HOSTS:
            run("ip", "netns", "delete", namespace(name), check=False)
        run("ip", "link", "delete", BRIDGE, check=False)
        run("iptables", "-D", *BETWEEN_MACHINES, check=False)

    def _program(self, name: str) -> Program:
        program = super()._program(name)
        command = ["ip", "netns", "exec", namespace(name), *program.command]
        return Program(name, command, program.healthy, program.environment)

    def _more(self, name: str) -> dict[str, Any]:
        return {
            "jobmanager.rpc.address": address(JOB_MANAGER),
            "jobmanager.bind-host": EVERYWHERE,
            "rest.address": address(JOB_MANAGER),
            "rest.bind-address": EVERYWHERE,
            "taskmanager.host": address(name),
            "taskmanager.bind-host": EVERYWHERE,
            # as infra/kubernetes has them
            "heartbeat.interval": "5 s",
            "heartbeat.timeout": "20 s",
        }


def address(name: str) -> str:
    """Return the address of a machine."""
    return f"{NETWORK}.{HOSTS[name]}"


def namespace(name: str) -> str:
    """Return the name of its namespace."""
    return f"hourglass-{name}"


def link(name: str) -> str:
    """Return the name of its link, of 15 characters at most."""
    return f"hg-{HOSTS[name]}"
