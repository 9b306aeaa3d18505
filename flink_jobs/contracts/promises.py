"""Compare promised objects with listed ones, by epoch, as every reader of the bucket does.

Sets, not counts: a missing object and an unpromised one do not cancel out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from flink_jobs.contracts.layout import Kind, ObjectKey

Promise = tuple[Kind, str]
"""Kind and epoch of an object that the ledger promises for an hour."""


class Listed(Protocol):
    """One object of a listing."""

    @property
    def key(self) -> str:
        """The whole key."""


ListedT = TypeVar("ListedT", bound=Listed)


@dataclass(frozen=True, slots=True)
class PromiseMatch(Generic[ListedT]):
    """The promises for one hour matched with a listing, each field in the order of keys.

    Args:
        objects: listed as promised.
        missing: promised, and not listed; in the order of epochs.
        doubled: every further object of a promise that has one.
        unpromised: written by the job, but in no ledger entry (yet).
        foreign: not a key that the job writes.
    """

    objects: tuple[ListedT, ...]
    missing: tuple[Promise, ...]
    doubled: tuple[ListedT, ...]
    unpromised: tuple[ListedT, ...]
    foreign: tuple[ListedT, ...]

    @property
    def unpromised_keys(self) -> tuple[str, ...]:
        """Keys that no entry promises, of the job or not."""
        return tuple(sorted(found.key for found in (*self.unpromised, *self.foreign)))


def compare(promised: frozenset[Promise], listed: Iterable[ListedT]) -> PromiseMatch[ListedT]:
    """Match the promises for one hour with a listing of its directories that was made after the ledger was read."""
    kept: dict[Promise, ListedT] = {}
    doubled, unpromised, foreign = [], [], []
    for found in sorted(listed, key=lambda item: item.key):
        key = ObjectKey.try_parse(found.key)
        if key is None:
            foreign.append(found)
        elif (key.kind, key.epoch) not in promised:
            unpromised.append(found)
        elif (key.kind, key.epoch) in kept:
            doubled.append(found)
        else:
            kept[key.kind, key.epoch] = found
    missing = sorted(promised - kept.keys(), key=lambda promise: (promise[1], promise[0]))
    objects = tuple(sorted(kept.values(), key=lambda item: item.key))
    return PromiseMatch(objects, tuple(missing), tuple(doubled), tuple(unpromised), tuple(foreign))
