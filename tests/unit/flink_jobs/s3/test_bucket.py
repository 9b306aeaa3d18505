from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber
from mypy_boto3_s3.client import S3Client

from flink_jobs.errors import LandingJobError, SetupError, UnreachableError
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import OpenUpload, StoredObject

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
    found = list(Bucket(lambda: client, "b").objects("p/"))
    assert [StoredObject("p/1", NOON), StoredObject("p/2", NOON)] == found


def test_a_listing_may_begin_after_a_key(client: S3Client, stub: Stubber) -> None:
    request = {"Bucket": "b", "Prefix": "p/", "StartAfter": "p/1"}
    stub.add_response("list_objects_v2", {"Contents": [{"Key": "p/2", "LastModified": NOON}]}, request)
    assert [StoredObject("p/2", NOON)] == list(Bucket(lambda: client, "b").objects("p/", "p/1"))


def test_directories_are_listed_without_what_they_hold(client: S3Client, stub: Stubber) -> None:
    request = {"Bucket": "b", "Prefix": "p/", "Delimiter": "/"}
    page = {"CommonPrefixes": [{"Prefix": "p/2024/"}, {"Prefix": "p/2025/"}], "Contents": [{"Key": "p/x"}]}
    stub.add_response("list_objects_v2", page, request)
    assert ["p/2024/", "p/2025/"] == Bucket(lambda: client, "b").directories("p/")


def test_an_upload_is_completed_of_the_parts_that_it_has_stored(client: S3Client, stub: Stubber) -> None:
    """An upload without a part cannot be completed."""
    of = {"Bucket": "b", "Key": "k", "UploadId": "u"}
    parts = [{"PartNumber": number, "ETag": f'"{number}"'} for number in (1, 2)]
    stub.add_response("list_parts", {"Parts": [{**part, "Size": 1, "LastModified": NOON} for part in parts]}, of)
    stub.add_response("complete_multipart_upload", {}, {**of, "MultipartUpload": {"Parts": parts}})
    stub.add_response("list_parts", {}, of)
    bucket = Bucket(lambda: client, "b")
    for _ in range(2):
        bucket.complete(OpenUpload("k", "u", NOON))
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "error", "repair"),
    [
        ("404", SetupError, "HOURGLASS_BUCKET"),
        ("403", SetupError, "HOURGLASS_S3_SECRET_ACCESS_KEY"),
        ("500", UnreachableError, "try again"),
    ],
)
def test_each_refusal_names_its_repair(
    client: S3Client, stub: Stubber, code: str, error: type[LandingJobError], repair: str
) -> None:
    stub.add_client_error("head_bucket", service_error_code=code, http_status_code=int(code))
    with pytest.raises(error, match=repair):
        Bucket(lambda: client, "b").check()


def test_a_server_that_is_away_is_one_clear_error() -> None:
    with pytest.raises(UnreachableError, match="HOURGLASS_S3_ENDPOINT"):
        list(Bucket(lambda: client_of("http://127.0.0.1:1"), "b").objects(""))


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_an_object_is_created_once(client: S3Client, stub: Stubber, code: str) -> None:
    """The server decides by `If-None-Match`; 412 and 409 mean "not by this call" and are not an error."""
    request = {"Bucket": "b", "Key": "k", "Body": b"1", "IfNoneMatch": "*", "ACL": "private"}
    stub.add_response("put_object", {}, request)
    stub.add_client_error("put_object", service_error_code=code, expected_params=request)
    stub.add_client_error("put_object", service_error_code="AccessDenied", expected_params=request)
    bucket = Bucket(lambda: client, "b", put_arguments={"ACL": "private"})
    assert [True, False] == [bucket.create("k", b"1"), bucket.create("k", b"1")]
    with pytest.raises(SetupError):
        bucket.create("k", b"1")


def test_the_account_of_the_bucket_is_asked_for_and_named_in_the_refusal(client: S3Client, stub: Stubber) -> None:
    owned = {"Bucket": "b", "ExpectedBucketOwner": "111122223333"}
    stub.add_client_error("head_bucket", service_error_code="403", expected_params=owned)
    with pytest.raises(SetupError, match=r"does not belong to account 111122223333.*HOURGLASS_BUCKET_OWNER"):
        Bucket(lambda: client, "b", "111122223333").check()


def test_what_is_gone_already_is_no_error(client: S3Client, stub: Stubber) -> None:
    upload = OpenUpload("k", "u", NOON)
    stub.add_client_error("get_object", service_error_code="NoSuchKey")
    stub.add_client_error("abort_multipart_upload", service_error_code="NoSuchUpload")
    stub.add_client_error("list_parts", service_error_code="NoSuchUpload")
    bucket = Bucket(lambda: client, "b")
    assert bucket.read("k") is None
    bucket.abort(upload)
    assert [] == bucket.parts(upload)


@pytest.mark.parametrize("operation", ["get_object", "put_object", "delete_object", "list_multipart_uploads"])
def test_every_refusal_is_an_error_of_ours(client: S3Client, stub: Stubber, operation: str) -> None:
    stub.add_client_error(operation, service_error_code="AccessDenied")
    bucket = Bucket(lambda: client, "b")
    calls: dict[str, Callable[[], object]] = {
        "get_object": lambda: bucket.read("k"),
        "put_object": lambda: bucket.put("k", b""),
        "delete_object": lambda: bucket.delete("k"),
        "list_multipart_uploads": lambda: list(bucket.uploads("p/")),
    }
    with pytest.raises(SetupError, match="refuses"):
        calls[operation]()
