"""Start and stop the stack of one machine, in the order in which its parts need each other."""

from __future__ import annotations

import os
from collections.abc import Callable

from flink_jobs import deploy
from flink_jobs.settings import LandingSettings
from infra.local import dagster_runs
from infra.local.processes import (
    ProcessTable,
    Program,
    Running,
    StackError,
    end_tree,
    process_tree,
    require_free_ports,
    wait_until_healthy,
)
from infra.local.servers import broker, dagster, object_store, snowflake_server
from infra.local.settings import LocalSettings

Report = Callable[[str], None]
"""Takes one line of progress."""

Started = tuple[Program, Running]
NAMES = ("dagster-daemon", "dagster-webserver", "dagster-code", "relay", "snowflake", "s3", "kafka")
"""Every program but Flink, in the order of the stop: whoever calls others first."""
RUNS_SECONDS_MAX = 60.0


class Stack:
    """The processes of one data folder; this process itself talks to them from now on, through its environment.

    Args:
        settings: ports and folders.
        report: is told each step.
    """

    def __init__(self, settings: LocalSettings, report: Report) -> None:
        self.settings = settings
        self.table = ProcessTable(settings.data_dir)
        self._report = report
        os.environ.update(settings.environment())

    def up(self) -> None:
        """Start what is not running.

        1. Ports are checked before anything starts.
        2. Broker and S3 server, then the topic and the bucket.
        3. Local Snowflake and Dagster's code server, which start while Flink does.
        4. The landing job, from its newest checkpoint or savepoint.
        5. Runs that a crash left behind are failed, so that Dagster retries them; then daemon and webserver.

        Raises:
            StackError: with the reason and the repair; what was started stays for `down` to end.
        """
        self.refuse_if_up()
        self._require_runtime()
        require_free_ports(self.settings.ports)
        self._start_broker_and_bucket()
        code, daemon, webserver = self._prepare_dagster()
        early = [self._start(snowflake_server.program(self.settings)), self._start(code)]
        self._start_job()
        self._wait(early)
        dagster_runs.fail_abandoned(self._report)
        self._wait([self._start(daemon), self._start(webserver)])

    def down(self, *, now: bool = False) -> None:
        """Stop everything, callers before the called; hours being published are finished first unless `now`.

        Never raises because a part is already gone.
        """
        self._stop("dagster-daemon")
        if not now and self.table.find("dagster-code"):
            dagster_runs.wait_until_finished(RUNS_SECONDS_MAX, self._report)
        for name in ("relay", "dagster-webserver", "dagster-code"):
            self._stop(name)
        self._stop_job(now=now)
        for name in ("snowflake", "s3", "kafka"):
            self._stop(name)

    def refuse_if_up(self) -> None:
        """Raise a StackError where anything of the stack lives."""
        if self.running():
            raise StackError("the stack is already up, or was not stopped: `hourglass status`, or `hourglass down`")

    def running(self) -> list[str]:
        """Name the programs that live."""
        names = [name for name in NAMES if self.table.find(name)]
        return names + (["flink"] if deploy.process_id(LandingSettings()) else [])

    def start_relay(self) -> None:
        """Start sending Dagster's own events into the topic, and go on until the stack stops."""
        if not self.table.find("relay"):
            self._wait([self._start(dagster.relay_program(self.settings))])

    def memory_bytes(self) -> int:
        """Add up the resident memory of every process of the stack."""
        found = [self.table.find(name) for name in NAMES]
        trees = [running.tree() for running in found if running]
        pid = deploy.process_id(LandingSettings())
        if pid:
            trees.append(process_tree(pid))
        return sum(process.memory_info().rss for tree in trees for process in tree if process.is_running())

    def _start_broker_and_bucket(self) -> None:
        broker.prepare(self.settings)
        object_store.prepare(self.settings)
        self._wait([self._start(broker.program(self.settings)), self._start(object_store.program(self.settings))])
        broker.create_topic(self.settings)
        object_store.create_bucket(self.settings)

    def _prepare_dagster(self) -> list[Program]:
        dagster.prepare(self.settings)
        return dagster.programs(self.settings)

    def _start(self, program: Program) -> Started:
        self._report(f"starting {program.name}")
        return program, self.table.start(program)

    def _wait(self, started: list[Started]) -> None:
        for program, running in started:
            wait_until_healthy(program, running)
            self._report(f"{program.name} serves")

    def _stop(self, name: str) -> None:
        if self.table.find(name):
            self._report(f"stopping {name}")
        self.table.stop(name)

    def _start_job(self) -> None:
        self._report("starting flink")
        try:
            deploy.start(LandingSettings(), report=self._report)
        except deploy.DeployError as exc:
            raise StackError(str(exc)) from exc

    def _stop_job(self, *, now: bool) -> None:
        landing = LandingSettings()
        pid = deploy.process_id(landing)
        if pid is None:
            return
        self._report("stopping flink")
        tree = process_tree(pid)
        if not now:
            try:
                deploy.stop(landing)
            except deploy.DeployError as exc:
                self._report(f"no savepoint was made ({exc}); the next start uses the newest checkpoint")
        end_tree(tree, limit_seconds=10)
        deploy.process_id(landing)  # notices the end of a job that this very process has started

    def _require_runtime(self) -> None:
        if not (self.settings.runtime_dir / "flink").exists():
            raise StackError("the local runtime is not installed: run `make setup`")
