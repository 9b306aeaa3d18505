from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.config import Config
from botocore.utils import parse_timestamp
from pydantic import ValidationError

from flink_jobs.contracts.s3_access import CannedAcl, S3Access, moment_of
from flink_jobs.flink.s3_properties import _ACLS, s3_properties
from tests.fakes.http_server import serving

KEYS = {"s3_access_key_id": "id", "s3_secret_access_key": "canary"}
ROLE = "arn:aws:iam::123456789012:role/landing"
ONE_TRY = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})


def access(**values: Any) -> S3Access:
    return S3Access(_env_file=None, **values)


def test_keys_are_static_in_flink() -> None:
    expected = {
        "s3.directory.marker.retention": "keep",
        "s3.upload.min.part.size": "16777216",
        "s3.endpoint": "http://127.0.0.1:9000",
        "s3.endpoint.region": "us-east-1",
        "s3.path.style.access": "true",
        "s3.access-key": "id",
        "s3.secret-key": "canary",
        "s3.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    }
    assert expected == s3_properties(access(s3_endpoint="http://127.0.0.1:9000", **KEYS))


def test_without_keys_the_chain_of_aws_is_asked() -> None:
    """The providers are environment, Kubernetes' web identity, profile, container, machine."""
    expected = {
        "s3.directory.marker.retention": "keep",
        "s3.upload.min.part.size": "16777216",
        "s3.endpoint.region": "eu-central-1",
        "s3.aws.credentials.provider": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
    }
    assert expected == s3_properties(access(s3_region="eu-central-1"))


def test_a_session_token_goes_with_its_keys() -> None:
    found = s3_properties(access(**KEYS, s3_session_token="canary-token"))
    assert "canary-token" == found["s3.session.token"]
    assert found["s3.aws.credentials.provider"].endswith("TemporaryAWSCredentialsProvider")


def test_a_role_is_assumed_with_the_own_credentials() -> None:
    """The region of STS is set only with its endpoint, because S3A refuses one without the other."""
    found = s3_properties(access(s3_role_arn=ROLE, s3_sts_endpoint="http://127.0.0.1:9001"))
    expected = {
        "s3.aws.credentials.provider": "org.apache.hadoop.fs.s3a.auth.AssumedRoleCredentialProvider",
        "s3.assumed.role.credentials.provider": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
        "s3.assumed.role.arn": ROLE,
        "s3.assumed.role.session.name": "hourglass",
        "s3.assumed.role.sts.endpoint": "http://127.0.0.1:9001",
        "s3.assumed.role.sts.endpoint.region": "us-east-1",
    }
    assert expected == {name: value for name, value in found.items() if "role" in name or "provider" in name}
    assert "s3.assumed.role.sts.endpoint.region" not in s3_properties(access(s3_role_arn=ROLE))


def test_encryption_and_acl_mean_the_same_on_both_sides() -> None:
    """A seal asks the bucket for the same encryption and ACL as the job."""
    kept = access(s3_encryption="sse-kms", s3_kms_key_id="key-1", s3_acl="bucket-owner-full-control")
    found = s3_properties(kept)
    assert ("SSE-KMS", "key-1", "BucketOwnerFullControl") == (
        found["s3.encryption.algorithm"],
        found["s3.encryption.key"],
        found["s3.acl.default"],
    )
    expected = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1", "ACL": "bucket-owner-full-control"}
    assert expected == kept.put_arguments()
    assert {"ServerSideEncryption": "AES256"} == access(s3_encryption="sse-s3").put_arguments()
    assert set(CannedAcl) == set(_ACLS)


@pytest.mark.parametrize(
    ("endpoint", "path_style", "address"),
    [
        ("http://s3.test:9000", None, "http://s3.test:9000/bucket"),
        ("http://s3.test:9000", False, "http://bucket.s3.test:9000/"),
        (None, None, "https://bucket.s3.amazonaws.com/"),
        (None, True, "https://s3.amazonaws.com/bucket"),
    ],
)
def test_the_bucket_stands_in_the_path_or_in_the_host(
    endpoint: str | None, path_style: bool | None, address: str
) -> None:
    """By default it is in the path with a custom endpoint, and in the host name on AWS."""
    client = access(s3_endpoint=endpoint, s3_path_style=path_style, **KEYS).client(ONE_TRY)
    assert address == client.generate_presigned_url("head_bucket", {"Bucket": "bucket"}).split("?")[0]


@pytest.mark.parametrize(
    ("values", "repair"),
    [
        ({"s3_secret_access_key": "canary"}, "HOURGLASS_S3_ACCESS_KEY_ID"),
        ({"s3_session_token": "canary"}, "HOURGLASS_S3_SESSION_TOKEN"),
        ({"s3_kms_key_id": "k", "s3_encryption": "sse-s3"}, "HOURGLASS_S3_ENCRYPTION=sse-kms"),
        ({"s3_encryption": "sse-kms", "s3_endpoint": "http://127.0.0.1:9000"}, "https"),
        ({"s3_role_arn": "landing"}, "s3_role_arn"),
        ({"s3_endpoint": "127.0.0.1:9000"}, "s3_endpoint"),
    ],
)
def test_half_settings_are_refused_with_their_repair(values: dict[str, str], repair: str) -> None:
    with pytest.raises(ValidationError, match=repair) as caught:
        access(**values)
    assert "canary" not in str(caught.value)


class Sts(BaseHTTPRequestHandler):
    """Issues one set of credentials, and records its requests and the access keys of S3 requests."""

    asked: list[dict[str, list[str]]]
    signed: list[tuple[str, str]]

    def do_POST(self) -> None:
        """Answer as STS."""
        self.asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        body = (
            b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            b"<AccessKeyId>temporary</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            b"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        """Answer as S3."""
        self.signed.append((self.headers["Authorization"], self.headers["x-amz-security-token"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def sts() -> Iterator[str]:
    Sts.asked, Sts.signed = [], []
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Sts)) as address:
        yield address


def test_python_assumes_the_role_once_and_signs_with_it(sts: str) -> None:
    """Two requests make one assumption; the credentials are used until they expire."""
    client = access(s3_endpoint=sts, s3_sts_endpoint=sts, s3_role_arn=ROLE, **KEYS).client(ONE_TRY)
    client.head_bucket(Bucket="b")
    client.head_bucket(Bucket="b")
    assert [([ROLE], ["hourglass"])] == [(asked["RoleArn"], asked["RoleSessionName"]) for asked in Sts.asked]
    assert [(True, "t")] * 2 == [("Credential=temporary/" in signature, token) for signature, token in Sts.signed]


@pytest.mark.parametrize(
    "text",
    ["2026-11-30T07:45:07.123Z", "2026-11-30T07:45:07Z", "Mon, 30 Nov 2026 07:45:07 GMT", "2026-11-30T07:45:07", "0"],
)
def test_times_of_responses_are_those_of_botocore(text: str) -> None:
    """Listings have the first form, headers the third one."""
    assert parse_timestamp(text) == moment_of(text)


class Listing(BaseHTTPRequestHandler):
    """Lists one object."""

    def do_GET(self) -> None:
        """Answer as S3."""
        body = (
            b"<ListBucketResult><Contents><Key>k</Key><LastModified>2026-11-30T07:45:07.123Z</LastModified></Contents>"
            b"</ListBucketResult>"
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


def test_a_client_reads_the_times_of_a_listing() -> None:
    """The session has the parser."""
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Listing)) as address:
        (found,) = access(s3_endpoint=address, **KEYS).client(ONE_TRY).list_objects_v2(Bucket="b")["Contents"]
    assert datetime(2026, 11, 30, 7, 45, 7, 123_000, UTC) == found["LastModified"]
    assert UTC is found["LastModified"].tzinfo, "botocore's own parser returns another zone"
