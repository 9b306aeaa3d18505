"""What a failed S3 request means: one table of error codes for every client of the bucket.

A contract: it imports nothing of ours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class FailureKind(StrEnum):
    """Why a request failed, as far as a caller acts on it."""

    MISSING = "missing"
    """There is no such object or upload."""
    NO_BUCKET = "no_bucket"
    """There is no such bucket."""
    CONFLICT = "conflict"
    """A condition of the request does not hold: the object exists already, or it has changed."""
    REFUSED = "refused"
    """The server refuses the request or the credentials; a retry does not help."""
    UNAVAILABLE = "unavailable"
    """The server is away, overloaded or failing; a retry can help."""


class S3Failure(NamedTuple):
    """The kind of a failure, and the code to show for it."""

    kind: FailureKind
    code: str


_KINDS = {
    "NoSuchKey": FailureKind.MISSING,
    "NoSuchUpload": FailureKind.MISSING,
    "NotFound": FailureKind.MISSING,
    "404": FailureKind.MISSING,
    "NoSuchBucket": FailureKind.NO_BUCKET,
    "PreconditionFailed": FailureKind.CONFLICT,
    "ConditionalRequestConflict": FailureKind.CONFLICT,
    "409": FailureKind.CONFLICT,
    "412": FailureKind.CONFLICT,
    "InternalError": FailureKind.UNAVAILABLE,
    "SlowDown": FailureKind.UNAVAILABLE,
    "ServiceUnavailable": FailureKind.UNAVAILABLE,
    "RequestTimeout": FailureKind.UNAVAILABLE,
    "RequestTimeTooSkewed": FailureKind.UNAVAILABLE,
    "Throttling": FailureKind.UNAVAILABLE,
}
"""By code. The answer to a HEAD request has no body, and botocore gives its HTTP status as the code."""
_NOT_FOUND, _PRECONDITION_FAILED, _TOO_MANY_REQUESTS, _SERVER_ERROR = 404, 412, 429, 500


def failure_of(error: Exception) -> S3Failure:
    """Classify an error of boto3: a `ClientError` by its code, else by its HTTP status; a `BotoCoreError` by its class.

    An unknown code with a status below 500 is REFUSED.
    """
    # imported late: a process with such an error has loaded botocore already
    from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError  # noqa: PLC0415 - imported late on purpose

    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return S3Failure(_KINDS.get(code) or _kind_of_status(status), code)
    refused = isinstance(error, NoCredentialsError | PartialCredentialsError)
    return S3Failure(FailureKind.REFUSED if refused else FailureKind.UNAVAILABLE, type(error).__name__)


def _kind_of_status(status: int) -> FailureKind:
    if status == _NOT_FOUND:
        return FailureKind.MISSING
    if status == _PRECONDITION_FAILED:
        return FailureKind.CONFLICT
    is_away = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
    return FailureKind.UNAVAILABLE if is_away else FailureKind.REFUSED
