"""Start and stop the local stack in the order of its dependencies."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

from flink_jobs.settings import LandingSettings
from infra.local import dagster_runs
from infra.local.jobs import Jobs, LocalJobs, Report
from infra.local.processes import ProcessTable, Program, Running, StackError, require_free_ports
from infra.local.servers import broker, dagster, hosts, object_store, snowflake_server
from infra.local.settings import LocalSettings
from infra.local.streams import landing_settings, streams
from orchestration.stream.document import StreamDocument

Started = tuple[Program, Running]
NAMES = ("dagster-daemon", "dagster-webserver", "dagster-code", "relay", "hosts", "snowflake", "s3", "kafka")
"""Every program except Flink, in the order of the stop: clients before their servers."""
RUNS_SECONDS_MAX = 60.0


class Stack:
    """The local stack of one data folder. Creating it sets the environment of this process to the stack.

    Args:
        settings: ports and folders.
        report: called with each step.
        table: starts the programs; by default as processes.
        jobs: starts the landing jobs; by default as processes.
    """

    def __init__(
        self, settings: LocalSettings, report: Report, table: ProcessTable | None = None, jobs: Jobs | None = None
    ) -> None:
        self.settings = settings
        self.table = table or ProcessTable(settings.data_dir)
        self.landing = jobs or LocalJobs()
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
        return names + [job.job_name for job in self.jobs if self.landing.lives(job)]

    def start_relay(self) -> None:
        """Start the relay of Dagster's own events; it runs until the stack stops."""
        if not self.table.find("relay"):
            self._wait([self._start(dagster.relay_program(self.settings))])

    def memory_bytes(self) -> int:
        """Return the resident memory of all processes of the stack."""
        found = [self.table.find(name) for name in NAMES]
        processes = [process for running in found if running for process in running.tree()]
        of_servers = sum(process.memory_info().rss for process in processes if process.is_running())
        return of_servers + sum(map(self.landing.memory_bytes, self.jobs))

    def _start_broker_and_bucket(self) -> None:
        self._prepare_servers()
        self._wait([self._start(broker.program(self.settings)), self._start(object_store.program(self.settings))])
        for document in self.documents:
            for topic in document.topics:
                broker.create_topic(
                    self.settings.model_copy(update={"topic": topic}),
                    {"message.timestamp.type": document.record_time.value},
                )
            object_store.create_bucket(self.settings.model_copy(update={"bucket": document.bucket}))

    def _prepare_servers(self) -> None:
        broker.prepare(self.settings)
        object_store.prepare(self.settings)

    def _prepare_dagster(self) -> list[Program]:
        dagster.prepare(self.settings)
        return dagster.programs(self.settings)

    def _start(self, program: Program) -> Started:
        self._report(f"starting {program.name}")
        return program, self.table.start(program)

    def _wait(self, started: list[Started]) -> None:
        for program, running in started:
            self.table.wait(program, running)
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
        self.landing.start(job, self._report_of(job))

    def _report_of(self, job: LandingSettings) -> Report:
        return lambda line: self._report(f"{job.job_name}: {line}")

    def _stop_jobs(self, *, now: bool) -> None:
        jobs = self.jobs
        with ThreadPoolExecutor(len(jobs) or 1) as pool:
            list(pool.map(partial(self._stop_job, now=now), jobs))

    def _stop_job(self, job: LandingSettings, *, now: bool) -> None:
        if self.landing.lives(job):
            self._report(f"stopping flink ({job.job_name})")
            self.landing.stop(job, self._report_of(job), now=now)

    def _require_runtime(self) -> None:
        if not (self.settings.runtime_dir / "flink").exists():
            raise StackError("the local runtime is not installed: run `make setup`")
