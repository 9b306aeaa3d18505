"""The S3 seam over botocore's stub: requests as sent, responses as from S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from pydantic import SecretStr

from flink_jobs.contracts.s3_access import Encryption, S3Access
from orchestration.landing.clients.s3 import ListedObject, S3Bucket
from orchestration.landing.errors import BucketRefusedError, BucketUnavailableError


@pytest.fixture
def bucket() -> S3Bucket:
    """Port 1 has no listener, so a request without a stubbed response cannot leave this machine."""
    return S3Bucket(
        "hourglass",
        S3Access(
            _env_file=None,
            s3_endpoint="http://127.0.0.1:1",
            s3_access_key_id="me",
            s3_secret_access_key=SecretStr("canary"),
            s3_encryption=Encryption.S3,
        ),
        timeout_seconds=1,
        attempts_max=1,
    )


@pytest.fixture
def s3(bucket: S3Bucket) -> Iterator[Stubber]:
    with Stubber(bucket._client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def page(*keys: str, token: str | None = None) -> dict[str, object]:
    contents = [{"Key": key, "Size": 3, "ETag": '"e"'} for key in keys]
    return {"Contents": contents, "IsTruncated": token is not None} | (
        {"NextContinuationToken": token} if token else {}
    )


def test_a_listing_walks_all_pages_after_a_key(bucket: S3Bucket, s3: Stubber) -> None:
    """Two pages are listed; quotes are not part of an ETag."""
    asked = {"Bucket": "hourglass", "Prefix": "p/", "StartAfter": "p/a"}
    s3.add_response("list_objects_v2", page("p/b", "p/c", token="t"), asked)
    s3.add_response("list_objects_v2", page("p/d"), {**asked, "ContinuationToken": "t"})
    assert [ListedObject(f"p/{name}", 3, "e") for name in "bcd"] == list(bucket.list("p/", "p/a"))


def test_an_empty_prefix_lists_nothing(bucket: S3Bucket, s3: Stubber) -> None:
    """S3 then omits the contents."""
    s3.add_response("list_objects_v2", {"IsTruncated": False})
    assert [] == list(bucket.list("p/"))


def test_an_object_that_is_gone_is_none_among_present_ones(bucket: S3Bucket, s3: Stubber) -> None:
    """It was listed, and a stranger deleted it since."""
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert (None,) == bucket.get_present(["a"])


@pytest.mark.parametrize(("code", "status"), [("NoSuchBucket", 404), ("AccessDenied", 403)])
def test_a_refusal_is_not_taken_for_an_object_that_is_gone(
    bucket: S3Bucket, s3: Stubber, code: str, status: int
) -> None:
    """A ledger without its bucket is not empty."""
    s3.add_client_error("get_object", code, http_status_code=status)
    with pytest.raises(BucketRefusedError, match=code):
        bucket.get_present(["a"])


def test_a_write_is_create_only(bucket: S3Bucket, s3: Stubber) -> None:
    """The server decides, not an earlier listing."""
    asked = {"Bucket": "hourglass", "Key": "k", "Body": b"x", "IfNoneMatch": "*", "ServerSideEncryption": "AES256"}
    s3.add_response("put_object", {}, asked)
    assert bucket.put_if_absent("k", b"x")


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("Unknown", 412)]
)
def test_an_object_that_is_there_is_no_error(bucket: S3Bucket, s3: Stubber, code: str, status: int) -> None:
    """Another writer was first or is writing now: nothing was written."""
    s3.add_client_error("put_object", code, http_status_code=status)
    assert not bucket.put_if_absent("k", b"x")


@pytest.mark.parametrize(("etag", "condition"), [(None, {"IfNoneMatch": "*"}), ('"before"', {"IfMatch": '"before"'})])
def test_a_write_over_a_version_names_it(
    bucket: S3Bucket, s3: Stubber, etag: str | None, condition: dict[str, str]
) -> None:
    """The server compares, and returns the new version."""
    asked = {"Bucket": "hourglass", "Key": "k", "Body": b"x", "ServerSideEncryption": "AES256", **condition}
    s3.add_response("put_object", {"ETag": '"after"'}, asked)
    assert bucket.put_over("k", b"x", etag) == '"after"'


@pytest.mark.parametrize(("code", "status"), [("PreconditionFailed", 412), ("NoSuchKey", 404)])
def test_another_version_is_not_written_over(bucket: S3Bucket, s3: Stubber, code: str, status: int) -> None:
    """It was changed since, or deleted."""
    s3.add_client_error("put_object", code, http_status_code=status)
    assert bucket.put_over("k", b"x", '"before"') is None


def test_a_write_over_a_version_in_no_bucket_is_refused(bucket: S3Bucket, s3: Stubber) -> None:
    """No other run did that."""
    s3.add_client_error("put_object", "NoSuchBucket", http_status_code=404)
    with pytest.raises(BucketRefusedError, match="NoSuchBucket"):
        bucket.put_over("k", b"x", '"before"')


def test_an_object_is_fetched_with_its_version(bucket: S3Bucket, s3: Stubber) -> None:
    """One that is not there has none."""
    s3.add_response("get_object", {"Body": StreamingBody(BytesIO(b"x"), 1), "ETag": '"e"'})
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert (b"x", '"e"') == bucket.get_versioned("k")
    assert bucket.get_versioned("k") is None


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("RequestTimeout", 400), ("BadGateway", 502)]
)
def test_what_may_work_later_is_unavailable(bucket: S3Bucket, s3: Stubber, code: str, status: int) -> None:
    """The message names bucket, server and action."""
    s3.add_client_error("list_objects_v2", code, http_status_code=status)
    with pytest.raises(BucketUnavailableError, match=r"bucket hourglass at http://127\.0\.0\.1:1 cannot list p/ now"):
        list(bucket.list("p/"))


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDenied", 403), ("NoSuchBucket", 404), ("SignatureDoesNotMatch", 403)]
)
def test_what_must_be_repaired_is_refused(bucket: S3Bucket, s3: Stubber, code: str, status: int) -> None:
    """The message names the settings, and no secret."""
    s3.add_client_error("list_objects_v2", code, http_status_code=status)
    with pytest.raises(BucketRefusedError, match=f"{code}; check HOURGLASS_BUCKET") as raised:
        list(bucket.list("p/"))
    assert "canary" not in str(raised.value)


def test_an_object_that_is_gone_is_refused(bucket: S3Bucket, s3: Stubber) -> None:
    """It was listed a moment ago, so it was deleted."""
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    with pytest.raises(BucketRefusedError, match="get k"):
        bucket.get(["k"])


def test_a_server_that_does_not_listen_is_unavailable(bucket: S3Bucket) -> None:
    """Connection refused, timeouts and cut connections are all the same to a caller."""
    with pytest.raises(BucketUnavailableError, match="does not answer"):
        list(bucket.list("p/"))


def test_the_secret_is_not_shown(bucket: S3Bucket) -> None:
    """A bucket is a resource, and resources are printed."""
    assert "canary" not in repr(bucket)


def test_a_listed_object_shows_its_time_and_is_compared_without_it(bucket: S3Bucket, s3: Stubber) -> None:
    """A server may round the time; key, bytes and ETag identify an object."""
    moment = datetime(2025, 8, 1, 3, tzinfo=UTC)
    contents = [{"Key": "p/a", "Size": 3, "ETag": '"e"', "LastModified": moment}]
    s3.add_response("list_objects_v2", {"Contents": contents, "IsTruncated": False})
    (listed,) = bucket.list("p/")
    assert moment == listed.modified
    assert ListedObject("p/a", 3, "e") == listed
