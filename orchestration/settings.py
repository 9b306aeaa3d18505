"""How orchestration reaches Kafka and the bucket, from `HOURGLASS_…` in the environment or in `.env`."""

from __future__ import annotations

from pydantic import ValidationError

from flink_jobs.contracts.s3_access import S3Access
from producers.kafka import KafkaAccess


class StreamAccess(KafkaAccess, S3Access):
    """Addresses and credentials of the broker and of the bucket; which topics and which bucket a document says."""


def wrong_variables(error: ValidationError, prefix: str = "HOURGLASS_") -> str:
    """Return the variables that settings refuse, each with its reason and never with its value.

    A reason that is about several variables names them itself.
    """
    return "; ".join(
        f"{prefix}{'_'.join(map(str, wrong['loc'])).upper()}: {wrong['msg']}"
        if wrong["loc"]
        else wrong["msg"].removeprefix("Value error, ")
        for wrong in error.errors(include_url=False, include_input=False)
    )
