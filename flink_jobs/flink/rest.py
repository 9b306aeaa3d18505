"""Flink's REST interface. The only place that knows its paths and its JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from flink_jobs.errors import JobFailedError, UnreachableError
from flink_jobs.flink.failures import root_causes

ANSWER_SECONDS_MAX = 10.0
CLIENT_CHECK = "$internal.dispatcher.client-aliveness-check.interval"
"""Flink's undocumented setting: how often a cluster looks for jobs whose client is silent."""
CLIENT_CHECK_DEFAULT_SECONDS = 60.0
_DURATION = re.compile(r"(\d+) ?(ms|s|min)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}


class JobState(StrEnum):
    """States of a job, as Flink names them."""

    INITIALIZING = "INITIALIZING"
    CREATED = "CREATED"
    RUNNING = "RUNNING"
    RESTARTING = "RESTARTING"
    RECONCILING = "RECONCILING"
    SUSPENDED = "SUSPENDED"
    FAILING = "FAILING"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    CANCELED = "CANCELED"
    FINISHED = "FINISHED"

    @property
    def is_over(self) -> bool:
        """Whether the job has ended and Flink will not restart it."""
        return self in {JobState.FAILED, JobState.CANCELED, JobState.FINISHED}


class SavepointState(StrEnum):
    """State of a stop with savepoint."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the cluster. `tasks_running` is true when every subtask runs."""

    job_id: str
    name: str
    state: JobState
    tasks_running: bool


@dataclass(frozen=True, slots=True)
class CheckpointSummary:
    """The newest completed checkpoint, and the counts of completed and failed ones since the job started."""

    newest_path: str | None
    newest_milliseconds: int | None
    completed: int
    failed: int
    newest_duration_milliseconds: int | None = None
    newest_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The job's metrics since its last start or restart. For totals use the ledger."""

    lag: int
    """Records that Kafka has and the job has not read."""
    accepted: int
    rejected: int


_ACCEPTED = "land.acceptedRecords"
_NUMBERS = {
    "Source__read_kafka.pendingRecords": "lag",
    _ACCEPTED: "accepted",
    "land.rejectedRecords": "rejected",
}


class FlinkRest:
    """Client of one Flink cluster.

    Args:
        address: `http://host:port`.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def find_job(self, name: str) -> Job | None:
        """Find the newest job of that name; one that runs is preferred to one that has ended.

        Raises:
            UnreachableError: nothing answers at the address.
        """
        jobs = [job for job in self._get("/jobs/overview")["jobs"] if job["name"] == name]
        if not jobs:
            return None
        newest = max(jobs, key=lambda job: (not JobState(job["state"]).is_over, job["start-time"]))
        tasks = newest["tasks"]
        return Job(newest["jid"], newest["name"], JobState(newest["state"]), 0 < tasks["total"] == tasks["running"])

    def job_state(self, job_id: str) -> JobState | None:
        """Return the state of a job; None when there is no such job.

        Raises:
            UnreachableError: nothing answers at the address.
        """
        jobs = self._get("/jobs/overview")["jobs"]
        return next((JobState(job["state"]) for job in jobs if job["jid"] == job_id), None)

    def cancel(self, job_id: str) -> None:
        """Cancel a job without a savepoint; its checkpoints stay."""
        self._send(f"/jobs/{job_id}?mode=cancel", {}, "PATCH")

    def prolong(self, job_id: str, until_milliseconds: int) -> None:
        """Renew the client's heartbeat: Flink cancels the job after this time (of the cluster's clock, since 1970)."""
        self._send(f"/jobs/{job_id}/clientHeartbeat", {"expiredTimestamp": until_milliseconds}, "PATCH")

    def client_check_seconds(self) -> float | None:
        """Return how often the cluster looks for jobs whose client is silent; None when it is not configured."""
        configured = {entry["key"]: entry["value"] for entry in self._get("/jobmanager/config")}
        match = _DURATION.fullmatch(configured.get(CLIENT_CHECK, ""))
        return int(match[1]) * _SECONDS[match[2]] if match else None

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Return the newest checkpoint of a job and the counts."""
        found = self._get(f"/jobs/{job_id}/checkpoints")
        newest = found["latest"]["completed"] or {}
        counts = found["counts"]
        return CheckpointSummary(
            newest.get("external_path"),
            newest.get("latest_ack_timestamp"),
            counts["completed"],
            counts["failed"],
            newest.get("end_to_end_duration"),
            newest.get("state_size"),
        )

    def numbers(self, job_id: str) -> Numbers | None:
        """Sum the subtasks' metrics; None at first, because Flink collects them only once they are requested."""
        sums = dict.fromkeys(_NUMBERS.values(), 0)
        seen = False
        for vertex in self._get(f"/jobs/{job_id}")["vertices"]:
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics?agg=sum&get={','.join(_NUMBERS)}"
            for metric in self._get(path):
                sums[_NUMBERS[metric["id"]]] += int(metric["sum"])
                seen = seen or metric["id"] == _ACCEPTED
        return Numbers(**sums) if seen else None

    def restarts(self, job_id: str) -> int:
        """Count the restarts since the job was submitted."""
        metrics = self._get(f"/jobs/{job_id}/metrics?get=numRestarts")
        return int(metrics[0]["value"]) if metrics else 0

    def root_cause(self, job_id: str) -> str | None:
        """Return the first lines of the newest failure; None when there was none."""
        entries = self._get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        if not entries:
            return None
        lines = [line for line in str(entries[0]["stacktrace"]).splitlines() if not line.startswith("\t")]
        return "\n".join(lines[:5])

    def stop(self, job_id: str, savepoint_directory: str, *, drain: bool = False) -> str:
        """Stop a job with a savepoint; return the request's id. With `drain` the job ends its input first."""
        body = {"drain": drain, "targetDirectory": savepoint_directory}
        return str(self._send(f"/jobs/{job_id}/stop", body)["request-id"])

    def savepoint(self, job_id: str, request_id: str) -> tuple[SavepointState, str]:
        """Return the state of a stop; the text is the savepoint's path, or the failure, or empty."""
        found = self._get(f"/jobs/{job_id}/savepoints/{request_id}")
        if found["status"]["id"] == "IN_PROGRESS":
            return SavepointState.IN_PROGRESS, ""
        operation = found["operation"]
        if "failure-cause" in operation:
            return SavepointState.FAILED, "; ".join(root_causes(str(operation["failure-cause"].get("stack-trace", ""))))
        return SavepointState.COMPLETED, str(operation["location"])

    def _get(self, path: str) -> Any:
        return self._ask(Request(self._address + path))  # noqa: S310 - the settings allow http and https alone

    def _send(self, path: str, body: dict[str, Any], method: str = "POST") -> Any:
        headers = {"Content-Type": "application/json"}
        request = Request(self._address + path, json.dumps(body).encode(), headers, method=method)  # noqa: S310 - http or https, by the settings
        return self._ask(request)

    def _ask(self, request: Request) -> Any:
        try:
            with urlopen(request, timeout=ANSWER_SECONDS_MAX) as response:  # noqa: S310 - a request of _get or _send
                return json.load(response)
        except HTTPError as exc:
            raise JobFailedError(f"Flink at {self._address} refuses {request.selector}: HTTP {exc.code}") from exc
        except (URLError, OSError, ValueError) as exc:
            raise UnreachableError(
                f"no Flink answers at {self._address}: start the job, or set HOURGLASS_FLINK_REST"
            ) from exc
