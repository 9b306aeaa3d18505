"""Start and stop the local stack in the order of its dependencies."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

from flink_jobs import deploy
from flink_jobs.errors import LandingJobError
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
from infra.local.servers import broker, dagster, hosts, object_store, snowflake_server
from infra.local.settings import LocalSettings
from infra.local.streams import landing_settings, streams
from orchestration.stream.document import StreamDocument

Report = Callable[[str], None]
"""Takes one line of progress."""

Started = tuple[Program, Running]
NAMES = ("dagster-daemon", "dagster-webserver", "dagster-code", "relay", "hosts", "snowflake", "s3", "kafka")
"""Every program except Flink, in the order of the stop: clients before their servers."""
RUNS_SECONDS_MAX = 60.0


class Stack:
    """The local stack of one data folder. Creating it sets the environment of this process to the stack.

    Args:
        settings: ports and folders.
        report: called with each step.
    """

    def __init__(self, settings: LocalSettings, report: Report) -> None:
        self.settings = settings
        self.table = ProcessTable(settings.data_dir)
        self._report = report
        os.environ.update(settings.environment())

    def up(self) -> None:
        """Start what is not running.

        1. Check the ports.
        2. Start broker and S3 server; create topics and buckets of every stream.
        3. Start the local Snowflake, Dagster's code server and the hosts of the metapipeline (Mode, git, Slack); they
           get ready while Flink starts.
        4. Start the landing job of each stream from its newest checkpoint or savepoint.
        5. Fail the runs that a crash left behind, so that Dagster retries them; start daemon and webserver.

        Raises:
            StackError: with the reason and the repair; `down` stops what was started.
        """
        self.refuse_if_up()
        self._require_runtime()
        require_free_ports(self.settings.ports)
        self._start_broker_and_bucket()
        code, daemon, webserver = self._prepare_dagster()
        first = (snowflake_server.program(self.settings), code, hosts.program(self.settings))
        early = [self._start(program) for program in first]
        self._start_jobs()
        self._wait(early)
        dagster_runs.fail_abandoned(self._report)
        self._wait([self._start(daemon), self._start(webserver)])

    def down(self, *, now: bool = False) -> None:
        """Stop everything, clients before servers; without `now`, runs in flight are finished first.

        Parts that are not running are skipped.
        """
        self._stop("dagster-daemon")
        if not now and self.table.find("dagster-code"):
            dagster_runs.wait_until_finished(RUNS_SECONDS_MAX, self._report)
        for name in ("relay", "dagster-webserver", "dagster-code"):
            self._stop(name)
        self._stop_jobs(now=now)
        for name in ("hosts", "snowflake", "s3", "kafka"):
            self._stop(name)

    def refuse_if_up(self) -> None:
        """Raise a `StackError` if any part of the stack runs."""
        if self.running():
            raise StackError("the stack is already up, or was not stopped: `hourglass status`, or `hourglass down`")

    @cached_property
    def documents(self) -> tuple[StreamDocument, ...]:
        """The streams of the project."""
        return tuple(entry.document for entry in streams())

    @property
    def jobs(self) -> list[LandingSettings]:
        """The settings of each stream's landing job."""
        return [landing_settings(document) for document in self.documents]

    def running(self) -> list[str]:
        """Return the names of the running programs."""
        names = [name for name in NAMES if self.table.find(name)]
        return names + [job.job_name for job in self.jobs if deploy.process_id(job)]

    def start_relay(self) -> None:
        """Start the relay of Dagster's own events; it runs until the stack stops."""
        if not self.table.find("relay"):
            self._wait([self._start(dagster.relay_program(self.settings))])

    def memory_bytes(self) -> int:
        """Return the resident memory of all processes of the stack."""
        found = [self.table.find(name) for name in NAMES]
        trees = [running.tree() for running in found if running]
        trees += [process_tree(pid) for job in self.jobs if (pid := deploy.process_id(job))]
        return sum(process.memory_info().rss for tree in trees for process in tree if process.is_running())

    def _start_broker_and_bucket(self) -> None:
        broker.prepare(self.settings)
        object_store.prepare(self.settings)
        self._wait([self._start(broker.program(self.settings)), self._start(object_store.program(self.settings))])
        for document in self.documents:
            for topic in document.topics:
                broker.create_topic(
                    self.settings.model_copy(update={"topic": topic}),
                    {"message.timestamp.type": document.record_time.value},
                )
            object_store.create_bucket(self.settings.model_copy(update={"bucket": document.bucket}))

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

    def _start_jobs(self) -> None:
        """Start every landing job, all at the same time: each waits for most of its start."""
        jobs = self.jobs
        with ThreadPoolExecutor(len(jobs) or 1) as pool:
            list(pool.map(self._start_job, jobs))

    def _start_job(self, job: LandingSettings) -> None:
        self._report(f"starting flink ({job.job_name})")
        try:
            deploy.start(job, offsets=job.starting_offsets, report=lambda line: self._report(f"{job.job_name}: {line}"))
        except LandingJobError as exc:
            raise StackError(f"{job.job_name}: {exc}") from exc

    def _stop_jobs(self, *, now: bool) -> None:
        jobs = self.jobs
        with ThreadPoolExecutor(len(jobs) or 1) as pool:
            list(pool.map(partial(self._stop_job, now=now), jobs))

    def _stop_job(self, job: LandingSettings, *, now: bool) -> None:
        pid = deploy.process_id(job)
        if pid is None:
            return
        self._report(f"stopping flink ({job.job_name})")
        tree = process_tree(pid)
        if not now:
            try:
                deploy.stop(job)
            except LandingJobError as exc:
                reason = str(exc).partition("\n")[0]
                self._report(f"no savepoint was made ({reason}); the next start uses the newest checkpoint")
        end_tree(tree, limit_seconds=10)
        deploy.process_id(job)  # reaps a job that this process has started

    def _require_runtime(self) -> None:
        if not (self.settings.runtime_dir / "flink").exists():
            raise StackError("the local runtime is not installed: run `make setup`")
