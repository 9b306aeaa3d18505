"""Replace the landing job's jars under a running job, and take them back where the new ones do not work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flink_jobs.deploy import commands
from flink_jobs.deploy.clients import Clients
from flink_jobs.deploy.waiting import Report, wait_for_checkpoint
from flink_jobs.errors import LandingJobError, NotRunningError, SetupError, UpgradeFailedError
from flink_jobs.flink.home import S3_PLUGIN
from flink_jobs.flink.jars import NAME, UPLOADS_NAME, JarVersion, LandingJars, install, jar_version, keep
from flink_jobs.restore.points import find_points, sound
from flink_jobs.settings import FlinkTarget, LandingSettings


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """The jars that run and those that are to run, both as copies that no build touches."""

    running: LandingJars
    new: LandingJars
    from_version: JarVersion
    to_version: JarVersion

    @property
    def changes_nothing(self) -> bool:
        """Whether what runs is the new build."""
        return self.from_version.digest == self.to_version.digest


def plan_upgrade(settings: LandingSettings, new_jar: Path, *, clients: Clients | None = None) -> UpgradePlan:
    """Compare the jars of the running job with new ones; nothing is changed but copies are kept.

    Args:
        settings: of the job.
        new_jar: of the operator; that of the uploads lies beside it.
        clients: set by tests; by default those of the settings.

    Raises:
        SetupError: the job runs on a cluster, whose machines have jars of their own.
        NotRunningError: no job runs, or it was started before jars were kept.
    """
    if settings.flink_target is FlinkTarget.SESSION:
        raise SetupError(
            "the machines of a cluster have jars of their own: `hourglass job stop`, replace "
            f"lib/{NAME} and plugins/{S3_PLUGIN}/{UPLOADS_NAME} on each of them, restart them, `hourglass job start`"
        )
    clients = clients or Clients.of(settings)
    running = clients.process.jars()
    if clients.process.find() is None or running is None:
        raise NotRunningError("there is no landing job to upgrade: `hourglass job start` uses the newest jar")
    new = keep(LandingJars.of_build(new_jar), settings.jar_dir)
    return UpgradePlan(running, new, jar_version(running), jar_version(new))


def upgrade(
    settings: LandingSettings, plan: UpgradePlan, *, report: Report, clients: Clients | None = None
) -> commands.JobHandle:
    """Run the new jar from where the old one stops.

    1. The job stops with a savepoint: nothing is in flight.
    2. The Flink home gets both new jars.
    3. The job starts from the savepoint and completes a checkpoint: only then does it work.
    4. Otherwise it is ended, the old jars come back and starts from the same savepoint, unless the new one has
       completed a checkpoint: what it landed stays, and the old one would land it again.

    Raises:
        UpgradeFailedError: the new jar does not work; the message names the one that runs now.
    """
    clients = clients or Clients.of(settings)
    savepoint = commands.stop(settings, clients=clients)
    report(f"stopped with {savepoint}")
    install(plan.new, settings.flink_home)
    try:
        handle = commands.start(settings, savepoint=savepoint, report=report, clients=clients)
        wait_for_checkpoint(settings, clients, handle.job_id, report)
    except LandingJobError as error:
        clients.process.kill()
        _require_nothing_landed(settings, clients, savepoint, error)
        report(f"{plan.to_version} does not work, {plan.from_version} comes back: {error}")
        install(plan.running, settings.flink_home)
        commands.start(settings, savepoint=savepoint, report=report, clients=clients)
        raise UpgradeFailedError(
            f"{plan.to_version} does not work; {plan.from_version} runs again from {savepoint}.\n{error}"
        ) from error
    return handle


def _require_nothing_landed(
    settings: LandingSettings, clients: Clients, savepoint: str, error: LandingJobError
) -> None:
    newest = sound(find_points(settings, clients.bucket))[-1]
    if settings.url(newest.key) != savepoint:
        raise UpgradeFailedError(
            f"the new jar failed after it had completed {newest.key}: the old one is not put back, because it would "
            f"land again what landed since {savepoint}. Repair the new one and `hourglass job start`.\n{error}"
        ) from error
