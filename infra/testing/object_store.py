"""The S3 server of the local stack as a container: one bucket owner, conditional PUT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import boto3
from testcontainers.core.network import Network

from infra.provisioning import create_bucket
from infra.testing.container import ChainContainer
from infra.testing.images import Images

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PORT = 9000
REGION = "us-east-1"


class ObjectStoreContainer(ChainContainer):
    """An S3 server, with a bucket from its start on.

    `endpoint` is its address for this machine, `inside` that for other containers.

    Args:
        network: of the chain.
        alias: its host name there.
        bucket: the bucket to create.
        access_key_id: the one key that it knows.
        secret_access_key: its secret.
        image: default: `HOURGLASS_OBJECT_STORE_IMAGE`.
    """

    def __init__(  # noqa: PLR0913 - what a bucket and its owner are
        self,
        network: Network,
        alias: str = "s3",
        *,
        bucket: str = "hourglass",
        access_key_id: str = "hourglass",
        secret_access_key: str = "hourglass-test-secret",  # noqa: S107 - of a server that lives as long as a test
        image: str | None = None,
    ) -> None:
        keys = {"S3_ACCESS_KEY_ID": access_key_id, "S3_SECRET_ACCESS_KEY": secret_access_key}
        super().__init__(image or Images().object_store_image, alias, network, [PORT], keys)
        self.bucket = bucket
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key

    def start(self) -> Self:
        """Start it, and create its bucket."""
        super().start()
        self.create_bucket(self.bucket)
        return self

    def create_bucket(self, name: str) -> None:
        """Create a bucket if it is absent."""
        create_bucket(self.client(), name)

    @property
    def endpoint(self) -> str:
        """The address for this machine."""
        return f"http://{self.address(PORT)}"

    @property
    def inside(self) -> str:
        """The address for containers of the same network."""
        return f"http://{self.alias}:{PORT}"

    def client(self) -> S3Client:
        """Return a client of boto3."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )

    def is_ready(self) -> bool:
        """Return whether it answers, be it with a refusal."""
        try:
            with urlopen(self.endpoint, timeout=5):  # noqa: S310 - http of this machine
                return True
        except HTTPError:
            return True  # refused without a signature: it serves
        except (URLError, OSError):
            return False
