"""The requests that the job sends to its bucket: encryption, ACL, a role's token, and three requests an object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flink_jobs.contracts.s3_access import S3Access
from orchestration.landing.clients.s3 import S3Bucket
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.faults.quick_java import VARIABLE, with_options
from tests.faults.recording_s3 import NO_DIGEST, TOKEN, RecordingS3, Request, recording_s3
from tests.faults.secure_broker import STORE_PASSWORD, certificates
from tests.integration.truth import objects, read_landed
from tests.stacks.seam import Server, Servers

ROLE = "arn:aws:iam::123456789012:role/landing"
RECORDS = 100
WRITES = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]


@pytest.fixture
def s3(servers: Servers) -> Iterator[RecordingS3]:
    with recording_s3(servers.settings) as proxy:
        yield proxy


def land(stack: LandingStack, before_stop: Callable[[], None] = lambda: None) -> None:
    """Land accepted and rejected records, and end with a savepoint."""
    stack.start_job()
    sent = stack.produce([Raw(event(number), partition=number % 4) for number in range(RECORDS)])
    sent |= stack.produce([Raw(b"no json")])
    stack.wait_until_landed(sent)
    before_stop()
    stack.stop_job()
    landed = read_landed(stack.settings)
    assert sent == set(landed.accepted) | set(landed.rejected)


def test_every_object_carries_its_encryption_and_acl(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request that makes an object asks for both: data, Flink's checkpoints, the stream's lease and its seals.

    KMS keys require TLS; Java and Python trust a private authority by their own variables.
    """
    made = certificates(tmp_path / "made")
    trust = f"-Djavax.net.ssl.trustStore={made.trust_store}", f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"
    monkeypatch.setenv(VARIABLE, with_options(*trust))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(made.authority))
    kept: dict[str, Any] = {"s3_encryption": "sse-kms", "s3_kms_key_id": "key-1", "s3_acl": "private"}
    with (
        recording_s3(servers.settings, made) as s3,
        LandingStack(servers, "kept", s3_endpoint=s3.address, **kept) as stack,
    ):
        land(stack)
        access = S3Access(**stack.landing.model_dump(include=set(S3Access.model_fields)))
        assert S3Bucket(stack.settings.bucket, access).put_if_absent("kept/seals/r0001.json", b"{}")
    made_objects = [one for one in s3.requests if one.operation in {"CreateMultipartUpload", "PutObject"}]
    names = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-acl")
    sent = {one.key: tuple(one.headers.get(name) for name in names) for one in made_objects}
    expected = ("aws:kms", "key-1", "private")
    assert {} == {key: headers for key, headers in sent.items() if headers != expected}
    kinds = ("kept/landing/", "kept/rejected/", "kept/ledger/", "kept/seals/", "flink/kept/")
    assert [] == [kind for kind in kinds if not any(key.startswith(kind) for key in sent)]


def test_a_part_whose_payload_is_to_be_signed_has_a_digest_and_no_presigned_address(
    servers: Servers, s3: RecordingS3
) -> None:
    """By default parts are presigned and have no digest; both ways land the same."""
    with LandingStack(servers, "signed", s3_endpoint=s3.address, s3_signed_parts=True) as stack:
        land(stack)
    parts = [one for one in s3.below("signed/") if one.operation == "UploadPart"]
    assert {(False, True)} == {(one.presigned, "x-amz-content-sha256" in one.headers) for one in parts}


def test_more_objects_than_memory_holds_go_through_files_and_have_digests_where_the_bucket_asks(
    servers: Servers, s3: RecordingS3
) -> None:
    """With forty open hours sixteen are uploaded from memory, the others by Flink's own writer; each lands once.

    The bucket takes nothing without a digest, as with Object Lock. It refuses each part at most once, and checkpoints,
    savepoint, lease and seal have digests, too.
    """
    s3.refuses = lambda one: one.operation in {"PutObject", "UploadPart"} and not one.digested
    s3.refusal = NO_DIGEST
    with LandingStack(servers, "replay", s3_endpoint=s3.address) as stack:
        hours = [BEGIN + timedelta(hours=number) for number in range(40)]
        sent = stack.produce([Raw(event(number), timestamp=hour) for number, hour in enumerate(hours)])
        stack.start_job()
        stack.wait_until_landed(sent)
        stack.stop_job()
        assert dict.fromkeys(sent, 1) == dict(read_landed(stack.settings).accepted)
        access = S3Access(**stack.landing.model_dump(include=set(S3Access.model_fields)))
        assert S3Bucket(stack.settings.bucket, access).put_if_absent("replay/seals/r0001.json", b"{}")
    written = [one for one in s3.requests if one.operation in {"PutObject", "UploadPart"} and one not in s3.refused]
    parts = [one for one in written if one.key.startswith("replay/landing/")]
    assert len(hours) == len(parts)
    assert {True, False} == {one.presigned for one in parts}
    written_below = {"/".join(one.key.split("/")[:-1]) for one in written}
    kinds = (
        "replay/ledger",
        "replay/seals",
        "flink/replay/leases",
        "flink/replay/checkpoints",
        "flink/replay/savepoints",
    )
    assert [] == [kind for kind in kinds if not any(place.startswith(kind) for place in written_below)]
    assert {1} == set(Counter(one.key for one in s3.refused).values())


@dataclass
class Usual:
    """A job that has landed and stopped, and its requests before the stop.

    It names a key and a storage class, which add headers to requests and no request.
    """

    stack: LandingStack
    s3: RecordingS3
    running: list[Request] = field(default_factory=list)

    def watch_checkpoints(self) -> None:
        """Wait for four checkpoints, and keep the requests of the job until then."""
        self.stack.wait_for_checkpoints(4)
        self.running += [one for one in self.s3.requests if of_the_job(one)]


def of_the_job(request: Request) -> bool:
    """Return whether a request is Flink's, and not one of the Python processes."""
    return "python" not in request.headers["user-agent"].lower()


@pytest.fixture(scope="module")
def usual(all_servers: Servers) -> Iterator[Usual]:
    all_servers.start(*Server)
    kept: dict[str, Any] = {"s3_encryption": "sse-s3", "s3_storage_class": "STANDARD_IA"}
    with (
        recording_s3(all_servers.settings) as s3,
        LandingStack(all_servers, "cost", s3_endpoint=s3.address, **kept) as stack,
    ):
        job = Usual(stack, s3)
        land(stack, job.watch_checkpoints)
        yield job


def test_the_key_of_the_bucket_itself_needs_no_tls(usual: Usual) -> None:
    """SSE-S3 works on an endpoint without certificates, together with the storage class."""
    begun = [one for one in usual.s3.below("cost/") if one.operation == "CreateMultipartUpload"]
    names = ("x-amz-server-side-encryption", "x-amz-storage-class")
    assert {("AES256", "STANDARD_IA")} == {tuple(one.headers.get(name) for name in names) for one in begun}


def test_an_object_costs_three_writes_and_no_look(usual: Usual) -> None:
    """The writes are begin, one part, complete; nothing is listed, copied or deleted. The cost plan assumes it.

    The part is presigned, without a digest of its payload.
    """
    for kind in ("landing", "rejected", "ledger"):
        asked = [one for one in usual.s3.below(f"cost/{kind}/") if of_the_job(one)]
        assert {key for key, _ in objects(usual.stack.settings, f"cost/{kind}/")} == {one.key for one in asked}
        per_object = Counter((one.key, one.operation) for one in asked)
        assert {(one.key, write): 1 for one in asked for write in WRITES} == dict(per_object)
        parts = [one for one in asked if one.operation == "UploadPart"]
        assert {(True, False)} == {(one.presigned, "x-amz-content-sha256" in one.headers) for one in parts}


def test_a_checkpoint_costs_one_write_and_no_list(usual: Usual) -> None:
    """The other requests are free or nearly free: one HEAD for its name, and two deletions when it is superseded."""
    place = "flink/cost/checkpoints/"
    asked = Counter((one.key, one.operation) for one in usual.running if one.key.startswith(place))
    written = {key for key, operation in asked if operation == "PutObject"}
    assert len(written) >= 4
    assert {(key, operation) for key in written for operation in ("HEAD", "PutObject")} <= set(asked)
    assert ({"HEAD", "PutObject", "DELETE"}, {1}) == ({operation for _, operation in asked}, set(asked.values()))
    assert [] == [one.query for one in usual.running if one.query.get("prefix", [""])[0].startswith(place)]


def test_a_role_is_assumed_by_the_job_and_its_start(servers: Servers, s3: RecordingS3, tmp_path: Path) -> None:
    """Both sign with the role's credentials; every request has their token. The static keys only assume the role."""
    role: dict[str, Any] = {"s3_role_arn": ROLE, "s3_sts_endpoint": s3.address}
    keys: dict[str, Any] = {"s3_access_key_id": "own", "s3_secret_access_key": SecretStr("canary-of-the-own-key")}
    with LandingStack(servers, "role", s3_endpoint=s3.address, data_dir=tmp_path, **role, **keys) as stack:
        land(stack)
        assert {(ROLE, "hourglass")} == {(one["RoleArn"][0], one["RoleSessionName"][0]) for one in s3.roles}
        assert {TOKEN} == {one.token for one in s3.requests}
        clients = {"python" in one.headers["user-agent"].lower() for one in s3.requests}
        assert {True, False} == clients
        config = tmp_path / "flink" / "conf" / "config.yaml"
        holders = {file for file in tmp_path.rglob("*") if file.is_file() and b"canary" in file.read_bytes()}
        assert {config} == holders
