"""Dagster in the local stack: a code server, the daemon and the webserver over one instance folder.

The daemon and the webserver use one code server over a socket, so the definitions are imported once.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import yaml

from flink_jobs.contracts.clock import SystemClock
from infra.local import dagster_runs
from infra.local.processes import Program
from infra.local.servers.snowflake_server import answers
from infra.local.settings import LOOPBACK, PROJECT, LocalSettings

PRODUCTION = PROJECT / "infra" / "dagster" / "dagster.yaml"
"""The instance of production."""


def prepare(settings: LocalSettings, storage: Mapping[str, object] | None = None) -> None:
    """Write `dagster.yaml` and the workspace; remove the socket of an earlier code server.

    Args:
        settings: of the stack.
        storage: the section `storage` of the instance; default: SQLite in its folder.
    """
    home = settings.data_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    instance = _instance(settings) | ({"storage": dict(storage)} if storage else {})
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance))
    (home / "workspace.yaml").write_text(yaml.safe_dump(_workspace(settings)))
    _socket(settings).unlink(missing_ok=True)


def programs(settings: LocalSettings) -> list[Program]:
    """Return the three programs in the order of their start."""
    environment = {**settings.environment(), "PYTHONUNBUFFERED": "1"}
    healthy = _health(settings, SystemClock().utc_now())
    socket = _socket(settings)
    workspace = str(settings.data_dir / "dagster" / "workspace.yaml")

    def describe(name: str, *arguments: str, port: int | None = None) -> Program:
        command = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
        return Program(
            name=name,
            command=command,
            environment=environment,
            healthy=healthy[name],
            port=port,
            cwd=PROJECT,
        )

    return [
        describe(
            "dagster-code", "dagster", "api", "grpc", "--module-name", "orchestration.definitions",
            "--socket", str(socket), "--location-name", "hourglass",
        ),
        describe("dagster-daemon", "dagster-daemon", "run", "--workspace", workspace),
        describe(
            "dagster-webserver", "dagster-webserver", "--workspace", workspace, "--host", LOOPBACK,
            "--port", str(settings.dagster_port), port=settings.dagster_port,
        ),
    ]  # fmt: skip


def relay_program(settings: LocalSettings) -> Program:
    """Return the program that sends the events of this instance to the topic."""
    return Program(
        name="relay",
        command=[str(Path(sys.executable).with_name("hourglass")), "relay"],
        environment=settings.environment(),
        healthy=(settings.data_dir / "relay" / "cursor.json").exists,
    )


def _socket(settings: LocalSettings) -> Path:
    """Return the path of the socket, below the temporary folder: it has at most 107 bytes."""
    digest = sha256(str(settings.data_dir.absolute()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hourglass-{digest}.sock"


def _health(settings: LocalSettings, since: datetime) -> dict[str, Callable[[], bool]]:
    """Return the health check of each program; heartbeats from before `since` are those of an earlier daemon."""
    return {
        "dagster-code": _socket(settings).exists,
        "dagster-daemon": partial(dagster_runs.daemons_beat_since, since),
        "dagster-webserver": lambda: answers(f"http://{LOOPBACK}:{settings.dagster_port}/server_info"),
    }


def _instance(settings: LocalSettings) -> dict[str, object]:
    """Return the instance of production, but for what one machine has otherwise.

    - `storage` is SQLite in the instance's folder, and `compute_logs` are files there.
    - `HOURGLASS_RUN_CONCURRENCY` sets how many runs go at a time.
    """
    production = yaml.safe_load(PRODUCTION.read_text())
    shared = {name: value for name, value in production.items() if name not in {"storage", "compute_logs"}}
    runs = {**shared["concurrency"]["runs"], "max_concurrent_runs": settings.run_concurrency}
    return {**shared, "concurrency": {**shared["concurrency"], "runs": runs}, "nux": {"enabled": False}}


def _workspace(settings: LocalSettings) -> dict[str, object]:
    return {"load_from": [{"grpc_server": {"socket": str(_socket(settings)), "location_name": "hourglass"}}]}
