from __future__ import annotations

import re

import pytest

from flink_jobs.deploy.advice import ELSEWHERE, explained
from flink_jobs.settings import LandingSettings

SETTINGS = LandingSettings(_env_file=None, stream="orders", bucket="lake")


@pytest.mark.parametrize(
    ("failure", "repair"),
    [
        ("java.nio.file.AccessDeniedException: x", "s3:PutObject, .* on s3://lake/orders/"),
        ("the bucket answered 403", "s3:PutObject"),
        (
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters",
            "(?s)Object Lock.* hourglass-landing-uploads.jar .*plugins/s3-fs-hadoop/.*HOURGLASS_BUCKET",
        ),
        ("Missing required header for this request: Content-MD5 OR x-amz-checksum-*", "Object Lock"),
    ],
)
def test_a_refusal_of_the_bucket_is_told_with_its_repair(failure: str, repair: str) -> None:
    said = explained(SETTINGS, failure, lambda: pytest.fail("the log is not asked"))
    assert said.startswith(f"{failure}\n")
    assert re.search(repair, said)


def test_a_cause_that_is_only_in_the_log_is_read_there_and_has_its_repair() -> None:
    said = explained(SETTINGS, f"too many failed, view the {ELSEWHERE}", lambda: "Caused by: Status Code: 403")
    assert "Caused by: Status Code: 403" in said
    assert "s3:PutObject" in said


def test_another_failure_stays_as_it_is() -> None:
    assert "no space" == explained(SETTINGS, "no space", str)
