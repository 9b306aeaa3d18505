"""Sign requests to S3 as AWS asks for it (Signature Version 4, in headers). Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

from flink_jobs.contracts.s3_credentials import Keys

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class S3Request:
    """A request before it is signed.

    Attributes:
        url: scheme, host and path; the path is percent-encoded, and there is no query.
        query: not encoded.
        headers: names are lower case; all of them are signed.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query_text(self) -> str:
        """Write the query in the one form that is signed: encoded, then sorted."""
        return "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in self.query.items()))

    @property
    def address(self) -> str:
        """Give the whole URL."""
        return f"{self.url}?{self.query_text}" if self.query else self.url


def signed_headers(request: S3Request, keys: Keys, region: str, now: datetime) -> dict[str, str]:
    """Give all headers of a request but `host`, which the client writes.

    Args:
        request: to be sent within minutes of `now`.
        keys: whose request it is.
        region: of the bucket.
        now: in UTC.
    """
    moment = f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{now:%Y%m%d}/{region}/s3/aws4_request"
    address = urlsplit(request.url)
    digest = sha256(request.body).hexdigest()
    headers = {**request.headers, "x-amz-content-sha256": digest, "x-amz-date": moment}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    signed = sorted({**headers, "host": address.netloc}.items())
    names = ";".join(name for name, _ in signed)
    lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in signed)
    canonical = "\n".join([request.method, address.path or "/", request.query_text, lines, names, digest])
    text = "\n".join([_ALGORITHM, moment, scope, sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={keys.key_id}/{scope}"
    return headers | {"authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
