from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from flink_jobs.errors import JobFailedError, UnreachableError
from flink_jobs.flink.rest import CLIENT_CHECK, CheckpointSummary, FlinkRest, Job, JobState, Numbers, SavepointState
from tests.fakes.http_server import serving

NAME = "hourglass-platform-events"


def job(jid: str, state: str, start: int, running: int = 1, name: str = NAME) -> dict[str, Any]:
    tasks = {"total": 1, "running": running}
    return {"jid": jid, "name": name, "state": state, "start-time": start, "tasks": tasks}


class Answers(BaseHTTPRequestHandler):
    """Returns the configured response of each path, and records the request bodies."""

    answers: ClassVar[dict[str, Any]] = {}
    sent: ClassVar[list[tuple[str, Any]]] = []

    def do_GET(self) -> None:
        """Send the response."""
        known = self.path in self.answers
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(json.dumps(self.answers.get(self.path, {})).encode())

    def do_PATCH(self) -> None:
        """Keep the body and answer."""
        self.do_POST()

    def do_POST(self) -> None:
        """Keep the body and answer."""
        self.sent.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def flink() -> Iterator[FlinkRest]:
    with serving(HTTPServer(("127.0.0.1", 0), Answers)) as address:
        yield FlinkRest(address)


def test_the_living_job_is_found_before_newer_ones_that_are_over(flink: FlinkRest) -> None:
    Answers.answers = {
        "/jobs/overview": {
            "jobs": [
                job("old", "RUNNING", 1),
                job("new", "FAILED", 2),
                job("foreign", "RUNNING", 3, name="another"),
            ]
        }
    }
    assert Job("old", NAME, JobState.RUNNING, tasks_running=True) == flink.find_job(NAME)
    assert flink.find_job("nobody") is None


def test_a_job_runs_only_when_all_its_tasks_do(flink: FlinkRest) -> None:
    """Flink reports RUNNING before the first task is deployed."""
    Answers.answers = {"/jobs/overview": {"jobs": [job("a", "RUNNING", 1, running=0)]}}
    found = flink.find_job(NAME)
    assert found
    assert not found.tasks_running


def test_numbers_are_added_up_over_tasks_and_absent_ones_are_zero(flink: FlinkRest) -> None:
    """A source that is a separate task reports its lag there; a job whose operator reports nothing has no numbers."""
    lag, accepted = "Source__read_kafka.pendingRecords", "land.acceptedRecords"
    query = f"subtasks/metrics?agg=sum&get={lag},{accepted},land.rejectedRecords"
    Answers.answers = {
        "/jobs/a": {"vertices": [{"id": "v"}, {"id": "w"}]},
        f"/jobs/a/vertices/v/{query}": [{"id": lag, "sum": 7.0}, {"id": accepted, "sum": 5.0}],
        f"/jobs/a/vertices/w/{query}": [{"id": accepted, "sum": 4.0}],
    }
    assert Numbers(lag=7, accepted=9, rejected=0) == flink.numbers("a")
    Answers.answers[f"/jobs/a/vertices/v/{query}"] = Answers.answers[f"/jobs/a/vertices/w/{query}"] = []
    assert flink.numbers("a") is None


def test_checkpoints_restarts_and_causes_are_read(flink: FlinkRest) -> None:
    completed = {"external_path": "s3://b/chk-7", "latest_ack_timestamp": 5}
    Answers.answers = {
        "/jobs/a/checkpoints": {"latest": {"completed": completed}, "counts": {"completed": 7, "failed": 1}},
        "/jobs/b/checkpoints": {"latest": {"completed": None}, "counts": {"completed": 0, "failed": 0}},
        "/jobs/a/metrics?get=numRestarts": [{"id": "numRestarts", "value": "3"}],
        "/jobs/b/metrics?get=numRestarts": [],
        "/jobs/a/exceptions": {
            "exceptionHistory": {"entries": [{"stacktrace": "Why\n\tat x\n\t... 3 more\nCaused by: that\n"}]}
        },
        "/jobs/b/exceptions": {"exceptionHistory": {"entries": []}},
    }
    assert CheckpointSummary("s3://b/chk-7", 5, 7, 1) == flink.checkpoints("a")
    assert CheckpointSummary(None, None, 0, 0) == flink.checkpoints("b")
    assert (3, 0) == (flink.restarts("a"), flink.restarts("b"))
    assert ("Why\nCaused by: that", None) == (flink.root_cause("a"), flink.root_cause("b"))


def test_a_stop_is_asked_for_without_draining(flink: FlinkRest) -> None:
    """A drain would end the topic for Flink: windows fire, and the job could not continue."""
    Answers.answers = {"/jobs/a/stop": {"request-id": "r"}}
    Answers.sent.clear()
    assert "r" == flink.stop("a", "s3://b/savepoints")
    assert [("/jobs/a/stop", {"drain": False, "targetDirectory": "s3://b/savepoints"})] == Answers.sent


def test_a_job_that_ends_for_good_is_drained_when_asked(flink: FlinkRest) -> None:
    """Only a drain closes the files that a sink keeps open over checkpoints."""
    Answers.answers = {"/jobs/a/stop": {"request-id": "r"}}
    Answers.sent.clear()
    flink.stop("a", "s3://b/savepoints", drain=True)
    assert [("/jobs/a/stop", {"drain": True, "targetDirectory": "s3://b/savepoints"})] == Answers.sent


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": {"id": "IN_PROGRESS"}}, (SavepointState.IN_PROGRESS, "")),
        (
            {"status": {"id": "COMPLETED"}, "operation": {"location": "s3://b/s"}},
            (SavepointState.COMPLETED, "s3://b/s"),
        ),
        (
            {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": {"stack-trace": "Why\n\tat x"}}},
            (SavepointState.FAILED, "Why"),
        ),
        (
            {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": {"stack-trace": "Why\nCaused by: that"}}},
            (SavepointState.FAILED, "that"),
        ),
    ],
)
def test_each_state_of_a_savepoint_is_read(
    flink: FlinkRest, answer: object, expected: tuple[SavepointState, str]
) -> None:
    Answers.answers = {"/jobs/a/savepoints/r": answer}
    assert expected == flink.savepoint("a", "r")


def test_a_refusal_and_silence_are_different_errors(flink: FlinkRest) -> None:
    """Only a missing response can be retried."""
    Answers.answers = {}
    with pytest.raises(JobFailedError, match="HTTP 404"):
        flink.checkpoints("a")
    with pytest.raises(UnreachableError, match="HOURGLASS_FLINK_REST"):
        FlinkRest("http://127.0.0.1:1").checkpoints("a")


def test_the_state_of_one_job_is_known_or_the_job_is_not(flink: FlinkRest) -> None:
    Answers.answers = {"/jobs/overview": {"jobs": [job("one", "CANCELED", 1)]}}
    assert (JobState.CANCELED, None) == (flink.job_state("one"), flink.job_state("other"))


def test_a_client_says_until_when_it_lives_and_can_end_its_job(flink: FlinkRest) -> None:
    Answers.answers = {"/jobs/one/clientHeartbeat": {}, "/jobs/one?mode=cancel": {}}
    Answers.sent.clear()
    flink.prolong("one", 1_754_020_799_123)
    flink.cancel("one")
    assert [
        ("/jobs/one/clientHeartbeat", {"expiredTimestamp": 1_754_020_799_123}),
        ("/jobs/one?mode=cancel", {}),
    ] == Answers.sent


@pytest.mark.parametrize(
    ("value", "seconds"), [("2 s", 2.0), ("500 ms", 0.5), ("1 min", 60.0), ("a while", None), (None, None)]
)
def test_how_often_a_cluster_looks_for_clients_is_read_from_it(
    flink: FlinkRest, value: str | None, seconds: float | None
) -> None:
    entries = [{"key": "rest.port", "value": "8081"}]
    entries += [{"key": CLIENT_CHECK, "value": value}] if value else []
    Answers.answers = {"/jobmanager/config": entries}
    assert seconds == flink.client_check_seconds()
