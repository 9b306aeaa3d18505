"""Every failure between the bucket, the broker and an hour.

    LandingError
    ├── UnavailableError            a system outside is away: the same call can succeed later
    │   ├── BucketUnavailableError
    │   └── BrokerUnavailableError
    ├── BucketRefusedError          the bucket refuses: credentials, missing bucket, missing object
    ├── BrokerRefusedError          the broker refuses: credentials
    │   └── TopicMissingError       the broker has no such topic
    ├── SealUnreadableError         a seal is not what this package writes
    ├── SealConflictError           a sealed object is gone or was changed, or other writers won every revision
    ├── CursorError
    │   ├── CursorUnreadableError   the sensor's cursor is damaged, or belongs to another topic
    │   └── CursorTooNewError       a newer release wrote the sensor's cursor
    ├── HourNotCompleteError        the hour is not proven complete, or has no seal
    └── HourNotCheckedError         the hour is not published: a blocking check did not pass for its newest seal

Only `UnavailableError` and its subclasses are retried.
"""

from __future__ import annotations


class LandingError(Exception):
    """Base of all errors about hours, their objects and their offsets."""


class UnavailableError(LandingError):
    """A system outside is away; the same call can succeed later."""


class BucketUnavailableError(UnavailableError):
    """The S3 endpoint cannot be reached, times out or asks to slow down."""


class BrokerUnavailableError(UnavailableError):
    """The Kafka broker cannot be reached or does not answer in time."""


class BucketRefusedError(LandingError):
    """The bucket answered with a refusal; a retry does not help."""


class BrokerRefusedError(LandingError):
    """The broker answered with a refusal; a retry does not help."""


class TopicMissingError(BrokerRefusedError):
    """The broker has no topic of this name."""


class SealUnreadableError(LandingError):
    """An object below `seals/` does not hold a seal."""


class SealConflictError(LandingError):
    """The hour cannot be sealed beside its existing seals.

    Usually an object that an earlier revision names is gone from the listing, or has other bytes; the bucket's
    versions can restore it. Rarely, other writers took every revision that this writer tried.
    """


class CursorError(LandingError):
    """The sensor's cursor cannot be used; the sensor never starts from the present instead."""


class CursorUnreadableError(CursorError):
    """The cursor is not the JSON that this sensor writes, or belongs to another topic."""


class CursorTooNewError(CursorError):
    """The cursor was written by a newer release."""


class HourNotCompleteError(LandingError):
    """An hour that was to be sealed is not proven complete, or an hour that was to be checked has no seal."""


class HourNotCheckedError(LandingError):
    """An hour that was to be published has a blocking check that did not pass for the newest seal."""
