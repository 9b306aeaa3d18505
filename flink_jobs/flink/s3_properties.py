"""Translate the bucket's settings into those of Flink's S3 file system (Hadoop's S3A 3.3.4). Pure.

S3A of this version ignores requester-pays, so there is no setting for it.
"""

from __future__ import annotations

from flink_jobs.contracts.s3_access import SESSION_NAME, CannedAcl, Encryption, S3Access

_S3A = "org.apache.hadoop.fs.s3a"
_KEYS = f"{_S3A}.SimpleAWSCredentialsProvider"
_KEYS_AND_TOKEN = f"{_S3A}.TemporaryAWSCredentialsProvider"
_ROLE = f"{_S3A}.auth.AssumedRoleCredentialProvider"
_CHAIN = "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"
"""S3A's default chain lacks the web identity of Kubernetes; this one has the sources of Python's client."""

_ALGORITHMS = {Encryption.S3: "AES256", Encryption.KMS: "SSE-KMS"}
_ACLS = {
    CannedAcl.PRIVATE: "Private",
    CannedAcl.OWNER_READ: "BucketOwnerRead",
    CannedAcl.OWNER_FULL: "BucketOwnerFullControl",
}

PART_BYTES = 16 * 2**20
"""A part costs a signature and a request whatever its size: 8 % of landing plain lines at 5 MiB, S3's minimum.
Memory is allocated as a part fills, so small streams do not pay for it."""


def s3_properties(access: S3Access) -> dict[str, str]:
    """Return the plugin's properties, secrets included: write them only to a file that its owner alone can read."""
    values = {
        # The default deletes "fake parent directories" at each commit, one bulk request per object.
        "s3.directory.marker.retention": "keep",
        "s3.upload.min.part.size": str(PART_BYTES),
        "s3.endpoint": access.s3_endpoint,
        "s3.endpoint.region": access.s3_region,
        "s3.path.style.access": "true" if access.uses_path_style else None,
        "s3.encryption.algorithm": _ALGORITHMS[access.s3_encryption] if access.s3_encryption else None,
        "s3.encryption.key": access.s3_kms_key_id,
        "s3.acl.default": _ACLS[access.s3_acl] if access.s3_acl else None,
        **_credentials(access),
    }
    return {name: value for name, value in values.items() if value is not None}


def _credentials(access: S3Access) -> dict[str, str | None]:
    secret, token = access.s3_secret_access_key, access.s3_session_token
    own = _CHAIN if secret is None else _KEYS if token is None else _KEYS_AND_TOKEN
    values = {
        "s3.access-key": access.s3_access_key_id,
        "s3.secret-key": secret.get_secret_value() if secret else None,
        "s3.session.token": token.get_secret_value() if token else None,
        "s3.aws.credentials.provider": own,
    }
    if access.s3_role_arn is None:
        return values
    return values | {
        "s3.aws.credentials.provider": _ROLE,
        "s3.assumed.role.credentials.provider": own,
        "s3.assumed.role.arn": access.s3_role_arn,
        "s3.assumed.role.session.name": SESSION_NAME,
        "s3.assumed.role.sts.endpoint": access.s3_sts_endpoint,
        "s3.assumed.role.sts.endpoint.region": access.s3_region if access.s3_sts_endpoint else None,
    }
