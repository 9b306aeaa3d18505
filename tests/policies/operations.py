"""What S3 checks for a request: the operation, and the permissions that IAM asks for it.

The names are those of the Service Authorization Reference for Amazon S3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_SUB_RESOURCES = {
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("POST", "delete"): "DeleteObjects",
    ("PUT", "partNumber"): "UploadPart",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "uploadId"): "ListParts",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versionId"): "GetObjectVersion",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_OF_OBJECTS = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
_OF_BUCKETS = {"GET": "ListObjects", "HEAD": "HeadBucket"}

_ACTIONS = {
    "AbortMultipartUpload": ("s3:AbortMultipartUpload",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "DeleteObject": ("s3:DeleteObject",),
    "DeleteObjects": ("s3:DeleteObject",),
    "GetBucketLocation": ("s3:GetBucketLocation",),
    "GetObject": ("s3:GetObject",),
    "GetObjectVersion": ("s3:GetObjectVersion",),
    "HeadBucket": ("s3:ListBucket",),
    # of an object that is not there S3 says so to those who may list the whole bucket; others are refused
    "HeadObject": ("s3:GetObject", "s3:ListBucket"),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "ListObjects": ("s3:ListBucket",),
    "ListParts": ("s3:ListMultipartUploadParts",),
    "PutObject": ("s3:PutObject",),
    "UploadPart": ("s3:PutObject",),
}
_KEY_ACTIONS = {
    "CompleteMultipartUpload": ("kms:Decrypt",),
    "CreateMultipartUpload": ("kms:GenerateDataKey",),
    "GetObject": ("kms:Decrypt",),
    "GetObjectVersion": ("kms:Decrypt",),
    "PutObject": ("kms:GenerateDataKey",),
    "UploadPart": ("kms:Decrypt", "kms:GenerateDataKey"),
}
"""What the key of an encrypted bucket must allow; a multipart upload needs both."""
_OF_THE_BUCKET = frozenset({"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"})
PREFIX = "s3:prefix"
"""The condition key with the prefix of a listing."""


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One action on one resource.

    Args:
        resource: an ARN; of a policy it may have wildcards.
        prefix: of a listing; None where the request has none.
    """

    action: str
    resource: str
    prefix: str | None = None

    @property
    def context(self) -> Mapping[str, str]:
        """The condition keys that S3 fills for the request."""
        return {} if self.prefix is None else {PREFIX: self.prefix}


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """An operation on a key; on a prefix if it lists; on neither if it is about the bucket."""

    operation: str
    place: str = ""

    @property
    def lists(self) -> bool:
        """Whether the place is a prefix of a listing."""
        return self.operation.startswith("List") and self.operation != "ListParts"

    def permissions(self, bucket_arn: str, key_arn: str) -> Iterator[Permission]:
        """Return what a role must be allowed, for a bucket that is encrypted with this key."""
        for action in _ACTIONS[self.operation]:
            if action in _OF_THE_BUCKET:
                # ListMultipartUploads has a prefix, too, and S3 fills no condition key with it
                listed = self.place if action == "s3:ListBucket" and self.lists else None
                yield Permission(action, bucket_arn, listed)
            else:
                yield Permission(action, f"{bucket_arn}/{self.place}")
        for action in _KEY_ACTIONS.get(self.operation, ()):
            yield Permission(action, key_arn)


@dataclass(frozen=True)
class HttpRequest:
    """The parts of a request that name its operation."""

    method: str
    key: str
    query: Mapping[str, list[str]]
    body: bytes = field(default=b"", repr=False)


_DELETED = re.compile(rb"<Key>([^<]+)</Key>")


def calls_of(request: HttpRequest) -> Iterator[Call]:
    """Name the operation of a request, one call for each key that it is about.

    Raises:
        KeyError: the method belongs to no operation that this project knows.
    """
    operation = _operation(request)
    if operation == "DeleteObjects":
        for key in _DELETED.findall(request.body):
            yield Call(operation, key.decode())
        return
    call = Call(operation)
    yield Call(operation, request.query.get("prefix", [""])[0] if call.lists else request.key)


def _operation(request: HttpRequest) -> str:
    for (method, name), operation in _SUB_RESOURCES.items():
        if request.method == method and name in request.query:
            return operation
    return (_OF_OBJECTS if request.key else _OF_BUCKETS)[request.method]
