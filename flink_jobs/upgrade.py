"""Replace the landing job's jar under a running job, and take it back where the new one does not work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flink_jobs import deploy
from flink_jobs.errors import DeployError, NotRunningError, UpgradeFailedError
from flink_jobs.landing_jar import JarVersion, install, jar_version, keep
from flink_jobs.settings import LandingSettings
from flink_jobs.tenure import newest_points
from flink_jobs.waiting import Report, wait_for_checkpoint
from flink_jobs.world import World


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """The jar that runs and the one that is to run, both as copies that no build touches."""

    running: Path
    new: Path
    from_version: JarVersion
    to_version: JarVersion

    @property
    def changes_nothing(self) -> bool:
        """Whether the jar that runs is the new one."""
        return self.from_version.digest == self.to_version.digest


def plan_upgrade(settings: LandingSettings, new_jar: Path, *, world: World | None = None) -> UpgradePlan:
    """Compare the jar of the running job with a new one; nothing is changed but copies are kept.

    Raises:
        NotRunningError: no job runs, or it was started before jars were kept.
    """
    world = world or World.of(settings)
    running = world.process.jar()
    if world.process.find() is None or running is None:
        raise NotRunningError("there is no landing job to upgrade: `hourglass job start` uses the newest jar")
    return UpgradePlan(running, keep(new_jar, settings.jar_dir), jar_version(running), jar_version(new_jar))


def upgrade(
    settings: LandingSettings, plan: UpgradePlan, *, report: Report, world: World | None = None
) -> deploy.JobHandle:
    """Run the new jar from where the old one stops.

    1. The job stops with a savepoint: nothing is in flight.
    2. The Flink home gets the new jar.
    3. The job starts from the savepoint and completes a checkpoint: only then does it work.
    4. Otherwise it is ended, the old jar comes back and starts from the same savepoint, unless the new one has
       completed a checkpoint: what it landed stays, and the old one would land it again.

    Raises:
        UpgradeFailedError: the new jar does not work; the message says what runs now.
    """
    world = world or World.of(settings)
    savepoint = deploy.stop(settings, world=world)
    report(f"stopped with {savepoint}")
    install(plan.new, settings.flink_home)
    try:
        handle = deploy.start(settings, savepoint=savepoint, report=report, world=world)
        wait_for_checkpoint(settings, world, handle.job_id, report)
    except DeployError as error:
        world.process.kill()
        _require_nothing_landed(settings, world, savepoint, error)
        report(f"{plan.to_version} does not work, {plan.from_version} comes back: {error}")
        install(plan.running, settings.flink_home)
        deploy.start(settings, savepoint=savepoint, report=report, world=world)
        raise UpgradeFailedError(
            f"{plan.to_version} does not work; {plan.from_version} runs again from {savepoint}.\n{error}"
        ) from error
    return handle


def _require_nothing_landed(settings: LandingSettings, world: World, savepoint: str, error: DeployError) -> None:
    newest = newest_points(settings, world.bucket)[-1]
    if settings.url(newest.key) != savepoint:
        raise UpgradeFailedError(
            f"the new jar failed after it had completed {newest.key}: the old one is not put back, because it would "
            f"land again what landed since {savepoint}. Repair the new one and `hourglass job start`.\n{error}"
        ) from error
