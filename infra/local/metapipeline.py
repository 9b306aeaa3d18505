"""The metapipeline in the demo: one run of its job in Dagster, and what that run says and did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from dagster import DagsterInstance, DagsterRunStatus

from infra.local.processes import StackError
from infra.local.settings import LOOPBACK, LocalSettings
from orchestration.metapipeline.definitions.values import ANSWER, CHANGES, REPORT_PLANS
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.clients import JOB
from orchestration.metapipeline.pipeline.plan import answer_lines
from orchestration.metapipeline.pipeline.showing import CHART, PAGE

POLL_SECONDS = 0.5
_TIMEOUT_SECONDS = 30
_FINDINGS_SHOWN = 5
_ENDED = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class MetapipelineRun:
    """What one run of the metapipeline says and did.

    Args:
        answers: stale reports, unused models.
        changes: reports, pull requests, messages.
        files: the page and the chart.
        seconds: from the request to the end of the run.
    """

    answers: tuple[Found | Withheld, ...]
    changes: tuple[Change, ...]
    files: tuple[Path, ...]
    seconds: float

    def lines(self) -> Iterator[str]:
        """Yield the run for people."""
        yield f"The metapipeline, after {self.seconds:.0f} s:"
        yield from answer_lines(self.answers, _FINDINGS_SHOWN)
        yield from (change.line() for change in self.changes)
        yield from map(str, self.files)


def run_metapipeline(settings: LocalSettings, seconds_max: float, report: Callable[[str], None]) -> MetapipelineRun:
    """Launch the job as its schedule does, wait for its end, and read what it stored.

    Raises:
        StackError: Dagster did not launch it, or the run failed.
    """
    report("running the metapipeline: dbt, BI and the landed events")
    started = time.monotonic()
    run_id = _launch(settings)
    with DagsterInstance.get() as instance:
        while (run := instance.get_run_by_id(run_id)) is None or run.status not in _ENDED:
            if time.monotonic() - started > seconds_max:
                raise StackError(f"the run {run_id[:8]} of the metapipeline has not ended after {seconds_max:.0f} s")
            time.sleep(POLL_SECONDS)
    if run.status is not DagsterRunStatus.SUCCESS:
        raise StackError(f"the run {run_id[:8]} of the metapipeline failed: see it in Dagster")
    folder = settings.data_dir / "metapipeline"
    frames = folder / "frames"
    plans = REPORT_PLANS.from_json((frames / "stale_reports.json").read_bytes())
    return MetapipelineRun(
        answers=(*(plan.stale for plan in plans), ANSWER.from_json((frames / "unused_models.json").read_bytes())),
        changes=tuple(
            change
            for name in ("archived_reports", "pull_requests", "owner_messages")
            for change in CHANGES.from_json((frames / f"{name}.json").read_bytes())
        ),
        files=(folder / PAGE, settings.data_dir / "charts" / CHART),
        seconds=time.monotonic() - started,
    )


def _launch(settings: LocalSettings) -> str:
    selector = {"repositoryLocationName": "hourglass", "repositoryName": "__repository__", "jobName": JOB}
    answer: dict[str, Any] = requests.post(
        f"http://{LOOPBACK}:{settings.dagster_port}/graphql",
        json={"query": _LAUNCH, "variables": {"params": {"selector": selector, "mode": "default"}}},
        timeout=_TIMEOUT_SECONDS,
    ).json()
    launched = (answer.get("data") or {}).get("launchRun") or {}
    if "run" not in launched:
        raise StackError(f"Dagster did not launch the metapipeline: {launched or answer.get('errors')}")
    return str(launched["run"]["runId"])
