"""The policy documents of `infra/terraform/policies`, with the values that Terraform would fill in."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

from infra.local.settings import PROJECT

TERRAFORM = PROJECT / "infra" / "terraform"
POLICIES = TERRAFORM / "policies"
BUCKET = "arn:aws:s3:::hourglass"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234"
STREAM = "platform-events"
VALUES = {
    "account_id": "111122223333",
    "bucket_arn": BUCKET,
    "cluster_arn": "arn:aws:kafka:eu-central-1:111122223333:cluster/main/1234-5",
    "external_id": "ABC_SFCRole=2_abc=",
    "group_arns": '["arn:aws:kafka:eu-central-1:111122223333:group/main/1234-5/hourglass-platform-events"]',
    "iam_user_arn": "arn:aws:iam::999999999999:user/abcd-s",
    "key_arn": KEY,
    "oidc_issuer": "oidc.eks.eu-central-1.amazonaws.com/id/ABCD",
    "oidc_provider_arn": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCD",
    "partition": "aws",
    "region": "eu-central-1",
    "stream": STREAM,
    "subjects": '["system:serviceaccount:hourglass:landing-job"]',
    "topic_arns": '["arn:aws:kafka:eu-central-1:111122223333:topic/main/1234-5/platform-events"]',
}
OF_ROLE = {"landing": ("landing",), "dagster": ("dagster", "dagster_instance"), "snowflake": ("snowflake",)}
"""The documents of each role; the second one of Dagster is about no stream."""

Document = dict[str, Any]


def template(name: str) -> Path:
    """Return the file of a document."""
    return POLICIES / f"{name}.json.tftpl"


def document(name: str) -> Document:
    """Fill in a document; `${name}` is all that it may have of Terraform's templates, so that Python reads it alike.

    Raises:
        KeyError: the document has a value that is not in `VALUES`.
    """
    found: Document = json.loads(Template(template(name).read_text(encoding="utf-8")).substitute(VALUES))
    return found


def documents_of(role: str) -> list[Document]:
    """Fill in the documents of a role."""
    return [document(name) for name in OF_ROLE[role]]
