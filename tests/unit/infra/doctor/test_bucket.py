"""Each check of the bucket, ok and wrong, over answers of S3's API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from flink_jobs.contracts.s3_access import S3Access
from infra.doctor import bucket as doctor
from infra.doctor.bucket import BucketProbe
from infra.doctor.checks import Judgement, Verdict
from infra.doctor.demands import Demands
from tests.fakes.clock import FakeClock

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
OUTAGE = timedelta(hours=24)
Answers = list[tuple[str, dict[str, Any] | str]]
UPLOAD = {"Uploads": [{"Key": "k", "UploadId": "u1"}]}
LIFECYCLE = {
    "Rules": [
        {
            "ID": "uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]
}
ENCRYPTED = {
    "ServerSideEncryptionConfiguration": {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
    }
}
PARTS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def blocked(*parts: str) -> dict[str, Any]:
    return {"PublicAccessBlockConfiguration": {part: part in parts for part in PARTS}}


def dated(moment: datetime) -> dict[str, Any]:
    """Return the answer to a HEAD with this Date."""
    text = f"{moment:%a, %d %b %Y %H:%M:%S GMT}"
    return {"ResponseMetadata": {"HTTPHeaders": {"date": text}, "HTTPStatusCode": 200}}


@pytest.fixture
def asked() -> Iterator[Callable[[Callable[[BucketProbe], Judgement], Answers], Judgement]]:
    """Judge over scripted answers; a text is the code of an error. Every answer must be taken."""
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", region_name="us-east-1", **keys)  # type: ignore[call-overload] # names above
    with Stubber(client) as stub:

        def judge(check: Callable[[BucketProbe], Judgement], answers: Answers) -> Judgement:
            for operation, answer in answers:
                if isinstance(answer, str):
                    status = int(answer) if answer.isdigit() else 400
                    stub.add_client_error(operation, answer, http_status_code=status)
                else:
                    stub.add_response(operation, answer)
            found = check(BucketProbe(S3Access(), "lake", "orders", "flink/orders/doctor/1", client))
            stub.assert_no_pending_responses()
            return found

        yield judge


def lifecycle(probe: BucketProbe) -> Judgement:
    return doctor.lifecycle(probe, OUTAGE)


def clock_skew(probe: BucketProbe) -> Judgement:
    return doctor.clock_skew(probe, timedelta(seconds=5), FakeClock(NOW))


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        (doctor.answers, [("head_bucket", {})]),
        (clock_skew, [("head_bucket", dated(NOW - timedelta(seconds=5)))]),
        (doctor.lists, [("list_objects_v2", {})]),
        (doctor.writes, [("put_object", {})]),
        (doctor.refuses_second_put, [("put_object", "PreconditionFailed")]),
        (
            doctor.aborts_upload,
            [
                ("create_multipart_upload", {"UploadId": "u1"}),
                ("list_multipart_uploads", UPLOAD),
                ("abort_multipart_upload", {}),
            ],
        ),
        (doctor.deletes, [("delete_object", {})]),
        (doctor.has_versions, [("get_bucket_versioning", {"Status": "Enabled"})]),
        (lifecycle, [("get_bucket_lifecycle_configuration", LIFECYCLE)]),
        (doctor.is_encrypted, [("get_bucket_encryption", ENCRYPTED)]),
        (doctor.is_private, [("get_public_access_block", blocked(*PARTS))]),
    ],
)
def test_a_bucket_of_production_is_ok(asked: Any, check: Callable[..., Judgement], answers: Answers) -> None:
    """Nothing to repair."""
    found = asked(check, answers)
    assert (Verdict.OK, "") == (found.verdict, found.repair), found.said


@pytest.mark.parametrize(
    ("check", "answers", "said", "repair"),
    [
        (doctor.answers, [("head_bucket", "404")], "404", "create the bucket"),
        (doctor.answers, [("head_bucket", "403")], "403", "allow s3:ListBucket"),
        (doctor.answers, [("head_bucket", "503")], "503", "start the S3 server"),
        (clock_skew, [("head_bucket", dated(NOW - timedelta(seconds=7)))], "6 seconds behind", "NTP"),
        (clock_skew, [("head_bucket", dated(NOW + timedelta(hours=2)))], "2 hours ahead of", "NTP"),
        (doctor.lists, [("list_objects_v2", "AccessDenied")], "AccessDenied", "s3:ListBucket"),
        (doctor.writes, [("put_object", "AccessDenied")], "AccessDenied", "s3:PutObject"),
        (doctor.refuses_second_put, [("put_object", {})], "succeeded", "If-None-Match"),
        (doctor.refuses_second_put, [("put_object", "AccessDenied")], "AccessDenied", "s3:PutObject"),
        (
            doctor.aborts_upload,
            [
                ("create_multipart_upload", {"UploadId": "u1"}),
                ("list_multipart_uploads", {}),
                ("abort_multipart_upload", {}),
            ],
            "not listed",
            "s3:ListBucketMultipartUploads",
        ),
        (
            doctor.aborts_upload,
            [
                ("create_multipart_upload", {"UploadId": "u1"}),
                ("list_multipart_uploads", UPLOAD),
                ("abort_multipart_upload", "AccessDenied"),
            ],
            "AbortMultipartUpload: AccessDenied",
            "s3:AbortMultipartUpload",
        ),
        (doctor.deletes, [("delete_object", "AccessDenied")], "AccessDenied", "s3:DeleteObject on flink/orders/*"),
        (doctor.has_versions, [("get_bucket_versioning", {})], "cannot be brought back", "put-bucket-versioning"),
        (doctor.has_versions, [("get_bucket_versioning", {"Status": "Suspended"})], "cannot", "Status=Enabled"),
        (
            lifecycle,
            [("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")],
            "for ever",
            "AbortIncompleteMultipartUpload",
        ),
        (
            doctor.is_encrypted,
            [("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")],
            "as they are sent",
            "put-bucket-encryption",
        ),
        (
            doctor.is_private,
            [("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")],
            "BlockPublicAcls, IgnorePublicAcls",
            "put-public-access-block",
        ),
        (doctor.is_private, [("get_public_access_block", blocked(*PARTS[1:]))], "not blocked: BlockPublicAcls", "lake"),
    ],
)
def test_what_is_wrong_is_named_with_its_repair(
    asked: Any, check: Callable[..., Judgement], answers: Answers, said: str, repair: str
) -> None:
    """Each check turns red."""
    found = asked(check, answers)
    assert Verdict.WRONG is found.verdict, found.said
    assert said in found.said
    assert repair in found.repair


@pytest.mark.parametrize(
    ("check", "operation"),
    [
        (doctor.has_versions, "get_bucket_versioning"),
        (lifecycle, "get_bucket_lifecycle_configuration"),
        (doctor.is_encrypted, "get_bucket_encryption"),
        (doctor.is_private, "get_public_access_block"),
    ],
)
@pytest.mark.parametrize(("code", "repair"), [("AccessDenied", "allow s3:Get"), ("NotImplemented", "of the server")])
def test_what_may_not_be_asked_is_unknown(
    asked: Any, check: Callable[..., Judgement], operation: str, code: str, repair: str
) -> None:
    """A server that refuses or lacks the question has not said that something is wrong."""
    found = asked(check, [(operation, code)])
    assert Verdict.UNKNOWN is found.verdict
    assert code in found.said
    assert repair in found.repair


def test_the_probe_is_written_as_every_object_is() -> None:
    """The encryption that a bucket's policy may demand is sent, or the check would fail where the job would not."""
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", region_name="us-east-1", **keys)  # type: ignore[call-overload] # names above
    access = S3Access(s3_encryption="sse-s3")
    sent = {"Bucket": "lake", "Key": "k", "Body": b"hourglass doctor", "ServerSideEncryption": "AES256"}
    with Stubber(client) as stub:
        stub.add_response("put_object", {}, sent)
        assert Verdict.OK is doctor.writes(BucketProbe(access, "lake", "orders", "k", client)).verdict


def test_a_bucket_on_one_machine_is_not_asked_for_policies() -> None:
    """The S3 server of the local stack has none."""
    probe = BucketProbe.of(S3Access(s3_endpoint="http://127.0.0.1:1"), "lake", "orders")
    production = {check.name for check in doctor.bucket_checks(probe, Demands(OUTAGE), FakeClock(NOW))}
    local = {check.name for check in doctor.bucket_checks(probe, Demands.of_one_machine(OUTAGE), FakeClock(NOW))}
    policies = {"versions of", "lifecycle of", "encryption of", "public access to"}
    assert {f"{policy} bucket lake" for policy in policies} == production - local
