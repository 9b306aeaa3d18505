"""What a cursor that knows no hour takes over from the publications: after a lost cursor nearly every hour is there.

Without it each hour would be judged again, some in each tick, and all would be in the cursor for hours.
"""

from __future__ import annotations

from datetime import datetime

from orchestration.landing.proof.evidence import Stream
from orchestration.landing.publication import published_revisions
from orchestration.landing.sensor.cursor import Cursor, RequestedRun


def with_published_hours(stream: Stream, cursor: Cursor) -> Cursor:
    """Return the cursor with the published hours. One with more records than its publication is not settled.

    Their fingerprint is not known: a later request of such an hour is an amendment. Hours with records that the ledger
    does not have any more are left out: nothing would settle them.
    """
    published = published_revisions(stream.bucket, stream.layout)
    runs = {
        hour: RequestedRun(fingerprint="", records=key.records, published=True)
        for hour, key in published.items()
        if hour in cursor.totals.hours or not key.records
    }
    runs |= cursor.requested
    return cursor.model_copy(update={"requested": runs, "last": max(runs, default=cursor.last)})


def walked_over(cursor: Cursor, now: datetime) -> Cursor:
    """Return the cursor with the walk at the first hour that has no records and no publication."""
    hour = cursor.walked
    while hour is not None and hour.end <= now and (hour in cursor.totals.hours or cursor.is_settled(hour)):
        hour = hour.plus(1)
    return cursor.model_copy(update={"walked": hour})
