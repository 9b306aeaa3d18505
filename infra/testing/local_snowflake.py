"""The local Snowflake as a container, with stages and external tables on the bucket of an object store."""

from __future__ import annotations

from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from snowflake import connector
from testcontainers.core.network import Network

from infra.testing.container import ChainContainer
from infra.testing.images import Images
from infra.testing.object_store import REGION, ObjectStoreContainer

PORT = 8084
HTTP_OK = 200


class LocalSnowflakeContainer(ChainContainer):
    """A local Snowflake with the database AWS and its schema DEV.

    Args:
        network: of the chain.
        store: the object store that its stages read; None: it has no stage outside of itself.
        alias: its host name in the network.
        user: who may log in.
        password: of the user.
        image: default: `HOURGLASS_LOCAL_SNOWFLAKE_IMAGE`.
    """

    def __init__(  # noqa: PLR0913 - what a login is
        self,
        network: Network,
        store: ObjectStoreContainer | None = None,
        alias: str = "snowflake",
        *,
        user: str = "hourglass",
        password: str = "hourglass",  # noqa: S107 - of a server that lives as long as a test
        image: str | None = None,
    ) -> None:
        super().__init__(image or Images().local_snowflake_image, alias, network, [PORT])
        self.user, self.password = user, password
        self.with_envs(HOURGLASS_SNOWFLAKE_USER=user, HOURGLASS_SNOWFLAKE_PASSWORD=password)
        if store:
            self.with_envs(
                HOURGLASS_S3_ENDPOINT=store.inside,
                HOURGLASS_S3_REGION=REGION,
                HOURGLASS_S3_ACCESS_KEY_ID=store.access_key_id,
                HOURGLASS_S3_SECRET_ACCESS_KEY=store.secret_access_key,
            )

    @property
    def published_port(self) -> int:
        """Its port of this machine."""
        return self.published[PORT]

    @property
    def login(self) -> dict[str, Any]:
        """The arguments of Snowflake's connector; dbt and others have the same names."""
        return {
            "account": "local",
            "host": self.host,
            "port": self.published_port,
            "protocol": "http",
            "user": self.user,
            "password": self.password,
            "database": "AWS",
            "schema": "DEV",
        }

    def connect(self, **changed: Any) -> Any:
        """Log in with Snowflake's connector; arguments replace those of `login`."""
        return connector.connect(**self.login | {"login_timeout": 30, "network_timeout": 60} | changed)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement in a session of its own, and return its rows."""
        with self.connect() as connection, connection.cursor() as cursor:
            return list(cursor.execute(statement).fetchall())

    def is_ready(self) -> bool:
        """Return whether it answers."""
        try:
            with urlopen(f"http://{self.address(PORT)}/healthz", timeout=5) as answer:
                return bool(answer.status == HTTP_OK)
        except (URLError, OSError):
            return False
