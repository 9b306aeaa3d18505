"""Whether Dagster's instance is that of `infra/dagster/dagster.yaml`, and its daemon lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

from dagster import DagsterError, DagsterInstance
from sqlalchemy.exc import SQLAlchemyError

from flink_jobs.contracts.clock import Clock
from infra.doctor.checks import Area, Check, Judgement, ok, wrong
from infra.doctor.demands import Demands, spoken

_FILE = "infra/dagster/dagster.yaml"
_BEAT_AGE_MAX = timedelta(minutes=5)
"""A daemon sends a heartbeat every 30 s; a long tick of a sensor delays one."""


class Instance:
    """The instance of `DAGSTER_HOME`, opened at first use; `stack` closes it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._opened: DagsterInstance | None = None

    @property
    def opened(self) -> DagsterInstance:
        """The instance.

        Raises:
            DagsterError: there is none, or its file has a mistake.
            SQLAlchemyError: its storage does not answer.
        """
        if self._opened is None:
            self._opened = self._stack.enter_context(DagsterInstance.get())
        return self._opened


def dagster_checks(demands: Demands, clock: Clock) -> Iterator[Check]:
    """Yield the checks of the instance; it is closed after the last of them."""
    with ExitStack() as stack:
        instance = Instance(stack)
        yield Check(Area.DAGSTER, "instance", partial(opens, instance), is_gate=True)
        if demands.postgres:
            yield Check(Area.DAGSTER, "storage", lambda: is_postgres(instance.opened))
        yield Check(Area.DAGSTER, "run retries", lambda: retries_runs(instance.opened))
        yield Check(Area.DAGSTER, "run monitoring", lambda: monitors_runs(instance.opened))
        yield Check(Area.DAGSTER, "pools", lambda: limits_pools(instance.opened))
        yield Check(Area.DAGSTER, "daemon", lambda: beats(instance.opened, clock))


def opens(instance: Instance) -> Judgement:
    """Judge `DAGSTER_HOME`, the file there, and that the storage answers."""
    try:
        found = instance.opened
        found.get_daemon_heartbeats()
    except (DagsterError, SQLAlchemyError) as exc:
        return wrong(
            str(exc).splitlines()[0], f"set DAGSTER_HOME to a folder with a copy of {_FILE}; start its Postgres"
        )
    return ok(found.root_directory)


def is_postgres(instance: DagsterInstance) -> Judgement:
    """Judge the storage of runs: SQLite on a machine's disk is lost with the machine, and takes one writer."""
    module = type(instance.run_storage).__module__
    if not module.startswith("dagster_postgres"):
        return wrong(
            f"{type(instance.run_storage).__name__}: runs and cursors are lost with this machine", _copy("storage")
        )
    return ok("Postgres")


def retries_runs(instance: DagsterInstance) -> Judgement:
    """Judge `run_retries`: without it a run that failed once stays failed until its hour is requested again."""
    if not instance.run_retries_enabled:
        return wrong("a run that failed stays failed", _copy("run_retries"))
    return ok(f"at most {instance.run_retries_max_retries}")


def monitors_runs(instance: DagsterInstance) -> Judgement:
    """Judge `run_monitoring`: without it a run whose process is gone is in progress for ever."""
    if not instance.run_monitoring_enabled:
        return wrong(
            "a run whose process is gone stays in progress, and its hour is not requested", _copy("run_monitoring")
        )
    return ok("enabled")


def limits_pools(instance: DagsterInstance) -> Judgement:
    """Judge the limit of pools: two refreshes of one stage would race."""
    limit = instance.get_concurrency_config().pool_config.default_pool_limit
    if limit != 1:
        return wrong(f"default_limit is {limit}: two runs refresh one stage at once", _copy("concurrency.pools"))
    return ok("one writer in each pool")


def beats(instance: DagsterInstance, clock: Clock) -> Judgement:
    """Judge the heartbeats of all daemons that the instance needs."""
    found = instance.get_daemon_heartbeats()
    now = clock.utc_now()
    ages = {
        daemon: now - datetime.fromtimestamp(found[daemon].timestamp, UTC) if daemon in found else None
        for daemon in sorted(instance.get_required_daemon_types())
    }
    silent = [
        f"{daemon.lower()} {'never' if age is None else spoken(timedelta(seconds=round(age.total_seconds()))) + ' ago'}"
        for daemon, age in ages.items()
        if age is None or age > _BEAT_AGE_MAX
    ]
    if silent:
        return wrong(f"no sensor or schedule runs; last heartbeat: {', '.join(silent)}", "start dagster-daemon run")
    errors = {daemon.lower(): found[daemon].errors or () for daemon in ages}
    failing = [f"{daemon}: {its[0].message.strip()}" for daemon, its in errors.items() if its]
    if failing:
        return wrong("; ".join(failing), "read the daemon's log")
    return ok(f"{len(ages)} daemons, heartbeats within {spoken(_BEAT_AGE_MAX)}")


def _copy(section: str) -> str:
    return f"copy the section {section} of {_FILE} to $DAGSTER_HOME/dagster.yaml"
