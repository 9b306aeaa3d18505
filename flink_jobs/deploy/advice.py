"""Add cause and repair to a failure of the job. Pure."""

from __future__ import annotations

from collections.abc import Callable

from flink_jobs.flink.home import S3_PLUGIN
from flink_jobs.flink.jars import UPLOADS_NAME
from flink_jobs.settings import LandingSettings

DENIED = ("AccessDenied", "Status Code: 403", "answered 403")
DIGEST_MISSING = ("Content-MD5",)
"""Words of S3, of S3A, of AWS's client and of our own in a failure. They choose what is printed and decide nothing
else."""
ELSEWHERE = "Job Manager log"
"""Flink's words where the cause of a failed checkpoint is only in the log."""


def explained(settings: LandingSettings, failure: str, log_causes: Callable[[], str]) -> str:
    """Return a failure with its causes from the log, where Flink writes them there alone, and with the repair."""
    if ELSEWHERE in failure:
        failure = f"{failure}\n{log_causes()}".strip()
    return with_repair(settings, failure)


def with_repair(settings: LandingSettings, failure: str) -> str:
    """Append the repair to a failure in which the bucket has refused a request."""
    if any(sign in failure for sign in DIGEST_MISSING):
        return (
            f"{failure}\nthe bucket asks for a digest of each PUT, as with Object Lock, and the job did not send one "
            f"or sent a wrong one: every machine needs the {UPLOADS_NAME} of this release in plugins/{S3_PLUGIN}/; "
            "else use a bucket without Object Lock (HOURGLASS_BUCKET)"
        )
    if any(sign in failure for sign in DENIED):
        return (
            f"{failure}\nthe bucket refuses the job's keys: allow them s3:GetObject, s3:PutObject, "
            f"s3:AbortMultipartUpload and s3:ListMultipartUploadParts on {settings.url(settings.stream)}/*, "
            f"s3:GetObject, s3:PutObject and s3:DeleteObject on {settings.url(f'flink/{settings.stream}')}/*, "
            "s3:ListBucket and s3:ListBucketMultipartUploads, and where the bucket has a key of its own kms:Decrypt "
            "and kms:GenerateDataKey (infra/terraform/policies has the policy); the job tries again for about five "
            "minutes, then ends: `hourglass job start`"
        )
    return failure
