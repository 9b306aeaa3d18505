from __future__ import annotations

import socket
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from orchestration.dbt_runner.build import DbtModels, DbtRefusedError


def test_a_snowflake_that_is_away_ends_the_build_with_the_settings_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded by the settings, not by the connector's five minutes."""
    with socket.socket() as nobody, ProcessPoolExecutor(1, get_context("spawn")) as dbt:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: every connection is refused
        monkeypatch.setenv("HOURGLASS_SNOWFLAKE_HOST", "127.0.0.1")
        monkeypatch.setenv("HOURGLASS_SNOWFLAKE_PORT", str(nobody.getsockname()[1]))
        models = DbtModels(tmp_path, login_timeout_seconds=1, network_timeout_seconds=1)
        with pytest.raises(
            DbtRefusedError, match=r"dbt build built nothing: .*Could not connect.*HOURGLASS_SNOWFLAKE_"
        ):
            dbt.submit(models.build, ["2025-08-01T03"], ["stg_platform_events"]).result(timeout=120)
