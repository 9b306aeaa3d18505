"""Each check of Dagster's instance, ok and wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterError, DagsterInstance
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy.exc import SQLAlchemyError

from infra.doctor.checks import Finding, Verdict, examine
from infra.doctor.dagster_instance import dagster_checks
from infra.doctor.demands import Demands
from infra.local.servers.dagster import PRODUCTION
from tests.fakes.clock import FakeClock

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)


class Home:
    """A folder with the production file, with SQLite for its storage and files for the output of runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **changes: Any) -> None:
        """Write the file; None leaves a section out."""
        production = yaml.safe_load(PRODUCTION.read_text())
        sections = production | {"storage": None, "compute_logs": None} | changes
        kept = {name: value for name, value in sections.items() if value is not None}
        (self.folder / "dagster.yaml").write_text(yaml.safe_dump(kept))

    def beat(self, age: timedelta, *, without: str = "", error: str = "") -> None:
        """Let every daemon of the instance have sent a heartbeat."""
        errors = [SerializableErrorInfo(error, [], None)] if error else []
        with DagsterInstance.get() as instance:
            for daemon in set(instance.get_required_daemon_types()) - {without}:
                instance.add_daemon_heartbeat(DaemonHeartbeat((NOW - age).timestamp(), daemon, None, errors))

    def asked(self, *, postgres: bool = False) -> dict[str, Finding]:
        """Ask all checks."""
        checks = dagster_checks(Demands(timedelta(hours=24), postgres=postgres), FakeClock(NOW))
        return {found.check: found for found in examine(checks, (DagsterError, SQLAlchemyError))}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    found = Home(tmp_path)
    found.write()
    return found


def test_the_instance_of_production_is_ok(home: Home) -> None:
    """Its file as it stands, and heartbeats of a minute ago."""
    home.beat(timedelta(minutes=1))
    found = home.asked()
    assert {Verdict.OK} == {one.verdict for one in found.values()}, found
    assert ["instance", "run retries", "run monitoring", "pools", "daemon"] == list(found)


@pytest.mark.parametrize(
    ("changes", "check", "said"),
    [
        ({"run_retries": None}, "run retries", "stays failed"),
        ({"run_monitoring": None}, "run monitoring", "in progress"),
        ({"concurrency": None}, "pools", "default_limit is None"),
        ({"concurrency": {"pools": {"default_limit": 3}}}, "pools", "default_limit is 3"),
    ],
)
def test_a_section_that_is_missing_is_wrong(home: Home, changes: dict[str, Any], check: str, said: str) -> None:
    """The repair names the section of the file to copy."""
    home.write(**changes)
    found = home.asked()[check]
    assert Verdict.WRONG is found.verdict
    assert said in found.said
    assert "infra/dagster/dagster.yaml" in found.repair


def test_sqlite_is_wrong_in_production(home: Home) -> None:
    """What is lost with the machine is said."""
    found = home.asked(postgres=True)["storage"]
    assert (Verdict.WRONG, True) == (found.verdict, "lost with this machine" in found.said)


@pytest.mark.parametrize(
    ("beat", "said"),
    [
        ({"age": timedelta(minutes=6)}, "sensor 360 seconds ago"),
        ({"age": timedelta(), "without": "SENSOR"}, "last heartbeat: sensor never"),
        ({"age": timedelta(), "error": "no code server"}, "sensor: no code server"),
    ],
)
def test_a_daemon_that_is_silent_or_fails_is_wrong(home: Home, beat: dict[str, Any], said: str) -> None:
    """Its name and the age of its heartbeat, or its error."""
    home.beat(**beat)
    found = home.asked()["daemon"]
    assert Verdict.WRONG is found.verdict
    assert said in found.said


@pytest.mark.parametrize("fault", ["no folder", "a mistake"])
def test_an_instance_that_cannot_be_opened_closes_the_area(
    home: Home, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Whether DAGSTER_HOME is nowhere, or its file is wrong."""
    if fault == "no folder":
        monkeypatch.setenv("DAGSTER_HOME", str(home.folder / "nowhere"))
    else:
        home.write(run_retries={"enabled": "perhaps"})
    found = home.asked()
    assert Verdict.WRONG is found.pop("instance").verdict
    assert {Verdict.UNKNOWN} == {one.verdict for one in found.values()}
