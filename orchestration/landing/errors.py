"""What can go wrong between the bucket, the broker and an hour.

    LandingError
    ├── Unavailable            the outside is away: asking again later helps
    │   ├── BucketUnavailable
    │   └── BrokerUnavailable
    ├── BucketRefused          the bucket answers no: credentials, missing bucket, missing object
    ├── BrokerRefused          the broker answers no: credentials, missing topic
    ├── LedgerUnreadable       an object of the ledger is not what the landing job writes
    ├── SealUnreadable         a seal is not what this package writes
    ├── SealConflict           another writer sealed the hour with other objects at the same moment
    ├── TransitionError        a step that the life of an hour does not have
    ├── CursorError
    │   ├── CursorUnreadable   the sensor's cursor is not ours
    │   └── CursorTooNew       a newer release wrote the sensor's cursor
    └── HourNotComplete        the hour's numbers do not add up (yet)

Retriable or terminal is a class: `Unavailable` and below, nothing else, is asked again.
"""

from __future__ import annotations


class LandingError(Exception):
    """Anything this package reports about hours, their objects and their offsets."""


class Unavailable(LandingError):
    """A system outside is away; the same question later may be answered."""


class BucketUnavailable(Unavailable):
    """The S3 endpoint cannot be reached, times out or asks to slow down."""


class BrokerUnavailable(Unavailable):
    """The Kafka broker cannot be reached or does not answer in time."""


class BucketRefused(LandingError):
    """The bucket answers, and the answer is no."""


class BrokerRefused(LandingError):
    """The broker answers, and the answer is no."""


class LedgerUnreadable(LandingError):
    """An object below `ledger/` holds something else than ledger entries."""


class SealUnreadable(LandingError):
    """An object below `seals/` holds something else than a seal."""


class SealConflict(LandingError):
    """Two writers sealed one hour at the same moment with different objects."""


class TransitionError(LandingError):
    """A step that the life of an hour does not have."""


class CursorError(LandingError):
    """The sensor's cursor cannot be used; the sensor never starts from now instead."""


class CursorUnreadable(CursorError):
    """The cursor is no JSON of ours."""


class CursorTooNew(CursorError):
    """The cursor was written by a newer release."""


class HourNotComplete(LandingError):
    """An hour that was to be sealed is not provably complete."""
