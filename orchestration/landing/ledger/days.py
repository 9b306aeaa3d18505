"""The ledger of one UTC day of emission in two objects: its totals, and its entries. Of the open day, its closed hours.

They hold nothing that the ledger does not have. A reader that finds one of them missing or damaged reads the objects of
the ledger instead. A day is written once per revision; a revision has every object of the ledger that the former one
has, and late ones.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.layout import Hour, LedgerDayKey, ObjectKey, StreamLayout, newest_of_each
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.ledger.damage import parse_entries
from orchestration.landing.ledger.epochs import Epochs, HourPath
from orchestration.landing.ledger.totals import LedgerTotals

DAY = timedelta(days=1)


class DamagedDayError(ValueError):
    """An object of the day holds no ledger entries."""


class LedgerDay(BaseModel):
    """The totals of one day of emission, and what they were made from.

    `previous` is the day that was compacted before: there is no object of the ledger between the two. `until` is the
    first hour that is not in it; None for a whole day. `seen` are the epochs of its objects, `objects` their number;
    `objects_sha256` covers their keys and bytes, `entries_sha256` the object with the entries.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    stream: str
    day: date
    revision: int
    previous: date | None
    until: HourPath | None = None
    totals: LedgerTotals
    seen: dict[HourPath, Epochs]
    objects: int
    objects_sha256: str
    entries_sha256: str

    @property
    def begin(self) -> Hour:
        """The first hour of the day."""
        return Hour.beginning(self.day)

    @property
    def end(self) -> Hour:
        """The first hour after what it has."""
        return self.until or Hour.beginning(self.day + DAY)


Bodies = Mapping[ObjectKey, bytes]
"""Objects of the ledger by key."""


def write_day(  # noqa: PLR0913 - the parts of a day
    bucket: Bucket, layout: StreamLayout, topics: tuple[str, ...], day: date, bodies: Bodies, *,
    previous: date | None, revision: int, until: Hour | None = None,
) -> bool:  # fmt: skip
    """Write a day, the entries first; return False when another writer has written the revision.

    `bodies` are its objects before `until`.

    Raises:
        DamagedDayError: an object is damaged.
    """
    made = made_day(layout, topics, day, bodies, previous=previous, revision=revision, until=until)
    text = _entries_text(bodies)
    made = made.model_copy(update={"entries_sha256": sha256(text).hexdigest()})
    bucket.put_if_absent(layout.ledger_day_entries_key(day, made.entries_sha256), text)
    return bucket.put_if_absent(layout.ledger_day_key(day, revision), made.model_dump_json(indent=1).encode())


def made_day(  # noqa: PLR0913 - the parts of a day
    layout: StreamLayout, topics: tuple[str, ...], day: date, bodies: Bodies, *,
    previous: date | None, revision: int, until: Hour | None = None,
) -> LedgerDay:  # fmt: skip
    """Add up the objects of a day, without the hash of their entries; `DamagedDayError` when one is damaged."""
    seen: dict[Hour, Epochs] = {}
    for key in bodies:
        seen[key.hour] = seen.get(key.hour, Epochs()).add(key.epoch)
    return LedgerDay(
        stream=layout.stream,
        day=day,
        revision=revision,
        previous=previous,
        until=until,
        totals=LedgerTotals(topics=topics).fold(_parsed(bodies.items())),
        seen=seen,
        objects=len(bodies),
        objects_sha256=objects_digest(bodies),
        entries_sha256="",
    )


def objects_digest(bodies: Bodies) -> str:
    """Return the SHA-256 over keys and bytes of objects, in any order."""
    lines = sorted(f"{key.key}\t{sha256(body).hexdigest()}\n" for key, body in bodies.items())
    return sha256("".join(lines).encode()).hexdigest()


def newest_day_keys(bucket: Bucket, layout: StreamLayout) -> dict[date, LedgerDayKey]:
    """Return the newest revision of every compacted day, in the order of days, from a listing."""
    parsed = (LedgerDayKey.try_parse(found.key) for found in bucket.list(layout.ledger_days_prefix))
    newest = newest_of_each((key for key in parsed if key is not None), attrgetter("day"))
    return dict(sorted(newest.items()))


def read_days(bucket: Bucket, keys: Iterable[LedgerDayKey]) -> list[LedgerDay]:
    """Fetch days, in the given order, without those that are gone or damaged."""
    wanted = list(keys)
    bodies = bucket.get_present([key.key for key in wanted])
    return [day for key, body in zip(wanted, bodies, strict=True) if body and (day := _read(key, body))]


def read_day_entries(
    bucket: Bucket, layout: StreamLayout, day: LedgerDay, hours: Collection[Hour] | None = None
) -> list[tuple[Hour, LedgerEntry]] | None:
    """Read the entries of a day, or those of its objects that have one of these hours.

    None when the object is gone, or is not the one that the day was written with.
    """
    (text,) = bucket.get_present([layout.ledger_day_entries_key(day.day, day.entries_sha256)])
    if text is None or sha256(text).hexdigest() != day.entries_sha256:
        return None
    labels = None if hours is None else [hour.label for hour in hours]
    lines = (json.loads(line) for line in gzip.decompress(text).splitlines())
    chosen = (
        (ObjectKey.parse(line["key"]), line["body"].encode())
        for line in lines
        if labels is None or any(label in line["body"] for label in labels)
    )
    return list(_parsed(chosen))


def list_day_objects(bucket: Bucket, layout: StreamLayout, day: date, until: Hour | None = None) -> list[ObjectKey]:
    """List the objects of the ledger of a day, or those before an hour of it."""
    listed = bucket.list(layout.ledger_day_objects(day))
    keys = [key for found in listed if (key := ObjectKey.try_parse(found.key))]
    return [key for key in keys if until is None or key.hour < until]


def day_objects(
    bucket: Bucket, layout: StreamLayout, day: date, until: Hour | None = None
) -> dict[ObjectKey, bytes] | None:
    """Read the objects that `list_day_objects` lists; None when one of them is gone meanwhile."""
    keys = list_day_objects(bucket, layout, day, until)
    bodies = bucket.get_present([key.key for key in keys])
    found = {key: body for key, body in zip(keys, bodies, strict=True) if body is not None}
    return found if len(found) == len(keys) else None


def _read(key: LedgerDayKey, body: bytes) -> LedgerDay | None:
    try:
        day = LedgerDay.model_validate_json(body)
    except ValidationError:
        return None
    return day if (day.stream, day.day, day.revision) == (key.stream, key.day, key.revision) else None


def _parsed(bodies: Iterable[tuple[ObjectKey, bytes]]) -> Iterator[tuple[Hour, LedgerEntry]]:
    for key, body in bodies:
        entries, wrong = parse_entries(key, body)
        if wrong is not None:
            raise DamagedDayError(f"{key.key}: {wrong}")
        yield from ((key.hour, entry) for entry in entries)


def _entries_text(bodies: Bodies) -> bytes:
    """Return the same bytes for the same objects."""
    lines = [
        json.dumps({"key": key.key, "body": body.decode()}, ensure_ascii=False)
        for key, body in sorted(bodies.items(), key=lambda item: item[0].key)
    ]
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
