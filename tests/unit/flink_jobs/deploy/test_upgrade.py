from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from flink_jobs.deploy.clients import Clients
from flink_jobs.deploy.upgrade import plan_upgrade, upgrade
from flink_jobs.errors import NotRunningError, SetupError, UpgradeFailedError
from flink_jobs.flink.jars import LandingJars, install, jar_version, keep
from flink_jobs.flink.rest import CheckpointSummary, JobState, SavepointState
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import FlinkTarget, LandingSettings
from tests.fakes.broker_reader import FakeBrokerReader
from tests.fakes.flink import FakeFlink, FakeObjects, FakeSeconds, FakeTopics
from tests.fakes.jars import write_jars

SAVEPOINT = "flink/platform-events/savepoints/savepoint-aaaaaa-1"
CHECKPOINT = f"flink/platform-events/checkpoints/{'c' * 32}/chk-5"
NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)


def stored(directory: str) -> StoredObject:
    return StoredObject(f"{directory}/_metadata", NOON)


@dataclass
class Given:
    """A running job with an old jar, and a new jar."""

    folder: Path
    effects: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    works: bool = True

    def __post_init__(self) -> None:
        self.settings = LandingSettings(
            _env_file=None, data_dir=self.folder / "data", flink_home=self.folder / "home", start_limit_seconds=20
        )
        old = write_jars(self.folder / "old", operator=b"old")
        self.new = write_jars(self.folder / "new", version="0.2.0", uploads=b"new").operator
        self.home = LandingJars.installed(self.settings.flink_home)
        for link in (self.home.operator, self.home.uploads):
            link.parent.mkdir(parents=True)
        install(old, self.settings.flink_home)
        self.objects = FakeObjects()
        self.flink = FakeFlink([JobState.RUNNING], self.effects, running_jars=keep(old, self.settings.jar_dir))
        self.flink.alive = True
        self.flink.on_stop = self._stopped
        self.flink.savepoint_answers = [(SavepointState.COMPLETED, f"s3://hourglass/{SAVEPOINT}")]
        start = self.flink.start

        def starts(*arguments: object) -> int:
            version = jar_version(self.home).version
            self.effects.append(f"jar {version}")
            done = 0 if version == "0.2.0" and not self.works else 1
            self.flink.checkpoints = lambda job_id: CheckpointSummary(job_id, None, done, 0)  # type: ignore[method-assign]
            return start(*arguments)  # type: ignore[arg-type]

        self.flink.start = starts  # type: ignore[assignment]
        self.clients = Clients(
            FakeTopics({"platform-events": 4}),
            self.objects,
            self.flink,
            self.flink,
            FakeSeconds(),
            FakeBrokerReader({}),
        )

    def _stopped(self) -> None:
        self.flink.alive = False
        self.objects.stored.append(stored(SAVEPOINT))

    def upgrade(self) -> None:
        """Upgrade to the new jar."""
        plan = plan_upgrade(self.settings, self.new, clients=self.clients)
        upgrade(self.settings, plan, report=self.said.append, clients=self.clients)


START = f"start s3://hourglass/{SAVEPOINT}"


def test_the_new_jar_runs_from_the_savepoint_of_the_old(tmp_path: Path) -> None:
    given = Given(tmp_path)
    given.upgrade()
    assert [
        "stop into hourglass-state://hourglass/flink/platform-events/savepoints",
        "jar 0.2.0",
        START,
    ] == given.effects
    new = LandingJars.of_build(given.new)
    assert [jar.read_bytes() for jar in (new.operator, new.uploads)] == [
        jar.read_bytes() for jar in (given.home.operator, given.home.uploads)
    ]


def test_a_jar_that_completes_no_checkpoint_gives_way_to_the_old_one(tmp_path: Path) -> None:
    """The old jar runs again from the same savepoint, because nothing landed in between."""
    given = Given(tmp_path, works=False)
    with pytest.raises(UpgradeFailedError, match=r"0\.2\.0 .* does not work; 0\.1\.0 .* runs again"):
        given.upgrade()
    assert ["jar 0.2.0", START, "kill", "jar 0.1.0", START] == given.effects[1:]


def test_a_jar_that_completed_a_checkpoint_and_then_failed_is_not_taken_back(tmp_path: Path) -> None:
    """The old jar would land records of the new one again."""
    given = Given(tmp_path, works=False)
    kill = given.flink.kill

    def kill_after_a_checkpoint() -> None:
        given.objects.stored.append(StoredObject(f"{CHECKPOINT}/_metadata", NOON.replace(minute=1)))
        kill()

    given.flink.kill = kill_after_a_checkpoint  # type: ignore[method-assign]
    with pytest.raises(UpgradeFailedError, match="chk-5: the old one is not put back"):
        given.upgrade()
    assert ["jar 0.2.0", START, "kill"] == given.effects[1:]


def test_what_does_not_run_is_not_upgraded(tmp_path: Path) -> None:
    given = Given(tmp_path)
    given.flink.alive = False
    with pytest.raises(NotRunningError):
        plan_upgrade(given.settings, given.new, clients=given.clients)


def test_two_builds_of_one_source_are_the_same_jar(tmp_path: Path) -> None:
    """Times and names in the manifest do not count; a different class or version makes another jar."""
    first = jar_version(write_jars(tmp_path / "1", built="today"))
    assert first == jar_version(write_jars(tmp_path / "2", built="tomorrow"))
    assert first.digest != jar_version(write_jars(tmp_path / "3", operator=b"other")).digest
    assert first.digest != jar_version(write_jars(tmp_path / "4", uploads=b"other")).digest
    assert "0.1.0" == first.version


def test_what_is_no_landing_jar_is_refused(tmp_path: Path) -> None:
    jars = write_jars(tmp_path)
    with ZipFile(jars.operator, "w") as archive:
        archive.writestr("a.class", b"")
    with pytest.raises(SetupError, match=r"hourglass-landing\.jar is no jar of the landing job"):
        jar_version(jars)
    jars.operator.write_text("text")
    with pytest.raises(SetupError, match="is no jar"):
        jar_version(jars)
    jars.operator.unlink()
    with pytest.raises(SetupError, match=r"there is no jar .*hourglass-landing\.jar"):
        jar_version(jars)


def test_an_operator_without_its_uploads_is_no_build(tmp_path: Path) -> None:
    """One jar calls the other, and jars of two builds may not be compatible."""
    jars = write_jars(tmp_path)
    jars.uploads.unlink()
    with pytest.raises(SetupError, match=r"there is no jar .*hourglass-landing-uploads\.jar.*lie side by side"):
        jar_version(jars)


def test_on_a_cluster_the_repair_is_named(tmp_path: Path) -> None:
    given = Given(tmp_path)
    settings = given.settings.model_copy(update={"flink_target": FlinkTarget.SESSION})
    with pytest.raises(SetupError, match=r"replace lib/.* and plugins/s3-fs-hadoop/"):
        plan_upgrade(settings, given.new, clients=given.clients)
