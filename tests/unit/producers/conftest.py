from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance

from producers.simulation.plan import SimulationPlan
from tests.fakes.mock_kafka import MockKafka, mock_kafka


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as cluster:
        yield cluster


@pytest.fixture
def plan() -> SimulationPlan:
    hours = tuple(datetime(2025, 8, 1, hour, tzinfo=UTC) for hour in (3, 4, 5))
    return SimulationPlan(hours, events=3_000, malformed=0.05, shards=3, organizations=5, seed=11)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance with the default storage: a SQLite database per run."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with DagsterInstance.from_config(str(home)) as opened:
        yield opened
