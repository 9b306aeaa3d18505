"""What a failure of the job says of a bucket that refuses, and the repair. Pure."""

from __future__ import annotations

from flink_jobs.settings import LandingSettings

SIGNS = ("AccessDenied", "Status Code: 403", "answered 403")
"""Words of S3A, of AWS's client and of our own in a failure; only to be shown, nothing is decided by them."""
ELSEWHERE = "Job Manager log"
"""In Flink's words: the cause of a failed checkpoint stands in the log alone."""


def with_repair(settings: LandingSettings, failure: str) -> str:
    """Add to a failure what to do, where the bucket has refused something."""
    if not any(sign in failure for sign in SIGNS):
        return failure
    return (
        f"{failure}\nthe bucket refuses the job's keys: allow them s3:GetObject, s3:PutObject, s3:DeleteObject and "
        f"s3:AbortMultipartUpload on {settings.url(settings.stream)}/* and "
        f"{settings.url(f'flink/{settings.stream}')}/*, and s3:ListBucket; the job tries again for about five minutes, "
        "then ends: `hourglass job start`"
    )
