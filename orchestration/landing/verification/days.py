"""Compare the snapshots of the ledger's days with the objects that they were made from."""

from __future__ import annotations

from collections.abc import Iterator

from flink_jobs.contracts.layout import StreamLayout
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.ledger.days import (
    DamagedDayError,
    LedgerDay,
    day_objects,
    made_day,
    newest_day_keys,
    read_day_entries,
    read_days,
)
from orchestration.landing.verification.seals import Finding


def wrong_days(bucket: Bucket, layout: StreamLayout) -> Iterator[Finding]:
    """Add up every compacted day again, and iterate over the snapshots that differ from it.

    Every object of the ledger of these days is read.
    """
    for key in newest_day_keys(bucket, layout).values():
        found = read_days(bucket, [key])
        if not found:
            yield Finding(key.key, "it is no snapshot of this day; delete it, and run compact_ledger")
        elif (what := _difference(bucket, layout, found[0])) is not None:
            yield Finding(key.key, what)


def _difference(bucket: Bucket, layout: StreamLayout, day: LedgerDay) -> str | None:
    bodies = day_objects(bucket, layout, day.day, day.until)
    if bodies is None:
        return "objects of its day were deleted meanwhile"
    try:
        made = made_day(
            layout, day.totals.topics, day.day, bodies, previous=day.previous, revision=day.revision, until=day.until
        )
    except DamagedDayError as exc:
        return f"an object of its day is damaged since: {exc}"
    differs = {
        f"it has {day.objects} objects of the ledger, the bucket has {len(bodies)} of its day": len(bodies)
        != day.objects,
        "objects of its day have other bytes": made.objects_sha256 != day.objects_sha256,
        "its totals are not those of its objects": (made.totals, made.seen) != (day.totals, day.seen),
        "the object with its entries is gone or has other bytes": read_day_entries(bucket, layout, day, ()) is None,
    }
    return next((what for what, is_so in differs.items() if is_so), None)
