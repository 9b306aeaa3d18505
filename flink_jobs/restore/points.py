"""Which checkpoint or savepoint the job continues from. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from flink_jobs.s3.objects import StoredObject

_CHECKPOINT = re.compile(r".*/(?P<job>[0-9a-f]{32})/chk-(?P<number>\d+)/_metadata")
_SAVEPOINT = re.compile(r".*/savepoint-[0-9a-f-]+/_metadata")


class Origin(IntEnum):
    """What a restore point is. Of two from the same second the savepoint is the later one: it ended its job."""

    CHECKPOINT = 0
    SAVEPOINT = 1


@dataclass(frozen=True, slots=True, order=True)
class RestorePoint:
    """A complete checkpoint or savepoint; the greatest is the newest. `key` is its directory, without a slash."""

    modified: datetime
    origin: Origin
    number: int
    key: str


def restore_points(objects: Iterable[StoredObject]) -> list[RestorePoint]:
    """Find the complete ones among the objects of both directories: `_metadata` is written last."""
    found = []
    for stored in objects:
        directory = stored.key.removesuffix("/_metadata")
        if match := _CHECKPOINT.fullmatch(stored.key):
            found.append(RestorePoint(stored.modified, Origin.CHECKPOINT, int(match["number"]), directory))
        elif _SAVEPOINT.fullmatch(stored.key):
            found.append(RestorePoint(stored.modified, Origin.SAVEPOINT, 0, directory))
    return sorted(found)
