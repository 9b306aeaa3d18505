"""A real account, as a server of the same sentences."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import boto3
from snowflake import connector

from benchmarks.snowflake.conformance.documents import objects
from benchmarks.snowflake.conformance.running import Conformance, Place

_LOGIN = ("account", "user", "password", "private_key_file", "authenticator", "host", "port", "protocol")
_CONTEXT = ("role", "warehouse", "database")


@dataclass(frozen=True)
class Account:
    """Sessions of the account that `SNOWFLAKE_ACCOUNT`, `SNOWFLAKE_USER` and so on name."""

    arguments: dict[str, str] = field(repr=False)

    @classmethod
    def of_environment(cls) -> Account | None:
        """Read the environment; None when it names no account."""
        given = {name: os.environ.get(f"SNOWFLAKE_{name.upper()}", "") for name in (*_LOGIN, *_CONTEXT)}
        return cls({name: value for name, value in given.items() if value}) if given["account"] else None

    def connect(self, **changed: Any) -> Any:
        """Log in."""
        return connector.connect(**self.arguments, **changed, network_timeout=120)

    def conformance(self) -> Conformance:
        """Return the judge, whose schemas have a prefix of their own."""
        return Conformance(self, _place(), prefix=f"HOURGLASS_CONFORMANCE_{token_hex(3).upper()}")


def _place() -> Place:
    """Write the objects below `SNOWFLAKE_CONFORMANCE_URL`; no place without it."""
    url = os.environ.get("SNOWFLAKE_CONFORMANCE_URL", "")
    if not url:
        return Place("")
    folder = url.rstrip("/") + "/"
    target = urlsplit(folder)
    client = boto3.client("s3")
    for key, text in objects().items():
        body = gzip.compress(text.encode()) if key.endswith(".gz") else text.encode()
        client.put_object(Bucket=target.netloc, Key=target.path.lstrip("/") + key, Body=body)
    integration = os.environ.get("SNOWFLAKE_CONFORMANCE_INTEGRATION", "")
    return Place(folder, f"STORAGE_INTEGRATION = {integration}" if integration else "")
