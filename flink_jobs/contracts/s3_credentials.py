"""Who we are to the bucket's server: keys, the default chain of AWS, a role. The S3 client is not needed to know it.

A contract: it imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from botocore.session import Session

SESSION_NAME = "hourglass"
"""Under which an assumed role is seen in the trail of the account."""


class Keys(NamedTuple):
    """What a request is signed with."""

    key_id: str
    secret: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Which credentials to use; see `S3Access`, whose settings these are."""

    region: str
    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    sts_endpoint: str | None = None

    def session(self) -> Session:
        """Open a session of botocore; nothing is asked yet."""
        # Imported here: keys that are given need no library.
        from botocore.session import get_session  # noqa: PLC0415 - imported late on purpose

        session = get_session()
        if self.key_id and self.secret:
            session.set_credentials(self.key_id, self.secret, self.token)
        return self._in_role(session, self.role_arn) if self.role_arn else session

    def _in_role(self, session: Session, role_arn: str) -> Session:
        """Assume the role at the first request, and again before its credentials end."""
        from botocore.credentials import (  # noqa: PLC0415 - imported late on purpose
            AssumeRoleCredentialFetcher,
            DeferredRefreshableCredentials,
        )
        from botocore.session import get_session  # noqa: PLC0415 - imported late on purpose

        ours = get_session()
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(ours.create_client, endpoint_url=self.sts_endpoint, region_name=self.region),
            source_credentials=session.get_credentials(),
            role_arn=role_arn,
            extra_args={"RoleSessionName": SESSION_NAME},
        )
        in_role = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        ours._credentials = in_role  # type: ignore[attr-defined]  # noqa: SLF001 - botocore's setter takes keys alone
        return ours


class Signer:
    """Give the keys to sign with, those that end soon renewed.

    Args:
        identity: whose.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._session: Session | None = None

    def keys(self) -> Keys:
        """Give the keys of this moment; those of the chain and of a role are fetched again before they end.

        Raises:
            LookupError: nobody has any.
        """
        given = self._identity
        if given.key_id and given.secret and not given.role_arn:
            return Keys(given.key_id, given.secret, given.token)
        if self._session is None:
            self._session = given.session()
        found = self._session.get_credentials()
        frozen = found.get_frozen_credentials() if found else None
        if frozen is None or not (frozen.access_key and frozen.secret_key):
            raise LookupError("no credentials for the bucket: set HOURGLASS_S3_ACCESS_KEY_ID and its secret, or AWS's")
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)
