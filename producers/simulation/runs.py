"""The events of simulated runs, with their order and the time between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from producers.events import EventType
from producers.simulation.organizations import DbtModel, Organization

RETRY_SECONDS = 60.0
ATTEMPTS_MAX = 3
_STEP_FAILS = 0.04
_STEP_RETRIED = 0.5
_RUN_VANISHES = 0.02
_IN_PRODUCTION = 0.8
_CHECK_PASSES = 0.95


_BEGINS = frozenset({EventType.RUN_START, EventType.STEP_START})
_ENDS = frozenset({EventType.RUN_SUCCESS, EventType.RUN_FAILURE, EventType.STEP_SUCCESS, EventType.STEP_FAILURE})


@dataclass(frozen=True, slots=True)
class Beat:
    """One event of a run, `wait_seconds` after the one before it."""

    wait_seconds: float
    event_type: EventType
    payload: dict[str, Any]
    step_key: str | None = None
    asset_key: str | None = None


@dataclass(slots=True)
class Run:
    """A run in progress. `retry` is set when it failed and is to be retried."""

    run_id: str
    organization: Organization
    deployment: str
    job: str
    partition_key: str
    attempt: int = 1
    retry_of: str | None = None
    retry: bool = False
    last_occurred_at: int = 0
    beats: Iterator[Beat] = field(default_factory=lambda: iter(()))
    _begun_at: dict[str | None, int] = field(default_factory=dict)

    def duration_of(self, beat: Beat, occurred_at: int) -> dict[str, float]:
        """Return the duration of the step or run that this event ends; times are milliseconds since 1970."""
        if beat.event_type in _BEGINS:
            self._begun_at[beat.step_key] = occurred_at
        elif beat.event_type in _ENDS:
            return {"duration_seconds": (occurred_at - self._begun_at[beat.step_key]) / 1000}
        return {}


def start_run(organization: Organization, partition_key: str, hours_passed: int, random: Random) -> Run:
    """Start a run of a random job of an organization."""
    job = random.choice(_jobs_of(organization))
    run = Run(
        run_id=f"{random.getrandbits(128):032x}",
        organization=organization,
        deployment="prod" if random.random() < _IN_PRODUCTION else "staging",
        job=job,
        partition_key=partition_key,
    )
    run.beats = _script(run, hours_passed, random)
    return run


def retry_run(failed: Run, hours_passed: int, random: Random) -> Run:
    """Start the next attempt of a failed run, with another run id."""
    run = Run(
        run_id=f"{random.getrandbits(128):032x}",
        organization=failed.organization,
        deployment=failed.deployment,
        job=failed.job,
        partition_key=failed.partition_key,
        attempt=failed.attempt + 1,
        retry_of=failed.run_id,
    )
    run.beats = _script(run, hours_passed, random)
    return run


def _jobs_of(organization: Organization) -> tuple[str, ...]:
    jobs = ("ingest_raw", "dbt_build")
    return (*jobs, "platform_models") if organization.platform_models else jobs


def _script(run: Run, hours_passed: int, random: Random) -> Iterator[Beat]:
    yield Beat(0, EventType.RUN_START, {"attempt": run.attempt, "retry_of": run.retry_of, **_reads(run)})
    steps = _ingest_steps(run, random) if run.job == "ingest_raw" else _dbt_steps(run, hours_passed, random)
    vanishes = random.random() < _RUN_VANISHES
    for beats, succeeded in steps:
        yield from beats
        if vanishes:
            return  # its machine is lost: no event has its end
        if not succeeded:
            run.retry = run.attempt < ATTEMPTS_MAX
            failure = {"attempt": run.attempt, "will_retry": run.retry, "error": "StepFailed"}
            yield Beat(random.uniform(0.2, 1), EventType.RUN_FAILURE, failure)
            return
    yield Beat(random.uniform(0.2, 1), EventType.RUN_SUCCESS, {"attempt": run.attempt})


def _reads(run: Run) -> dict[str, list[str]]:
    read = run.organization.relations_read if run.job == "ingest_raw" else ()
    return {"reads": list(read)} if read else {}


Step = tuple[list[Beat], bool]


def _ingest_steps(run: Run, random: Random) -> Iterator[Step]:
    for asset in random.sample(run.organization.assets, random.randint(2, 4)):
        step_key = asset.rpartition("/")[2]
        kind = {"step_kind": "python", "compute": "ingest"}
        yield _step(step_key, asset, kind, random.lognormvariate(2.5, 0.5), random)


def _dbt_steps(run: Run, hours_passed: int, random: Random) -> Iterator[Step]:
    organization = run.organization
    models = organization.platform_models if run.job == "platform_models" else organization.models
    for model in models:
        seconds = _seconds_of(model, hours_passed, random)
        kind = {"step_kind": "dbt", "dbt_model": model.unique_id, "compute": "warehouse-m"}
        yield _step(model.name, f"{organization.name}/dbt/{model.name}", kind, seconds, random)


def _seconds_of(model: DbtModel, hours_passed: int, random: Random) -> float:
    return model.typical_seconds * (1 + model.growth * hours_passed) * random.lognormvariate(0, 0.25)


def _step(step_key: str, asset: str, kind: dict[str, Any], seconds: float, random: Random) -> Step:
    beats: list[Beat] = []
    attempt = 1
    while random.random() < _STEP_FAILS:
        retried = attempt < ATTEMPTS_MAX and random.random() < _STEP_RETRIED
        beats += _failed_attempt(step_key, {**kind, "attempt": attempt}, seconds * random.random(), retried)
        if not retried:
            return beats, False
        attempt += 1
    beats += _succeeded_attempt(step_key, asset, {**kind, "attempt": attempt}, seconds, random)
    return beats, True


def _failed_attempt(step_key: str, kind: dict[str, Any], seconds: float, retried: bool) -> list[Beat]:
    error = {"class": "DatabaseError", "message": "statement reached its limit of 600 s", "line": 41}
    return [
        Beat(0.3, EventType.STEP_START, kind, step_key),
        Beat(seconds, EventType.STEP_FAILURE, {**kind, "will_retry": retried, "error": error}, step_key),
    ]


def _succeeded_attempt(step_key: str, asset: str, kind: dict[str, Any], seconds: float, random: Random) -> list[Beat]:
    passed = random.random() < _CHECK_PASSES
    check = EventType.ASSET_CHECK_PASSED if passed else EventType.ASSET_CHECK_FAILED
    verdict = {"check_name": "row_count_in_range", "severity": "WARN", "blocking": False}
    rows = random.randint(1_000, 5_000_000)
    written = {"rows": rows, "bytes": rows * 212, "schema_hash": f"{random.getrandbits(64):016x}"}
    return [
        Beat(0.3, EventType.STEP_START, kind, step_key),
        Beat(0.05, EventType.ASSET_CHECK_PLANNED, verdict, step_key, asset),
        Beat(seconds, EventType.ASSET_MATERIALIZATION, {"metadata": written}, step_key, asset),
        Beat(0.1, check, {**verdict, "passed": passed, "observed_rows": rows}, step_key, asset),
        Beat(0.1, EventType.STEP_SUCCESS, {**kind, "rows": rows}, step_key),
    ]
