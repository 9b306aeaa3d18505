"""How every process of the project reaches the bucket: one set of variables, and the client that Python takes.

A contract: it imports nothing of ours. The landing job's Java client has its own names for the same settings, in
`flink_jobs/flink/s3_properties.py`. Imports of botocore are local: a process that only reads settings does not pay for
them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.loaders import Loader
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client

SESSION_NAME = "hourglass"
"""Under which an assumed role is seen in the trail of the account."""


class Encryption(StrEnum):
    """Who keeps the key with which the bucket encrypts an object; unset leaves it to the bucket's own default."""

    S3 = "sse-s3"
    KMS = "sse-kms"


class StorageClass(StrEnum):
    """Where the bucket keeps an object. Classes whose objects must be restored before they can be read are none."""

    STANDARD = "STANDARD"
    INFREQUENT = "STANDARD_IA"
    ONE_ZONE = "ONEZONE_IA"
    INTELLIGENT = "INTELLIGENT_TIERING"
    INSTANT_ARCHIVE = "GLACIER_IR"
    REDUCED = "REDUCED_REDUNDANCY"


class CannedAcl(StrEnum):
    """Who may read an object beside its owner. A bucket that enforces its owner takes none."""

    PRIVATE = "private"
    OWNER_READ = "bucket-owner-read"
    OWNER_FULL = "bucket-owner-full-control"


class S3Access(BaseSettings):
    """Where the bucket's server is, who we are to it, and how objects are to be kept.

    Credentials, first that applies: the two keys (with a session token, if there is one), else the default chain of
    AWS: environment, web identity of a Kubernetes service account, profile, role of the container or the machine.
    A role ARN is then assumed with them.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # what is wrong may be a key
    )

    s3_endpoint: str | None = Field(None, pattern=r"^https?://[^/]+$")
    """URL of an S3 server; unset is AWS."""
    s3_region: str = "us-east-1"
    """Region of the bucket."""
    s3_path_style: bool | None = None
    """Whether the bucket is part of the path and not of the host name; unset: yes with an endpoint, no on AWS."""
    s3_access_key_id: str | None = None
    """Key of the credentials; without one, AWS's own chain: environment, web identity, profile, container, machine."""
    s3_secret_access_key: SecretStr | None = None
    """Secret of that key."""
    s3_session_token: SecretStr | None = None
    """Token of temporary credentials."""
    s3_role_arn: str | None = Field(None, pattern=r"^arn:[^:]+:iam::[^:]*:role/.+$")
    """Role that is assumed with the credentials, and renewed before it ends."""
    s3_sts_endpoint: str | None = Field(None, pattern=r"^https?://[^/]+$")
    """URL of another server that gives the role's credentials."""
    s3_encryption: Encryption | None = None
    """Who keeps the key of an object; unset leaves it to the bucket's own default. KMS needs https."""
    s3_kms_key_id: str | None = Field(None, min_length=1)
    """Key of KMS; unset is the bucket's."""
    s3_acl: CannedAcl | None = None
    """Canned ACL of every object."""

    @model_validator(mode="after")
    def _s3_is_whole(self) -> Self:
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("HOURGLASS_S3_ACCESS_KEY_ID and _SECRET_ACCESS_KEY go together: set both or none")
        if self.s3_session_token and not self.s3_access_key_id:
            raise ValueError("HOURGLASS_S3_SESSION_TOKEN belongs to keys: set HOURGLASS_S3_ACCESS_KEY_ID and _SECRET…")
        if self.s3_kms_key_id and self.s3_encryption is not Encryption.KMS:
            raise ValueError("HOURGLASS_S3_KMS_KEY_ID needs HOURGLASS_S3_ENCRYPTION=sse-kms")
        if self.s3_encryption is Encryption.KMS and (self.s3_endpoint or "").startswith("http:"):
            raise ValueError("HOURGLASS_S3_ENCRYPTION=sse-kms needs an https endpoint: the job's client refuses others")
        return self

    @property
    def uses_path_style(self) -> bool:
        """Whether the bucket is part of the path."""
        return self.s3_endpoint is not None if self.s3_path_style is None else self.s3_path_style

    def put_arguments(self) -> dict[str, Any]:
        """Give what every `put_object` of the project must carry, in boto3's names."""
        algorithm = {Encryption.S3: "AES256", Encryption.KMS: "aws:kms"}
        values = {
            "ServerSideEncryption": algorithm[self.s3_encryption] if self.s3_encryption else None,
            "SSEKMSKeyId": self.s3_kms_key_id,
            "ACL": str(self.s3_acl) if self.s3_acl else None,
        }
        return {name: value for name, value in values.items() if value is not None}

    def client(self, limits: Config) -> S3Client:
        """Connect; nothing is asked yet.

        Args:
            limits: timeouts, retries and connections of this caller.
        """
        from botocore.config import Config  # noqa: PLC0415 - see the module

        style = Config(s3={"addressing_style": "path" if self.uses_path_style else "virtual"})
        client = self._session().create_client(
            "s3", endpoint_url=self.s3_endpoint, region_name=self.s3_region, config=limits.merge(style)
        )
        return cast("S3Client", client)

    def _session(self) -> Session:
        """Open a session with the credentials of these settings."""
        session = _new_session()
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment_of)
        secret, token = self.s3_secret_access_key, self.s3_session_token
        if self.s3_access_key_id and secret:
            session.set_credentials(
                self.s3_access_key_id, secret.get_secret_value(), token.get_secret_value() if token else None
            )
        return self._in_role(session, self.s3_role_arn) if self.s3_role_arn else session

    def _in_role(self, session: Session, role_arn: str) -> Session:
        """Assume the role at the first request, and again before its credentials end."""
        from botocore.credentials import (  # noqa: PLC0415 - see the module
            AssumeRoleCredentialFetcher,
            DeferredRefreshableCredentials,
        )

        assumed = _new_session()
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(
                assumed.create_client, endpoint_url=self.s3_sts_endpoint, region_name=self.s3_region
            ),
            source_credentials=session.get_credentials(),
            role_arn=role_arn,
            extra_args={"RoleSessionName": SESSION_NAME},
        )
        in_role = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        assumed._credentials = in_role  # type: ignore[attr-defined]  # noqa: SLF001 - botocore's setter takes keys alone
        return assumed


def _new_session() -> Session:
    from botocore.session import get_session  # noqa: PLC0415 - see the module

    session = get_session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


@cache
def _loader(data_path: str | None) -> Loader:
    """Return the reader of botocore's API descriptions, which keeps what it has read.

    A session without it reads the description of S3 again, which is most of the CPU of a new client.
    """
    from botocore.loaders import create_loader  # noqa: PLC0415 - see the module

    return create_loader(data_path)


def moment_of(value: Any) -> datetime:
    """Read a time in a response; botocore's own parser takes two thirds of the time of a listing."""
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - see the module

    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is not None and found.tzinfo is not None:
        return found
    parsed: datetime = parse_timestamp(value)
    return parsed
