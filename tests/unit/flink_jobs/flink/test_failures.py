from __future__ import annotations

from flink_jobs.errors import RestoreRefusedError, TopicChangedError
from flink_jobs.flink.failures import RESTORING, lasting_failure_of


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
