"""List the objects of many hours, with few requests and several at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey, StreamLayout
from orchestration.landing.clients.s3 import Bucket, ListedObject

NEAR, SPAN = timedelta(hours=24), timedelta(hours=96)
"""Hours with a smaller distance share a listing, as long as it has not more hours than `SPAN`."""
LISTINGS = 8
"""Listings at the same time: the pages of one come one after the other."""


@dataclass(slots=True)
class Listing:
    """The listed objects of one kind of an hour by key, and the epochs of their keys."""

    objects: dict[str, ListedObject] = field(default_factory=dict)
    epochs: list[str] = field(default_factory=list)


def list_objects(bucket: Bucket, layout: StreamLayout, kind: Kind, hours: Collection[Hour]) -> dict[Hour, Listing]:
    """List the objects of a kind of the hours, and of hours between them that are near."""
    with ThreadPoolExecutor(LISTINGS) as pool:
        parts = pool.map(lambda span: _list_span(bucket, layout, kind, *span), _spans(hours))
        return {hour: its for part in parts for hour, its in part.items()}


def _list_span(bucket: Bucket, layout: StreamLayout, kind: Kind, first: Hour, last: Hour) -> dict[Hour, Listing]:
    listed: dict[Hour, Listing] = {}
    prefix, start = layout.prefix(kind), layout.hour_prefix(kind, first)
    for found in bucket.list(prefix, start_after=start):
        key = ObjectKey.try_parse(found.key)
        if key is None:
            continue
        if key.hour > last:
            break
        its = listed.setdefault(key.hour, Listing())
        its.objects[found.key] = found
        its.epochs.append(key.epoch)
    return listed


def _spans(hours: Collection[Hour]) -> Iterator[tuple[Hour, Hour]]:
    """Yield the first and the last hour of each listing, so that one old hour does not list everything since."""
    first = before = None
    for hour in sorted(hours):
        if first is None or before is None:
            first = hour
        elif hour.start - before.start > NEAR or hour.start - first.start >= SPAN:
            yield first, before
            first = hour
        before = hour
    if first is not None and before is not None:
        yield first, before
