from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from flink_jobs.contracts.s3_credentials import Keys
from flink_jobs.signature import S3Request, signed_headers

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
ALPHABET = "abcXYZ019-_.~/ +&=%?#:äß€"


def of_botocore(request: S3Request, keys: Keys, region: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sign the same with AWS's own library."""
    theirs = AWSRequest(request.method, request.address, dict(request.headers), request.body)
    theirs.context["payload_signing_enabled"] = True
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW)
    S3SigV4Auth(Credentials(*keys), "s3", region).add_auth(theirs)
    return str(theirs.headers["Authorization"])


@pytest.mark.parametrize("seed", range(20))
def test_a_request_is_signed_as_by_the_library_of_aws(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in query and headers, with and without a token."""
    random = Random(seed)  # noqa: S311 - a seed makes the same request again

    def text() -> str:
        return "".join(random.choices(ALPHABET, k=random.randrange(1, 30)))

    keys = Keys("id", text(), text() if seed % 2 else None)
    request = S3Request(
        random.choice(["GET", "PUT"]),
        random.choice(["http://127.0.0.1:9000/bucket/", "https://bucket.s3.amazonaws.com/flink/a-b/0.json"]),
        {text(): text() for _ in range(seed % 4)},
        {"x-amz-acl": "private", "content-type": "application/json", "x-amz-meta-x": text().encode().hex() + "  x"},
        text().encode(),
    )
    region = random.choice(["us-east-1", "eu-central-1"])
    ours = signed_headers(request, keys, region, NOW)
    assert of_botocore(request, keys, region, monkeypatch) == ours["authorization"]
    assert keys.token == ours.get("x-amz-security-token")
