"""`hourglass job`: the commands of the landing job."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from infra.commands.console import Json, StreamName, output, print_line, print_pairs, print_progress, use_stream

if TYPE_CHECKING:
    from flink_jobs.deploy.sweep import Leftover

WRONG = 1
_AGE = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

_OPTIONS = {"earliest": "", "ledger": " --from-ledger", "new-topic": " --new-topic", "group": " --from-offsets"}
"""Of `start`, by the starting offsets that they choose."""

job = typer.Typer(
    help="The landing job: start, stop, restart, upgrade, status, plan, sweep; a cluster's configuration, a package.",
    no_args_is_help=True,
)


@job.callback()
def group(*, stream: StreamName = None) -> None:
    """Choose the stream whose landing job the command is about."""
    use_stream(stream)


@job.command()
def start(
    *,
    from_ledger: Annotated[
        bool,
        typer.Option(
            "--from-ledger",
            help="Start without a checkpoint, after the ledger's last entry of each partition: nothing doubles.",
        ),
    ] = False,
    new_topic: Annotated[
        bool,
        typer.Option(
            "--new-topic",
            help="Accept topics that were created again: they begin at their first offset, others as --from-ledger.",
        ),
    ] = False,
    from_offsets: Annotated[
        bool,
        typer.Option("--from-offsets", help="Start at the consumer group's offsets: records can be lost or double."),
    ] = False,
    savepoint: Annotated[
        str | None, typer.Option(help="Continue from this s3:// path; refused when a newer one is there.")
    ] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Stay until the job ends, as in a container; exit code 1 unless it was stopped."),
    ] = False,
) -> None:
    """Start the landing job from its newest checkpoint or savepoint.

    Refused, with partitions and offsets, when that is older than the ledger: records would land twice; and with the
    ids, when a topic is another one than the one that has landed.
    """
    from flink_jobs import deploy
    from flink_jobs.deploy.elsewhere import require_own_flink
    from flink_jobs.settings import LandingSettings, StartingOffsets

    chosen = [
        offsets
        for offsets, given in {
            StartingOffsets.LEDGER: from_ledger,
            StartingOffsets.NEW_TOPIC: new_topic,
            StartingOffsets.GROUP: from_offsets,
        }.items()
        if given
    ]
    if len(chosen) + (savepoint is not None) > 1:
        raise typer.BadParameter("--from-ledger, --new-topic, --from-offsets and --savepoint exclude each other")
    offsets = chosen[0] if chosen else StartingOffsets.EARLIEST
    settings = LandingSettings()
    require_own_flink(settings, f"start{' --savepoint' if savepoint else _OPTIONS[offsets]}")
    deploy.start(settings, offsets=offsets, savepoint=savepoint, report=print_progress)
    if wait:
        _wait_for_ending()


def _wait_for_ending() -> None:
    from flink_jobs.contracts.clock import SystemClock
    from flink_jobs.deploy.ending import wait_for_ending
    from flink_jobs.settings import LandingSettings

    if ending := wait_for_ending(LandingSettings(), SystemClock()):
        print_line(f"the landing job ended: {ending.error}")
        raise typer.Exit(WRONG)


WithoutSavepoint = Annotated[
    bool,
    typer.Option(
        "--without-savepoint",
        help="End it as it is, also while it fails; a start continues from its newest checkpoint: nothing is lost.",
    ),
]


@job.command()
def stop(*, without_savepoint: WithoutSavepoint = False) -> None:
    """Stop the landing job with a savepoint: nothing is in flight afterwards.

    Refused, and nothing is changed, while the job fails and restarts: it can make no savepoint then.
    """
    from flink_jobs import deploy
    from flink_jobs.deploy.elsewhere import require_own_flink
    from flink_jobs.settings import LandingSettings

    settings = LandingSettings()
    require_own_flink(settings, f"stop{' --without-savepoint' if without_savepoint else ''}")
    if without_savepoint:
        point = deploy.cancel(settings)
        print_line(f"stopped without a savepoint; the next start continues from {point or 'the newest checkpoint'}")
    else:
        print_line(f"savepoint: {deploy.stop(settings)}")


@job.command()
def restart(
    *,
    parallelism: Annotated[
        int | None, typer.Option(min=1, help="Subtasks from now on; default: HOURGLASS_PARALLELISM.")
    ] = None,
    without_savepoint: WithoutSavepoint = False,
) -> None:
    """Stop the landing job with a savepoint and start it again from there."""
    from flink_jobs import deploy
    from flink_jobs.deploy.elsewhere import require_own_flink
    from flink_jobs.settings import LandingSettings

    settings = LandingSettings()
    require_own_flink(settings, "restart")
    if parallelism:
        settings = settings.model_copy(update={"parallelism": parallelism})
    deploy.restart(settings, without_savepoint=without_savepoint, report=print_progress)


@job.command()
def upgrade(
    *,
    jar: Annotated[Path | None, typer.Option(help="The new landing jar; default: built from this checkout.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done; nothing is changed.")] = False,
) -> None:
    """Stop the landing job with a savepoint and start another jar from there; start the old one again if it fails.

    Exit code 1: the new jar does not work.
    """
    from flink_jobs.deploy import upgrade as upgrading
    from flink_jobs.deploy.elsewhere import require_own_flink
    from flink_jobs.errors import UpgradeFailedError
    from flink_jobs.settings import LandingSettings
    from infra.local import runtime
    from infra.local.settings import LocalSettings

    settings, runtime_dir = LandingSettings(), LocalSettings().runtime_dir
    require_own_flink(settings, "upgrade")
    if dry_run and not jar and not runtime.landing_jar_is_current(runtime_dir):
        print_line("the sources of the landing job have changed: the jar would be built first")
    plan = upgrading.plan_upgrade(settings, jar or _built(runtime_dir, dry_run=dry_run))
    print_line(f"runs {plan.from_version}, new is {plan.to_version}")
    if plan.changes_nothing:
        print_line("they are the same: nothing to do")
        return
    if dry_run:
        print_line("would stop with a savepoint and start the new one from there; nothing is changed")
        return
    try:
        upgrading.upgrade(settings, plan, report=print_progress)
    except UpgradeFailedError as error:
        print_line(str(error))
        raise typer.Exit(WRONG) from None


def _built(runtime_dir: Path, *, dry_run: bool) -> Path:
    from infra.local import runtime

    return runtime_dir / "landing" / runtime.LANDING_JAR.name if dry_run else runtime.build_landing_jar(runtime_dir)


@job.command()
def cluster_config(
    file: Annotated[Path, typer.Argument(help="File to write; it holds the keys of the bucket, if there are any.")],
) -> None:
    """Write what landing jobs need in the config.yaml of every machine of a Flink cluster; it names no stream."""
    from flink_jobs.deploy import process
    from flink_jobs.settings import LandingSettings

    process.write_cluster_config(LandingSettings(), file)
    print_line(f"{file}: append it to the config.yaml of the JobManager and of every TaskManager")


@job.command()
def package(
    out: Annotated[Path, typer.Argument(help="The zip to write.")],
    *,
    target: Annotated[Literal["managed-flink"], typer.Option(help="The service that runs it.")] = "managed-flink",  # noqa: ARG001 - the only one
) -> None:
    """Write the landing job as an application of Amazon Managed Service for Apache Flink; needs a checkout."""
    from infra.local import runtime
    from infra.local.settings import LocalSettings
    from infra.managed_flink.package import RUN_OPTIONS, build

    runtime_dir = LocalSettings().runtime_dir
    runtime.build_landing_jar(runtime_dir)
    build(out, runtime_dir)
    print_line(f"{out}: {out.stat().st_size / 1e6:.0f} MB; runtime properties kinesis.analytics.flink.run.options:")
    print_pairs(dict(RUN_OPTIONS))


@job.command()
def status(*, as_json: Json = False) -> None:
    """Show the state of the landing job, and why and when it ended; exit code 1 when it does not run."""
    from dataclasses import asdict

    from flink_jobs import deploy
    from flink_jobs.deploy.ending import ended_with
    from flink_jobs.errors import LandingJobError
    from flink_jobs.settings import LandingSettings

    settings = LandingSettings()
    ended = ended_with(settings)
    try:
        state = asdict(deploy.status(settings)) | {"ended": str(ended.error) if ended else None}
    except LandingJobError:
        if ended is None:
            raise
        state = ended.as_status()
    if as_json:
        print(json.dumps(state, indent=1, default=str))
    else:
        print_pairs(state)
    if state["state"] != "RUNNING":
        raise typer.Exit(WRONG)


@job.command()
def sweep(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Remove; without it nothing is changed.")] = False,
    older_than: Annotated[str, typer.Option(help="Minimum age of what is removed: 7d, 12h, 30m.")] = "7d",
    savepoints: Annotated[bool, typer.Option("--savepoints", help="Savepoints as well, except the newest.")] = False,
    as_json: Json = False,
) -> None:
    """Show or remove what former jobs left in the bucket: uploads, checkpoints, leases; never landed objects."""
    from flink_jobs.deploy import sweep as janitor
    from flink_jobs.s3.bucket import Bucket
    from flink_jobs.settings import LandingSettings

    before = datetime.now(UTC) - _age(older_than)
    settings = LandingSettings()
    bucket = Bucket.of(settings)
    bucket.check()
    found = janitor.leftovers(settings, janitor.take_inventory(settings, bucket), before, savepoints=savepoints)
    if as_json:
        print(json.dumps([_leftover(one) for one in found], indent=1, default=str))
    elif found:
        _print_leftovers(found)
    if apply:
        print_line(f"swept {janitor.sweep(bucket, found, print_progress)} of {len(found)}")
    else:
        print_line(f"{len(found)} can go; nothing is changed without --apply")


def _age(text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not an age such as 7d, 12h, 30m", param_hint="--older-than")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _leftover(one: Leftover) -> dict[str, object]:
    return {"what": one.what, "key": one.key, "since": one.since, "bytes": one.size_bytes, "why": one.why}


def _print_leftovers(found: list[Leftover]) -> None:
    table = Table("what", "key", "age", "bytes", "why", title="Leftovers of former jobs", title_justify="left")
    table.columns[3].justify = "right"
    now = datetime.now(UTC)
    for one in found:
        age = str(now - one.since).partition(".")[0]
        table.add_row(one.what, one.key, age, f"{one.size_bytes:,}", one.why)
    output().print(table)


@job.command()
def plan(
    *,
    open_hours: Annotated[int, typer.Option(min=1, help="Hours of record time that arrive within one interval.")] = 1,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Malformed records arrive in every interval as well.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print how many objects and requests the landing job makes per hour; computed, without any connection."""
    from dataclasses import asdict

    from flink_jobs.deploy.footprint import LandingPlan
    from flink_jobs.settings import LandingSettings

    planned = LandingPlan.of(LandingSettings(), open_hours=open_hours, has_rejects=rejects)
    if as_json:
        counts = {
            name: getattr(planned, name) for name in ("data_objects", "ledger_objects", "writes", "latency_seconds")
        }
        print(json.dumps(asdict(planned) | counts, indent=1))
    else:
        print_pairs(dict(planned.lines()))
