"""The bucket by plain HTTP: the little that a lease needs, in a twentieth of the memory of AWS's client.

Proxies are those of the environment, as for every other client of the project.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener
from xml.etree.ElementTree import Element, ParseError, fromstring

from flink_jobs.contracts.s3_credentials import Identity, Signer
from flink_jobs.errors import UnreachableError
from flink_jobs.s3.objects import StoredObject
from flink_jobs.signature import S3Request, signed_headers

ANSWER_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Where a bucket is, and what must be said to it.

    Attributes:
        url: of the bucket, without a slash at the end.
        region: for which requests are signed.
        authorities: file of the certificates that are trusted.
        put_headers: of every object that is written.
    """

    url: str
    region: str
    authorities: str | None
    put_headers: Mapping[str, str]


class SignedObjects:
    """Lists and writes objects.

    Args:
        address: of the bucket.
        identity: who asks.
        now: tells the time, in UTC.
    """

    def __init__(
        self, address: BucketAddress, identity: Identity, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._address = address
        self._signer = Signer(identity)
        self._now = now
        handlers: list[Any] = [_NoRedirect]
        if address.url.startswith("https:"):
            handlers.append(HTTPSHandler(context=ssl.create_default_context(cafile=address.authorities)))
        self._opener = build_opener(*handlers)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """List all objects below a prefix, in the order of their keys."""
        query = {"list-type": "2", "prefix": prefix}
        while True:
            page = self._page(query)
            for found in page.iterfind("{*}Contents"):
                yield StoredObject(
                    found.findtext("{*}Key", ""), datetime.fromisoformat(found.findtext("{*}LastModified", ""))
                )
            token = page.findtext("{*}NextContinuationToken")
            if not token:
                return
            query["continuation-token"] = token

    def put(self, key: str, body: bytes) -> None:
        """Write an object, also over another."""
        digest = b64encode(sha256(body).digest()).decode()
        headers = {**self._address.put_headers, "content-type": "application/json", "x-amz-checksum-sha256": digest}
        self._answer(S3Request("PUT", f"{self._address.url}/{quote(key, safe='/~')}", {}, headers, body))

    def _page(self, query: Mapping[str, str]) -> Element:
        answer = self._answer(S3Request("GET", f"{self._address.url}/", query))
        try:
            return fromstring(answer)  # noqa: S314 - our own bucket answers; expat refuses what explodes
        except ParseError as exc:
            raise UnreachableError(f"{self._address.url} answers with no listing: {exc}") from exc

    def _answer(self, request: S3Request) -> bytes:
        headers = signed_headers(request, self._signer.keys(), self._address.region, self._now())
        sent = Request(  # noqa: S310 - the address is of the settings: http or https
            request.address, request.body or None, headers, method=request.method
        )
        try:
            with self._opener.open(sent, timeout=ANSWER_SECONDS_MAX) as answer:
                read: bytes = answer.read()
        except HTTPError as exc:
            with exc:
                raise UnreachableError(f"{self._address.url} answers with {exc.code} ({exc.reason})") from exc
        except (OSError, HTTPException) as exc:
            raise UnreachableError(f"{self._address.url} does not answer: {exc}") from exc
        return read


class _NoRedirect(HTTPRedirectHandler):
    """A request is signed for one address: nothing is sent to another."""

    def redirect_request(self, *_: Any) -> None:
        return None
