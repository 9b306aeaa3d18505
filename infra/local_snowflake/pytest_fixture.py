"""A local Snowflake for the tests of any project: `pytest_plugins = ["infra.local_snowflake.pytest_fixture"]`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from snowflake import connector

from infra.local_snowflake.faults import Faults

USER, PASSWORD = "tester", "tester"
_SERVING = re.compile(r"serving on \S+:(\d+)\n")
_START_SECONDS, _POLL_SECONDS = 120, 0.05


@dataclass(frozen=True, slots=True)
class LocalSnowflake:
    """A running server, with the database AWS and its schema DEV.

    Args:
        port: of the server on 127.0.0.1.
    """

    port: int

    @property
    def faults(self) -> Faults:
        """The client that asks for faults."""
        return Faults(f"http://127.0.0.1:{self.port}")

    @property
    def login(self) -> dict[str, Any]:
        """The arguments of the connector; dbt and others have the same names."""
        return {
            "account": "local",
            "host": "127.0.0.1",
            "port": self.port,
            "protocol": "http",
            "user": USER,
            "password": PASSWORD,
            "database": "AWS",
            "schema": "DEV",
        }

    def connect(self, **changed: Any) -> Any:
        """Log in with Snowflake's connector; arguments replace those of `login`."""
        return connector.connect(**self.login | {"login_timeout": 30, "network_timeout": 60} | changed)


@pytest.fixture(scope="session")
def local_snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSnowflake]:
    """A local Snowflake in a process of its own, over an empty folder; each test makes a schema of its own."""
    folder = tmp_path_factory.mktemp("local-snowflake")
    command = [sys.executable, "-m", "infra.local_snowflake.server", "--port", "0", "--data", str(folder / "data")]
    settings = {
        "HOURGLASS_SNOWFLAKE_USER": USER,
        "HOURGLASS_SNOWFLAKE_PASSWORD": PASSWORD,
        "HOURGLASS_SNOWFLAKE_FAULTS": "true",
        "HOURGLASS_S3_ACCESS_KEY_ID": os.environ.get("HOURGLASS_S3_ACCESS_KEY_ID", "none"),
        "HOURGLASS_S3_SECRET_ACCESS_KEY": os.environ.get("HOURGLASS_S3_SECRET_ACCESS_KEY", "none"),
    }
    log = folder / "log"
    with log.open("w", encoding="utf-8") as written, pytest.MonkeyPatch.context() as patch:
        # keeps the connector from querying the metadata servers of three clouds
        patch.setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
        with subprocess.Popen(command, env=os.environ | settings, stderr=written) as process:
            try:
                yield LocalSnowflake(_port(process, log))
            finally:
                process.terminate()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until the server logs its port."""
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        if found := _SERVING.search(log.read_text(encoding="utf-8")):
            return int(found[1])
        time.sleep(_POLL_SECONDS)
    pytest.fail(f"the local Snowflake did not start:\n{log.read_text(encoding='utf-8')}")
