from __future__ import annotations

from flink_jobs.errors import JobCancelledError, JobFailedError, RestoreRefusedError, TopicChangedError
from flink_jobs.flink.failures import CANCELLED, RESTORING, failure_of, lasting_failure_of


def test_the_message_of_a_changed_topic_is_the_whole_message() -> None:
    """It is the line that `job status` shows; the stack trace around it is left out."""
    trace = (
        "java.lang.Exception: Could not perform checkpoint 7 for operator land (1/1)#0.\n\tat a.B.c(B.java:1)\n"
        "Caused by: io.hourglass.landing.kafka.TopicChangedException: t is another topic now: it had the id a.\n"
        f"\tat {RESTORING}(C.java:2)\n"
    )
    found = lasting_failure_of(trace, None)
    assert isinstance(found, TopicChangedError)
    assert "t is another topic now: it had the id a." == str(found)


def test_a_restore_point_that_cannot_be_read_is_refused_and_any_other_failure_is_not_ours() -> None:
    refused = lasting_failure_of(f"x\n\tat {RESTORING}(C.java:2)\nCaused by: it is cut\n", "s3://b/chk-1")
    assert isinstance(refused, RestoreRefusedError)
    assert str(refused).startswith("s3://b/chk-1 cannot be restored: it is cut.")
    assert lasting_failure_of("java.io.IOException: no space", "s3://b/chk-1") is None


FAILED_TOO_OFTEN = """\
An error occurred while calling o117.get.
: java.util.concurrent.ExecutionException: org.apache.flink.client.program.ProgramInvocationException: Job failed
\tat java.base/java.util.concurrent.CompletableFuture.reportGet(CompletableFuture.java:396)
Caused by: org.apache.flink.runtime.client.JobExecutionException: Job execution failed.
\t... 4 more
Caused by: org.apache.flink.runtime.JobException: Recovery is suppressed by FailureRateRestartBackoffTimeStrategy(…)
Caused by: java.lang.Exception: Could not perform checkpoint 35 for operator land (1/1)#29.
\tat org.apache.flink.streaming.runtime.tasks.StreamTask.triggerCheckpoint(StreamTask.java:1446)
Caused by: java.io.IOException: a part cannot be stored: the bucket answered 403 AccessDenied
Caused by: io.hourglass.landing.upload.s3.PartRequest$Refused: the bucket answered 403 AccessDenied
"""


def test_a_job_that_failed_too_often_is_described_by_its_last_causes_in_one_line() -> None:
    """The driver logs it as one line, which `hourglass job status` reads; a repeated message is left out."""
    failure = failure_of(FAILED_TOO_OFTEN, None)
    assert JobFailedError is type(failure)
    assert (
        "the job failed for good: java.lang.Exception: Could not perform checkpoint 35 for operator land (1/1)#29.; "
        "java.io.IOException: a part cannot be stored: the bucket answered 403 AccessDenied"
    ) == str(failure)


def test_an_end_that_was_asked_for_is_no_failure_and_a_lasting_one_keeps_its_kind() -> None:
    assert isinstance(failure_of(f"x\nCaused by: {CANCELLED}: Job was cancelled.\n", None), JobCancelledError)
    refused = failure_of(f"x\n\tat {RESTORING}(C.java:2)\nCaused by: it is cut\n", "s3://b/chk-1")
    assert isinstance(refused, RestoreRefusedError)
