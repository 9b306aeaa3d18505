from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from infra.local.processes import ProcessTable, wait_until_healthy
from infra.local.servers import snowflake_server
from infra.local.settings import LocalSettings
from orchestration.dbt_runner.build import DbtModels
from snowflake_components import SnowflakeSettings
from tests.unit.orchestration.dbt.event_log import EventLog


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventLog]:
    """The table that dbt reads, in a local Snowflake in a separate process; dbt is configured to use it."""
    folder = tmp_path_factory.mktemp("snowflake")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = snowflake_server.program(LocalSettings(data_dir=folder, snowflake_port=port))
    program = replace(served, environment={**served.environment, "HOURGLASS_SNOWFLAKE_FAULTS": "true"})
    processes = ProcessTable(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in program.environment.items():
            if name.startswith("HOURGLASS_SNOWFLAKE"):
                patch.setenv(name, value)

        def restart() -> None:
            processes.stop(program.name)
            wait_until_healthy(program, processes.start(program))

        try:
            wait_until_healthy(program, processes.start(program))
            # dbt runs in a separate process: it leaves files open, and it warns, but warnings are errors here
            with ProcessPoolExecutor(1, get_context("spawn")) as dbt:
                yield EventLog(SnowflakeSettings(), DbtModels(folder / "dbt"), dbt, restart)
        finally:
            processes.stop(program.name)
