from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

from flink_jobs.contracts.s3_errors import FailureKind, S3Failure, failure_of


def answered(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item] # the part of a response that matters


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, FailureKind.MISSING),
        ("404", 404, FailureKind.MISSING),
        ("NoSuchUpload", 404, FailureKind.MISSING),
        ("NoSuchBucket", 404, FailureKind.NO_BUCKET),
        ("PreconditionFailed", 412, FailureKind.CONFLICT),
        ("ConditionalRequestConflict", 409, FailureKind.CONFLICT),
        ("AccessDenied", 403, FailureKind.REFUSED),
        ("SignatureDoesNotMatch", 403, FailureKind.REFUSED),
        ("SlowDown", 503, FailureKind.UNAVAILABLE),
        ("RequestTimeout", 400, FailureKind.UNAVAILABLE),
    ],
)
def test_a_known_code_decides(code: str, status: int, kind: FailureKind) -> None:
    """The status alone is ambiguous: a request that timed out has 400, like a malformed one."""
    assert S3Failure(kind, code) == failure_of(answered(code, status))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FailureKind.MISSING),
        (412, FailureKind.CONFLICT),
        (429, FailureKind.UNAVAILABLE),
        (502, FailureKind.UNAVAILABLE),
        (400, FailureKind.REFUSED),
        (0, FailureKind.REFUSED),
    ],
)
def test_the_status_decides_for_an_unknown_code(status: int, kind: FailureKind) -> None:
    """Servers other than AWS have their own codes."""
    assert S3Failure(kind, "Strange") == failure_of(answered("Strange", status))


def test_without_an_answer_the_server_is_away_unless_credentials_are_missing() -> None:
    """Missing credentials are found before a request is sent, and a retry does not help."""
    assert S3Failure(FailureKind.REFUSED, "NoCredentialsError") == failure_of(NoCredentialsError())
    for error in (EndpointConnectionError(endpoint_url="http://x"), ConnectTimeoutError(endpoint_url="http://x")):
        assert FailureKind.UNAVAILABLE == failure_of(error).kind
