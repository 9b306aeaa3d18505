"""Add the repair to a failure of the job that is a refusal of the bucket. Pure."""

from __future__ import annotations

from flink_jobs.settings import LandingSettings

SIGNS = ("AccessDenied", "Status Code: 403", "answered 403")
"""Words of S3A, of AWS's client and of our own in a failure. They choose what is printed and decide nothing else."""
ELSEWHERE = "Job Manager log"
"""Flink's words where the cause of a failed checkpoint is only in the log."""


def with_repair(settings: LandingSettings, failure: str) -> str:
    """Append the repair to a failure in which the bucket has refused a request."""
    if not any(sign in failure for sign in SIGNS):
        return failure
    return (
        f"{failure}\nthe bucket refuses the job's keys: allow them s3:GetObject, s3:PutObject, s3:DeleteObject and "
        f"s3:AbortMultipartUpload on {settings.url(settings.stream)}/* and "
        f"{settings.url(f'flink/{settings.stream}')}/*, and s3:ListBucket; the job tries again for about five minutes, "
        "then ends: `hourglass job start`"
    )
