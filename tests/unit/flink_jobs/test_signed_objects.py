from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from flink_jobs.contracts.s3_credentials import Identity
from flink_jobs.errors import UnreachableError
from flink_jobs.s3.bucket import plain_address
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import LandingSettings
from flink_jobs.signed_objects import BucketAddress, SignedObjects
from tests.fakes.http_server import serving

NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)
IDENTITY = Identity("eu-central-1", "id", "canary")
PAGES = {
    None: b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents><Key>p/1'
    b"</Key><LastModified>2025-08-01T12:00:00.000Z</LastModified></Contents><NextContinuationToken>a+b/c="
    b"</NextContinuationToken></ListBucketResult>",
    "a+b/c=": b"<ListBucketResult><Contents><Key>p/2</Key><LastModified>2025-08-01T12:00:00Z</LastModified></Contents>"
    b"</ListBucketResult>",
}


class Server(BaseHTTPRequestHandler):
    """A bucket of two pages; `answer` is what it says to a PUT."""

    puts: list[tuple[str, dict[str, str], bytes]]
    listed: list[dict[str, list[str]]]
    answer: int

    def do_GET(self) -> None:
        """List."""
        query = parse_qs(urlsplit(self.path).query)
        self.listed.append(query)
        self._say(200, PAGES.get(query.get("continuation-token", [None])[0], b"<half"))

    def do_PUT(self) -> None:
        """Write."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.puts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self._say(self.answer, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 307:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def url() -> Iterator[str]:
    Server.puts, Server.listed, Server.answer = [], [], 200
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Server)) as address:
        yield f"{address}/bucket"


def objects(url: str, **put_headers: str) -> SignedObjects:
    return SignedObjects(BucketAddress(url, "eu-central-1", None, put_headers), IDENTITY, lambda: NOON)


def test_all_pages_are_listed(url: str) -> None:
    found = list(objects(url).objects("p/"))
    assert [StoredObject("p/1", NOON), StoredObject("p/2", NOON)] == found
    assert [{"list-type", "prefix"}, {"list-type", "prefix", "continuation-token"}] == [
        set(one) for one in Server.listed
    ]


def test_what_is_written_carries_what_the_bucket_asks_for_and_its_digest(url: str) -> None:
    """Encryption is part of what is signed; a bucket with locks on its objects wants a digest."""
    objects(url, **{"x-amz-server-side-encryption": "AES256"}).put("flink/s/leases/1.json", b"{}")
    [(path, headers, body)] = Server.puts
    assert ("/bucket/flink/s/leases/1.json", b"{}") == (path, body)
    digest = b64encode(sha256(b"{}").digest()).decode()
    assert ("AES256", digest) == (headers["x-amz-server-side-encryption"], headers["x-amz-checksum-sha256"])
    assert "x-amz-server-side-encryption" in headers["authorization"]
    assert "canary" not in str(headers)


@pytest.mark.parametrize("answer", [307, 403, 503])
def test_what_is_no_success_is_no_renewal(url: str, answer: int) -> None:
    """Nothing is followed to another address: the signature is for this one."""
    Server.answer = answer
    with pytest.raises(UnreachableError, match=f"answers with {answer}"):
        objects(url).put("k", b"{}")
    assert 1 == len(Server.puts)


def test_half_a_listing_is_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing that was cut would hide the lease of a successor."""
    monkeypatch.setitem(PAGES, None, PAGES[None][:200])
    with pytest.raises(UnreachableError, match="no listing"):
        list(objects(url).objects("p/"))


def test_a_server_that_is_away_is_one_clear_error() -> None:
    with pytest.raises(UnreachableError, match="does not answer"):
        objects("http://127.0.0.1:1/bucket").put("k", b"{}")


@pytest.mark.parametrize(
    ("endpoint", "path_style", "url"),
    [
        ("http://127.0.0.1:9000", None, "http://127.0.0.1:9000/hourglass"),
        ("https://s3.example:444", False, "https://hourglass.s3.example:444"),
        (None, None, "https://hourglass.s3.eu-central-1.amazonaws.com"),
        (None, True, "https://s3.eu-central-1.amazonaws.com/hourglass"),
    ],
)
def test_the_address_is_the_one_of_the_client_of_aws(endpoint: str | None, path_style: bool | None, url: str) -> None:
    settings = LandingSettings(_env_file=None, s3_region="eu-central-1", s3_endpoint=endpoint, s3_path_style=path_style)
    assert (url, "eu-central-1") == (plain_address(settings).url, plain_address(settings).region)


def test_every_setting_of_what_is_written_has_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/authorities.pem")
    settings = LandingSettings(
        _env_file=None, s3_encryption="sse-kms", s3_kms_key_id="key", s3_acl="bucket-owner-full-control"
    )
    expected = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "key",
        "x-amz-acl": "bucket-owner-full-control",
    }
    address = plain_address(settings)
    assert (expected, "/authorities.pem") == (address.put_headers, address.authorities)
