"""Whether the bucket does what landing job, seals and leases rely on, and keeps what it must keep.

A probe object below `flink/<stream>/doctor/` is written and removed: the landing job has the same rights there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flink_jobs.contracts.clock import Clock
from flink_jobs.contracts.s3_access import S3Access
from flink_jobs.contracts.s3_errors import FailureKind, failure_of
from infra.doctor.checks import Area, Check, Judgement, ok, unknown, wrong
from infra.doctor.clocks import Asked
from infra.doctor.demands import Demands, spoken
from infra.doctor.lifecycle import judge_rules

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LIMITS = Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})
_NOT_SUPPORTED = frozenset({"NotImplemented", "MethodNotAllowed"})
_ABSENT = frozenset(
    {
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


@dataclass(frozen=True)
class BucketProbe:
    """A bucket, and the key at which its rights are tried.

    Args:
        access: endpoint and credentials.
        name: of the bucket.
        prefix: of a stream.
        key: of the probe object.
    """

    access: S3Access
    name: str
    prefix: str
    key: str
    client: S3Client = field(repr=False)

    @classmethod
    def of(cls, access: S3Access, name: str, prefix: str) -> BucketProbe:
        """Choose a key that no other probe has."""
        key = f"flink/{prefix}/doctor/{uuid.uuid4().hex}"
        return cls(access, name, prefix, key, access.client(_LIMITS))

    def put(self, **condition: str) -> None:
        """Write the probe object as the project writes each of its objects."""
        arguments: dict[str, Any] = {**self.access.put_arguments(), **condition}
        self.client.put_object(Bucket=self.name, Key=self.key, Body=b"hourglass doctor", **arguments)


def bucket_checks(probe: BucketProbe, demands: Demands, clock: Clock) -> Iterator[Check]:
    """Yield the checks of the bucket of a stream; the probe object is removed at the end."""
    named = f"bucket {probe.name}"
    yield Check(Area.BUCKET, f"{named} answers", partial(answers, probe), is_gate=True)
    yield Check(Area.BUCKET, f"clock of {named}", partial(clock_skew, probe, demands.skew, clock))
    yield Check(Area.BUCKET, f"list {named}", partial(lists, probe))
    yield Check(Area.BUCKET, f"write to {named}", partial(writes, probe))
    yield Check(Area.BUCKET, f"conditional PUT in {named}", partial(refuses_second_put, probe))
    yield Check(Area.BUCKET, f"multipart upload in {named}", partial(aborts_upload, probe))
    yield Check(Area.BUCKET, f"delete in {named}", partial(deletes, probe))
    if demands.bucket_policies:
        yield Check(Area.BUCKET, f"versions of {named}", partial(has_versions, probe))
        yield Check(Area.BUCKET, f"lifecycle of {named}", partial(lifecycle, probe, demands.outage))
        yield Check(Area.BUCKET, f"encryption of {named}", partial(is_encrypted, probe))
        yield Check(Area.BUCKET, f"public access to {named}", partial(is_private, probe))


def answers(probe: BucketProbe) -> Judgement:
    """Judge endpoint, credentials, and that the bucket is there."""
    try:
        probe.client.head_bucket(Bucket=probe.name)
    except (ClientError, BotoCoreError) as exc:
        kind, code = failure_of(exc)
        repair = {
            FailureKind.NO_BUCKET: "create the bucket, or set HOURGLASS_BUCKET",
            FailureKind.MISSING: "create the bucket, or set HOURGLASS_BUCKET",
            FailureKind.REFUSED: "allow s3:ListBucket to these credentials, or set HOURGLASS_S3_ACCESS_KEY_ID and "
            "HOURGLASS_S3_SECRET_ACCESS_KEY to others",
        }.get(kind, "start the S3 server, or set HOURGLASS_S3_ENDPOINT")
        return wrong(f"{probe.client.meta.endpoint_url}: {code}", repair)
    return ok(probe.client.meta.endpoint_url)


def clock_skew(probe: BucketProbe, skew_max: timedelta, clock: Clock) -> Judgement:
    """Judge the difference between the clock of the bucket's server and that of this machine."""
    before = clock.utc_now()
    answer = probe.client.head_bucket(Bucket=probe.name)
    after = clock.utc_now()
    written = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if written is None:
        return unknown("the server sends no Date header")
    shown = parsedate_to_datetime(written)
    skew = Asked(before, after).skew(shown, timedelta(seconds=1))  # the header has whole seconds
    if abs(skew) > skew_max:
        which = "behind" if skew < timedelta() else "ahead of"
        return wrong(
            f"it is {spoken(abs(skew))} {which} this machine: requests are refused at 15 minutes, and leases overlap",
            "let both machines keep their time by NTP",
        )
    return ok(f"within {spoken(skew_max)} of this machine")


def lists(probe: BucketProbe) -> Judgement:
    """Judge the right to list."""
    try:
        probe.client.list_objects_v2(Bucket=probe.name, Prefix=f"{probe.prefix}/ledger/", MaxKeys=1)
    except ClientError as exc:
        return _refused(exc, "s3:ListBucket on the bucket")
    return ok(f"{probe.prefix}/ledger/")


def writes(probe: BucketProbe) -> Judgement:
    """Judge the right to write with the configured encryption and ACL."""
    try:
        probe.put()
    except ClientError as exc:
        return _refused(exc, "s3:PutObject, and kms:GenerateDataKey where the bucket has a key")
    return ok(probe.key)


def refuses_second_put(probe: BucketProbe) -> Judgement:
    """Judge `If-None-Match: *`: seals and leases are written once because a second PUT is refused."""
    try:
        probe.put(IfNoneMatch="*")
    except ClientError as exc:
        if failure_of(exc).kind is FailureKind.CONFLICT:
            return ok("a second PUT of one key is refused")
        return _refused(exc, "s3:PutObject")
    return wrong(
        "a second PUT of one key succeeded: two jobs could hold one lease, and a seal be overwritten",
        "use AWS, or an S3 server that honours If-None-Match on PUT",
    )


def aborts_upload(probe: BucketProbe) -> Judgement:
    """Judge a multipart upload that is begun, listed and aborted, as those of a job that was killed are."""
    rights = "s3:PutObject, s3:ListBucketMultipartUploads and s3:AbortMultipartUpload"
    try:
        upload = probe.client.create_multipart_upload(Bucket=probe.name, Key=probe.key)["UploadId"]
        listed = probe.client.list_multipart_uploads(Bucket=probe.name, Prefix=probe.key).get("Uploads", [])
        probe.client.abort_multipart_upload(Bucket=probe.name, Key=probe.key, UploadId=upload)
    except ClientError as exc:
        return _refused(exc, rights)
    if upload not in {one.get("UploadId") for one in listed}:
        return wrong("an open upload is not listed: those of a killed job would stay for ever", f"allow {rights}")
    return ok("begun, listed, aborted")


def deletes(probe: BucketProbe) -> Judgement:
    """Judge the right to delete below `flink/`, and remove the probe object."""
    try:
        probe.client.delete_object(Bucket=probe.name, Key=probe.key)
    except ClientError as exc:
        return _refused(exc, f"s3:DeleteObject on flink/{probe.prefix}/*")
    return ok("the probe object is removed")


def has_versions(probe: BucketProbe) -> Judgement:
    """Judge versioning: most repairs of the ledger restore a former version."""
    repair = f"aws s3api put-bucket-versioning --bucket {probe.name} --versioning-configuration Status=Enabled"
    asked = _asked(probe, "get_bucket_versioning", "s3:GetBucketVersioning")
    if isinstance(asked, Judgement):
        return asked
    if asked.get("Status") != "Enabled":
        return wrong("objects that are deleted or overwritten cannot be brought back", repair)
    return ok("enabled")


def lifecycle(probe: BucketProbe, outage: timedelta) -> Judgement:
    """Judge the rules: nothing of the proof expires, and abandoned uploads do, after the longest outage."""
    asked = _asked(probe, "get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration")
    if isinstance(asked, Judgement):
        return asked
    return judge_rules(asked.get("Rules", []), probe.prefix, outage)


def is_encrypted(probe: BucketProbe) -> Judgement:
    """Judge the encryption at rest."""
    asked = _asked(probe, "get_bucket_encryption", "s3:GetEncryptionConfiguration")
    if isinstance(asked, Judgement):
        return asked
    rules = asked.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    found = [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]
    if not found:
        return wrong("objects are stored as they are sent", f"aws s3api put-bucket-encryption --bucket {probe.name} …")
    return ok(found[0])


def is_private(probe: BucketProbe) -> Judgement:
    """Judge the block of public access: all four of its parts."""
    asked = _asked(probe, "get_public_access_block", "s3:GetBucketPublicAccessBlock")
    if isinstance(asked, Judgement):
        return asked
    parts = asked.get("PublicAccessBlockConfiguration", {})
    wanted = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    if absent := [part for part in wanted if not parts.get(part)]:
        return wrong(f"not blocked: {', '.join(absent)}", f"aws s3api put-public-access-block --bucket {probe.name} …")
    return ok("blocked")


def _asked(probe: BucketProbe, operation: str, right: str) -> Mapping[str, Any] | Judgement:
    """Return the answer about the bucket, empty where nothing is configured, or why there is none."""
    try:
        answer: Mapping[str, Any] = getattr(probe.client, operation)(Bucket=probe.name)
    except ClientError as exc:
        code = failure_of(exc).code
        if code in _ABSENT:
            return {}
        if code in _NOT_SUPPORTED:
            return unknown(f"the server does not offer it ({code})", "look at the settings of the server")
        return unknown(f"the server refuses {operation} ({code})", f"allow {right} to whom asks")
    return answer


def _refused(error: ClientError, rights: str) -> Judgement:
    return wrong(f"{error.operation_name}: {failure_of(error).code}", f"allow {rights}")
