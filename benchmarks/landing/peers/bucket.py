"""The bucket of a task, as a peer's own bookkeeping is read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from benchmarks.landing.peer import Task
from flink_jobs.bucket import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def read(task: Task, key: str) -> str:
    """Read a small text object."""
    return _client(task).get_object(Bucket=task.bucket, Key=key)["Body"].read().decode()


def objects(task: Task, folder: str) -> list[StoredObject]:
    """List a folder below the task's prefix."""
    pages = _client(task).get_paginator("list_objects_v2").paginate(Bucket=task.bucket, Prefix=task.prefix + folder)
    return [StoredObject(found["Key"], found["LastModified"]) for page in pages for found in page.get("Contents", [])]


def _client(task: Task) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=task.s3_endpoint,
        region_name=task.s3_region,
        aws_access_key_id=task.s3_access_key_id,
        aws_secret_access_key=task.s3_secret_access_key,
    )
