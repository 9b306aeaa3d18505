"""The Snowflake of the local stack: `infra.local_snowflake` as a program."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from urllib.error import URLError
from urllib.request import urlopen

from infra.local.ports import free_ports
from infra.local.processes import ProcessTable, Program, wait_until_healthy
from infra.local.settings import LOOPBACK, LocalSettings

_LOGIN = "HOURGLASS_SNOWFLAKE"


def program(settings: LocalSettings) -> Program:
    """Return the program of the local Snowflake, which reads the bucket of the stack."""
    port = settings.snowflake_port
    return Program(
        name="snowflake",
        command=[
            sys.executable,
            "-m",
            "infra.local_snowflake.server",
            "--host",
            LOOPBACK,
            "--port",
            str(port),
            "--data",
            str((settings.data_dir / "snowflake").absolute()),
        ],
        environment=settings.environment(),
        healthy=lambda: answers(f"http://{LOOPBACK}:{port}/healthz"),
        port=port,
    )


@dataclass(frozen=True, slots=True)
class ServedSnowflake:
    """A local Snowflake without a stack around it.

    Args:
        program: that serves.
        processes: that hold it.
    """

    program: Program
    processes: ProcessTable

    @property
    def login(self) -> Mapping[str, str]:
        """The variables by which the settings of a process reach it."""
        return {name: value for name, value in self.program.environment.items() if name.startswith(_LOGIN)}

    def start(self) -> None:
        """Start it, and wait until it serves."""
        wait_until_healthy(self.program, self.processes.start(self.program))

    def stop(self) -> None:
        """Stop it; its objects and rows stay in its folder."""
        self.processes.stop(self.program.name)


@contextmanager
def served(folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[ServedSnowflake]:
    """Serve a local Snowflake for a block, on a free port.

    Args:
        folder: of its files.
        environment: further variables of its process.
    """
    made = program(LocalSettings(data_dir=folder, snowflake_port=free_ports(1)[0]))
    found = ServedSnowflake(replace(made, environment={**made.environment, **environment}), ProcessTable(folder))
    try:
        found.start()
        yield found
    finally:
        found.stop()


def answers(address: str) -> bool:
    """Return whether an HTTP address of this machine answers with 200."""
    try:
        with urlopen(address, timeout=2) as response:  # noqa: S310 (loopback, fixed scheme)
            return bool(response.status == 200)  # noqa: PLR2004 (HTTP OK)
    except (URLError, OSError):
        return False
