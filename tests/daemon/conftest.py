"""One station for all tests of the daemon; each test lands further hours of the same stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from infra.local.ports import free_ports
from infra.local.settings import LocalSettings
from tests.daemon.daemon import MONITORING_CLOCK
from tests.daemon.station import Station


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Start S3 server, local Snowflake and code server once; nothing of them is left afterwards."""
    s3_port, snowflake_port = free_ports(2)
    settings = LocalSettings(
        data_dir=tmp_path_factory.mktemp("daemon"),
        s3_port=s3_port,
        snowflake_port=snowflake_port,
        sensor_seconds=1,
        grace_seconds=6,
    )
    started = Station(settings)
    try:
        with pytest.MonkeyPatch.context() as patch:
            _set(patch, started.environment)
            started.start()
            started.replace_code_server()
        yield started
    finally:
        started.stop()


def _set(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        patch.setenv(name, value)


@pytest.fixture(autouse=True)
def _environment(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test find the servers of the station, and no other test of this process."""
    _set(monkeypatch, station.environment)


@pytest.fixture(autouse=True)
def _what_a_failure_leaves(station: Station, _environment: None) -> Iterator[None]:
    """Disarm every point and stop further daemons after a test that failed: they are not the next one's."""
    yield
    station.points.disarm()
    station.points.set_clock(MONITORING_CLOCK, 0)
    for name in set(station.daemons) - {"daemon"}:
        station.stop_daemon(name)
