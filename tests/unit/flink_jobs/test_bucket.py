from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber
from mypy_boto3_s3.client import S3Client

from flink_jobs.bucket import Bucket, StoredObject
from flink_jobs.errors import DeployError, SetupError, UnreachableError

NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)


def client_of(endpoint: str | None = None) -> S3Client:
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )


@pytest.fixture
def client() -> S3Client:
    return client_of()


@pytest.fixture
def stub(client: S3Client) -> Iterator[Stubber]:
    with Stubber(client) as stub:
        yield stub


def test_all_pages_are_listed(client: S3Client, stub: Stubber) -> None:
    request = {"Bucket": "b", "Prefix": "p/"}
    page = {"IsTruncated": True, "NextContinuationToken": "t", "Contents": [{"Key": "p/1", "LastModified": NOON}]}
    stub.add_response("list_objects_v2", page, request)
    last = {"IsTruncated": False, "Contents": [{"Key": "p/2", "LastModified": NOON}]}
    stub.add_response("list_objects_v2", last, {**request, "ContinuationToken": "t"})
    found = list(Bucket(client, "b").objects("p/"))
    assert [StoredObject("p/1", NOON), StoredObject("p/2", NOON)] == found


@pytest.mark.parametrize(
    ("code", "error", "repair"),
    [
        ("404", SetupError, "HOURGLASS_BUCKET"),
        ("403", SetupError, "HOURGLASS_S3_SECRET_ACCESS_KEY"),
        ("500", UnreachableError, "try again"),
    ],
)
def test_each_refusal_names_its_repair(
    client: S3Client, stub: Stubber, code: str, error: type[DeployError], repair: str
) -> None:
    stub.add_client_error("head_bucket", service_error_code=code)
    with pytest.raises(error, match=repair):
        Bucket(client, "b").check()


def test_a_server_that_is_away_is_one_clear_error() -> None:
    with pytest.raises(UnreachableError, match="HOURGLASS_S3_ENDPOINT"):
        list(Bucket(client_of("http://127.0.0.1:1"), "b").objects(""))
