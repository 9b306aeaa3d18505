"""Log in to Amazon MSK by IAM: tokens for librdkafka's OAUTHBEARER, signed by AWS's own library."""

from __future__ import annotations

from collections.abc import Callable

TokenSource = Callable[[str], tuple[str, float]]
"""Takes librdkafka's text of further settings; returns a token and when it expires, in seconds since 1970."""


def msk_tokens(region: str) -> TokenSource:
    """Return a source of tokens for the clusters of a region.

    Each token is a signed request to connect, made with the credentials that AWS's libraries find by themselves:
    variables, a web identity, the role of the machine. Without any, the source raises and librdkafka reports an
    `_AUTHENTICATION` error with the reason.
    """
    # imported here, because it loads botocore, which other logins do not need
    from aws_msk_iam_sasl_signer.MSKAuthTokenProvider import (  # type: ignore[import-untyped]  # noqa: PLC0415
        generate_auth_token,
    )

    def token(_settings: str) -> tuple[str, float]:
        value, expires_ms = generate_auth_token(region)
        return value, expires_ms / 1000

    return token
