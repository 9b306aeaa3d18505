"""The policies grant what the recorded requests need, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from flink_jobs.deploy.advice import with_repair
from flink_jobs.settings import LandingSettings
from tests.policies import documents
from tests.policies.corpus import STREAM, corpus, described
from tests.policies.documents import BUCKET, KEY, OF_ROLE, POLICIES, document, documents_of
from tests.policies.evaluation import UnknownPolicyError, allows, granted
from tests.policies.operations import Call, HttpRequest, Permission, calls_of

ROLES = sorted(OF_ROLE)
CONTEXT = {"kms:ViaService": "s3.eu-central-1.amazonaws.com", "aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
ROLE_POLICIES_BYTES_MAX = 10_240
"""Of all inline policies of a role, white space not counted."""
STREAMS_MAX = 4


def needed(role: str) -> set[Permission]:
    """Return what the recorded requests of a role need, and the described ones, by place."""
    asked = corpus(role) | described(role)
    calls = {Call(call.operation, call.place.replace(STREAM, documents.STREAM)) for call in asked}
    permissions = {permission for call in calls for permission in call.permissions(BUCKET, KEY)}
    # who may list the whole bucket may list each prefix
    return {one for one in permissions if one.prefix is None or replace(one, prefix=None) not in permissions}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_what_its_requests_need_and_no_more(role: str) -> None:
    """Every action on every resource that is granted has a request, and every request is granted."""
    assert needed(role) == set(granted(documents_of(role)))


@pytest.mark.parametrize("role", ROLES)
def test_every_request_is_allowed_by_the_role_and_by_the_bucket(role: str) -> None:
    """With a key of its place each request is allowed, and the policy of the bucket denies none over TLS."""
    of_role = documents_of(role)
    for permission in needed(role):
        concrete = Permission(
            permission.action,
            permission.resource.replace("*", "2025/08/01/03/part-1.jsonl.zst"),
            permission.prefix and permission.prefix.replace("*", "2025/08/01/03/"),
        )
        both = [*of_role, document("bucket")]
        assert allows(both, concrete, CONTEXT), concrete
        if concrete.action.startswith("s3:"):
            assert not allows(both, concrete, CONTEXT | {"aws:SecureTransport": "false"})
            assert not allows(both, concrete, CONTEXT | {"s3:TlsVersion": "1.1"})


def widened(change: Callable[[dict[str, Any]], None]) -> list[dict[str, Any]]:
    """Return the policy of the landing job with a change."""
    changed = document("landing")
    change(changed)
    return [changed]


@pytest.mark.parametrize(
    "change",
    [
        lambda policy: policy["Statement"][1]["Action"].append("s3:DeleteObject"),
        lambda policy: policy["Statement"][1].update(Resource=f"{BUCKET}/*"),
        lambda policy: policy["Statement"][1].update(Action="s3:*"),
        lambda policy: policy["Statement"].pop(),
    ],
    ids=["an action more", "the whole bucket", "all actions", "no key"],
)
def test_the_comparison_finds_a_change(change: Callable[[dict[str, Any]], None]) -> None:
    assert needed("landing") != set(granted(widened(change)))


@pytest.mark.parametrize(
    "action", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "kms:GenerateDataKey"]
)
def test_snowflake_writes_nothing(action: str) -> None:
    for resource in (f"{BUCKET}/{documents.STREAM}/landing/x", BUCKET, KEY):
        assert not allows(documents_of("snowflake"), Permission(action, resource), CONTEXT)


def test_nobody_removes_what_proves_an_hour() -> None:
    """No role may delete an object of data, ledger, seals or publications, nor a version of anything."""
    layout, hour = StreamLayout(documents.STREAM), Hour.from_label("2025-08-01T03")
    proofs = [
        *(layout.hour_prefix(kind, hour) for kind in Kind),
        layout.link_key(1),
        layout.ledger_day_key(hour.start.date(), 1),
    ]
    for role in ROLES:
        for key in proofs:
            for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"):
                assert not allows(documents_of(role), Permission(action, f"{BUCKET}/{key}"), CONTEXT)


def test_the_job_writes_no_seal_and_dagster_no_data() -> None:
    layout = StreamLayout(documents.STREAM)
    forbidden = {
        "landing": [layout.prefix(Kind.SEALS), layout.prefix(Kind.PUBLISHED), layout.chain_prefix, "dagster-logs/"],
        "dagster": [layout.prefix(Kind.LANDING), layout.prefix(Kind.REJECTED), layout.prefix(Kind.LEDGER), "flink/"],
    }
    for role, prefixes in forbidden.items():
        for prefix in prefixes:
            wanted = Permission("s3:PutObject", f"{BUCKET}/{prefix}x")
            assert not allows(documents_of(role), wanted, CONTEXT), (role, prefix)


def test_the_advice_of_a_refusal_names_every_permission() -> None:
    """Who has no Terraform grants what the message of a refused job names."""
    advice = with_repair(LandingSettings(_env_file=None), "AccessDenied")
    assert [] == sorted({one.action for one in needed("landing") if one.action not in advice})


def test_one_stream_does_not_reach_another() -> None:
    for role in ROLES:
        for permission in needed(role):
            elsewhere = permission.resource.replace(documents.STREAM, "other-stream")
            if elsewhere != permission.resource:
                assert not allows(documents_of(role), Permission(permission.action, elsewhere), CONTEXT)


def test_a_key_is_used_through_s3_alone() -> None:
    for role in ROLES:
        assert not allows(documents_of(role), Permission("kms:Decrypt", KEY), {})
        assert allows(documents_of(role), Permission("kms:Decrypt", KEY), CONTEXT)


def test_snowflake_takes_its_role_with_the_external_id_alone() -> None:
    """The integration's user, and no other account of Snowflake that knows the name of the role."""
    trust = document("snowflake_trust")
    (statement,) = trust["Statement"]
    assert {"AWS": documents.VALUES["iam_user_arn"]} == statement["Principal"]
    taken = {"sts:ExternalId": documents.VALUES["external_id"]}
    assert {"StringEquals": taken} == statement["Condition"]


def test_service_accounts_take_their_role_by_name() -> None:
    """Audience and subject are compared as they are: a pattern would let in every account of the cluster."""
    (statement,) = document("irsa")["Statement"]
    issuer = documents.VALUES["oidc_issuer"]
    assert {"Federated": documents.VALUES["oidc_provider_arn"]} == statement["Principal"]
    assert ["StringEquals"] == list(statement["Condition"])
    assert {f"{issuer}:aud", f"{issuer}:sub"} == statement["Condition"]["StringEquals"].keys()


@pytest.mark.parametrize("role", ["landing", "dagster"])
def test_the_policies_of_a_role_fit_into_it(role: str) -> None:
    """The limit of IAM, with four streams whose names are as long as they may be."""
    of_stream, *of_role = (re.sub(r"\s", "", json.dumps(one)) for one in documents_of(role))
    longest = of_stream.replace(documents.STREAM, "s" * 63)
    assert STREAMS_MAX * len(longest) + sum(map(len, of_role)) < ROLE_POLICIES_BYTES_MAX


def test_every_template_is_read_here() -> None:
    """A template that only Terraform reads would not be tested."""
    names = {path.name.removesuffix(".json.tftpl") for path in POLICIES.glob("*.tftpl")}
    assert names == {name for of_role in OF_ROLE.values() for name in of_role} | {
        "bucket",
        "key",
        "irsa",
        "msk",
        "snowflake_trust",
    }
    for name in names:
        assert document(name)["Version"] == "2012-10-17"


def test_what_the_evaluation_does_not_know_is_an_error() -> None:
    """A statement is never evaluated by half."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    wanted = Permission("s3:GetObject", BUCKET)
    for unknown in ({"NotAction": "s3:PutObject"}, {"Condition": {"ArnLike": {"aws:SourceArn": "*"}}}):
        with pytest.raises(UnknownPolicyError):
            allows([{"Statement": [statement | unknown]}], wanted, {})


def test_a_deletion_of_several_objects_is_one_call_for_each() -> None:
    body = b"<Delete><Object><Key>flink/a</Key></Object><Object><Key>flink/b</Key></Object></Delete>"
    request = HttpRequest("POST", "", {"delete": [""]}, body)
    assert [Call("DeleteObjects", "flink/a"), Call("DeleteObjects", "flink/b")] == list(calls_of(request))


def test_the_role_reads_its_topics_of_msk_and_writes_none() -> None:
    """The rights are what the login by IAM needs to read: no topic is written, made or changed with them."""
    actions = {
        action.removeprefix("kafka-cluster:")
        for statement in document("msk")["Statement"]
        for action in statement["Action"]
    }
    assert actions == {
        "Connect",
        "DescribeCluster",
        "DescribeTopic",
        "DescribeTopicDynamicConfiguration",
        "ReadData",
        "DescribeGroup",
        "AlterGroup",  # the job commits its offsets, for people who look at the group
    }
