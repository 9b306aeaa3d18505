from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from infra.local.servers import snowflake_server
from orchestration.dbt_runner.build import DbtModels
from snowflake_components import SnowflakeSettings
from tests.unit.orchestration.dbt.event_log import EventLog


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventLog]:
    """The table that dbt reads, in a local Snowflake in a separate process; dbt is configured to use it."""
    folder = tmp_path_factory.mktemp("snowflake")
    faults = {"HOURGLASS_SNOWFLAKE_FAULTS": "true"}
    with snowflake_server.served(folder, faults) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.login.items():
            patch.setenv(name, value)

        def restart() -> None:
            server.stop()
            server.start()

        # dbt runs in a separate process: it leaves files open, and it warns, but warnings are errors here
        with ProcessPoolExecutor(1, get_context("spawn")) as dbt:
            yield EventLog(SnowflakeSettings(), DbtModels(folder / "dbt"), dbt, restart)
