"""Where the acceptance suite works: a schema and a folder of a bucket, of the local Snowflake or of a real account."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3

from snowflake_components.connection import SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.local_snowflake import PASSWORD, Server
from tests.goldens.rendered import Place

PREFIX = "HOURGLASS_ACCEPTANCE_"
"""Of the schema of each test."""
_LOGINS = ("PASSWORD", "PRIVATE_KEY_FILE", "OAUTH_TOKEN_FILE", "ACCESS_TOKEN_FILE")
_NEEDED = ("ACCOUNT", "USER", "WAREHOUSE", "DATABASE", "CONFORMANCE_URL")
_FIELDS = ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE", "HOST", "PORT", "PROTOCOL", "PRIVATE_KEY_PASSPHRASE")


class AccountUnknownError(Exception):
    """The environment does not name an account; the message names what is missing."""


class Objects(Protocol):
    """The objects of a bucket."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        ...

    def below(self, prefix: str) -> list[str]:
        """List the keys below a prefix."""
        ...

    def delete_below(self, prefix: str) -> None:
        """Delete every object below a prefix."""
        ...


@dataclass(frozen=True, slots=True)
class Storage:
    """A folder of a bucket.

    Args:
        url: `s3://bucket/folder/`.
        objects: of the bucket.
        integration: that Snowflake reads the folder with; None where it needs none.
    """

    url: str
    objects: Objects
    integration: str | None = None

    def below(self, name: str) -> Storage:
        """Return a folder inside of this one."""
        return Storage(f"{self.url}{name}/", self.objects, self.integration)

    @property
    def prefix(self) -> str:
        """Of the keys of the folder."""
        return urlsplit(self.url).path.lstrip("/")

    def write(self, key: str, *lines: Mapping[str, Any]) -> None:
        """Write an object of JSON lines."""
        self.objects.put(self.prefix + key, "".join(f"{json.dumps(line)}\n" for line in lines).encode())


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """A schema and a folder that one test has for itself.

    Args:
        settings: log in to the schema.
        storage: the folder.
    """

    settings: SnowflakeSettings
    storage: Storage

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which every part of the product works here."""
        values = {name: getattr(self.settings, name) for name in SnowflakeSettings.model_fields}
        found = {f"HOURGLASS_SNOWFLAKE_{_variable(name)}": _text(value) for name, value in values.items() if value}
        return {**found, "HOURGLASS_BUCKET": urlsplit(self.storage.url).netloc}

    @property
    def names(self) -> Place:
        """The place as the goldens take it."""
        schema = QualifiedName(
            Identifier.parse(self.settings.database), Identifier.parse(self.settings.schema_name), Identifier("ANY")
        )
        integration = Identifier.parse(self.storage.integration) if self.storage.integration else None
        role = str(self.rows('SELECT CURRENT_ROLE() AS "ROLE"')[0]["ROLE"])
        return Place(schema, self.storage.url, integration, Identifier(role))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a statement of the test."""
        return [dict(row) for row in query(self.settings, sql).rows]


@contextmanager
def own_place(settings: SnowflakeSettings, storage: Storage) -> Iterator[OwnPlace]:
    """Make a schema and a folder for a block, and remove both at its end, also after an error.

    A process that is killed leaves them: the schema begins with `PREFIX`, the folder has its name.
    """
    schema = f"{PREFIX}{token_hex(4).upper()}"
    folder = storage.below(schema.lower())
    query(settings, f"CREATE SCHEMA {schema}")
    try:
        yield OwnPlace(settings.model_copy(update={"schema_name": schema}), folder)
    finally:
        try:
            query(settings, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        finally:
            folder.objects.delete_below(folder.prefix)


def local_place(server: Server) -> tuple[SnowflakeSettings, Storage]:
    """Return the login of the local Snowflake and its bucket."""
    settings = SnowflakeSettings(user="hourglass", password=PASSWORD, port=server.port)
    return settings, Storage("s3://hourglass/", _Folder(server), "AWS_INTEGRATION")


def account_place() -> tuple[SnowflakeSettings, Storage]:
    """Return the login and the folder that the environment names.

    Raises:
        AccountUnknownError: a variable is missing.
    """
    given = {name: value for name in (*_FIELDS, *_LOGINS) if (value := os.environ.get(f"SNOWFLAKE_{name}"))}
    missing = [f"SNOWFLAKE_{name}" for name in _NEEDED if not os.environ.get(f"SNOWFLAKE_{name}")]
    logins = [name for name in _LOGINS if name in given]
    if len(logins) != 1:
        missing.append("exactly one of " + ", ".join(f"SNOWFLAKE_{name}" for name in _LOGINS))
    if missing:
        raise AccountUnknownError(f"--snowflake account needs {'; '.join(missing)} (docs/snowflake.md)")
    host = {"HOST": f"{given['ACCOUNT']}.snowflakecomputing.com", "PORT": "443", "PROTOCOL": "https"}
    values: dict[str, Any] = {name.lower(): value for name, value in (host | given).items()}
    settings = SnowflakeSettings(**values, schema_name="PUBLIC")
    url = os.environ["SNOWFLAKE_CONFORMANCE_URL"].rstrip("/") + "/"
    return settings, Storage(url, _Bucket(urlsplit(url).netloc), os.environ.get("SNOWFLAKE_CONFORMANCE_INTEGRATION"))


@dataclass(frozen=True, slots=True)
class _Folder:
    """The bucket of the local Snowflake."""

    server: Server

    def put(self, key: str, body: bytes) -> None:
        file = self.server.bucket.file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    def below(self, prefix: str) -> list[str]:
        return [stored.key for stored in self.server.bucket.list("hourglass", prefix)]

    def delete_below(self, prefix: str) -> None:
        for key in self.below(prefix):
            self.server.bucket.remove(key)


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A bucket of AWS, with the credentials of boto3."""

    name: str

    def put(self, key: str, body: bytes) -> None:
        boto3.client("s3").put_object(Bucket=self.name, Key=key, Body=body)

    def below(self, prefix: str) -> list[str]:
        return [found.key for found in self._objects.filter(Prefix=prefix)]

    def delete_below(self, prefix: str) -> None:
        self._objects.filter(Prefix=prefix).delete()

    @property
    def _objects(self) -> Any:
        return boto3.resource("s3").Bucket(self.name).objects


def _variable(field: str) -> str:
    return field.removesuffix("_name").upper()


def _text(value: Any) -> str:
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
