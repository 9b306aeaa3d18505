"""How the partitions of assets stand: what each was built from, what it lacks, and whether it can be built.

Everything is compared by state: the versions that a partition was built from, and those that its inputs have now. No
answer depends on when it was asked for last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from typing import Any

import dagster as dg

from orchestration.proven.graph import Graph
from orchestration.proven.history import Built, History, InstanceHistory
from orchestration.proven.policy import EVERYTHING, CodeChange


class State(StrEnum):
    """What is to be done about a partition."""

    UP_TO_DATE = "up to date"
    NOT_DUE = "not due"
    WAITS = "waits"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a partition is built for, or what it waits for.

    Args:
        what: `amended`, `missing`, `behind`, `new`, `never built` or `of other code`.
        key: the input, or the asset itself.
        partition: of it.
    """

    what: str
    key: dg.AssetKey
    partition: str | None = None

    @property
    def name(self) -> str:
        """The asset with its partition."""
        return f"{self.key.to_user_string()} {self.partition}" if self.partition else self.key.to_user_string()

    def __str__(self) -> str:
        return f"{self.name} is {self.what}"


@dataclass(frozen=True, slots=True)
class Decision:
    """How one partition stands.

    Args:
        state: what is to be done.
        because: what makes it out of date; empty when nothing does, or when only what it reads is.
        waits_for: the first input that keeps it from being built.
        since: the time of the oldest change that it lacks.
    """

    state: State
    because: tuple[Reason, ...] = ()
    waits_for: tuple[Reason, ...] = ()
    since: datetime | None = None


class Standing:
    """The standing of every asset of a graph at one moment.

    Args:
        graph: what is built from what.
        history: what was built, and when.
    """

    @classmethod
    def of(cls, assets: Any, instance: dg.DagsterInstance, now: datetime) -> Standing:
        """Return the standing of an asset graph of Dagster by the events of an instance."""
        return cls(Graph(assets, now), InstanceHistory(instance))

    def __init__(self, graph: Graph, history: History) -> None:
        self.graph = graph
        self._history = history
        self._wanted: dict[dg.AssetKey, datetime | None] = {}
        self._lacking: dict[tuple[dg.AssetKey, str | None, int, bool], datetime | None] = {}
        self._absent: dict[tuple[dg.AssetKey, str | None], Reason | None] = {}
        self._expected: dict[dg.AssetKey, list[str | None]] = {}
        self._wholes: dict[dg.AssetKey, list[str | None]] = {}

    def decide(self, key: dg.AssetKey, partition: str | None) -> Decision:
        """Return what is to be done about a partition of an asset with a policy, or of one that is built by hours."""
        because = tuple(self.changes(key, partition))
        since = self.lacks(key, partition)
        wanted = self.wanted(key)
        if not because:
            behind = self._first_blocked(key, partition, EVERYTHING) if since else ()
            return Decision(State.WAITS if behind else State.UP_TO_DATE, waits_for=behind, since=since)
        is_due = wanted is not None and (since or wanted) <= wanted
        waits_for = self._first_blocked(key, partition, wanted or EVERYTHING)
        if waits_for:
            return Decision(State.WAITS, because, waits_for, since)
        return Decision(State.DUE if is_due else State.NOT_DUE, because, (), since)

    def wanted(self, key: dg.AssetKey) -> datetime | None:
        """Return the moment up to which changes must be built by now: for its own policy, or for that of a reader."""
        if key not in self._wanted:
            self._wanted[key] = None  # a cycle has no further wish
            policy = self.graph.policies.get(key)
            own = policy.due(self.graph.now) if policy else None
            wishes = [own, *(self.wanted(reader) for reader in self.graph.readers(key))]
            self._wanted[key] = max((wish for wish in wishes if wish is not None), default=None)
        return self._wanted[key]

    def expected(self, key: dg.AssetKey) -> list[str | None]:
        """Return the partitions of an asset, from the first one on whose inputs had begun, the oldest first."""
        if key not in self._expected:
            begin = self._begin(key)
            self._expected[key] = [
                partition
                for partition in self.graph.partitions(key)
                if (window := self.graph.window(key, partition)) is None or (begin and window.start >= begin)
            ]
        return self._expected[key]

    def newest(self, key: dg.AssetKey, partition: str | None) -> Built | None:
        """Return the newest materialization of a partition."""
        return next(reversed(self._history.built(key).get(partition, ())), None)

    def changes(self, key: dg.AssetKey, partition: str | None) -> Iterator[Reason]:
        """Yield what a partition would be built for: it itself, or the inputs that are not what it was built from."""
        built = self.newest(key, partition)
        if built is None:
            yield Reason("never built", key, partition)
            return
        policy, code = self.graph.policies.get(key), self.graph.code(key)
        keeps = policy is not None and policy.on_code_change is CodeChange.KEEP
        if code is not None and built.code not in {None, code} and not keeps:
            yield Reason("of other code", key, partition)
        for read, its in self.needed(key, partition):
            now = self.newest(read, its)
            before = self._read(key, built, read, its)
            if now is not None and (before is None or before.version != now.version):
                yield Reason("new" if before is None else "amended", read, its)

    def identity(self, key: dg.AssetKey, partition: str | None) -> str:
        """Return a digest of what a partition would be built from, and of what it was built from last."""
        digest = sha256(f"{self.graph.code(key)} {self.newest(key, partition)}".encode())
        for read, its in self.needed(key, partition):
            now = self.newest(read, its)
            digest.update(f"{read.to_user_string()} {its} {now.version if now else None}\n".encode())
        return digest.hexdigest()[:16]

    def lacks(self, key: dg.AssetKey, partition: str | None, *, expecting: bool = False) -> datetime | None:
        """Return the time of the oldest change that a partition lacks, also where its inputs lack it.

        The change of an hour has the time of its end, and the time of its event once it was there before.

        Args:
            key: the asset.
            partition: of it.
            expecting: count what is absent as a change, too: an hour that should be published and is not.
        """
        return self._lacks(key, partition, self.newest(key, partition), expecting)

    def absent_root(self, key: dg.AssetKey, partition: str | None) -> Reason | None:
        """Return a root that is not there and that a partition needs, also through others: the hop that blocks it."""
        at = (key, partition)
        if at not in self._absent:
            self._absent[at] = None
            if self.graph.is_root(key):
                self._absent[at] = None if self.newest(key, partition) else Reason("missing", key, partition)
            else:
                found = (self.absent_root(read, its) for read, its in self.needed(key, partition))
                self._absent[at] = next(filter(None, found), None)
        return self._absent[at]

    def hop(self, key: dg.AssetKey, partition: str | None) -> Reason | None:
        """Return what a partition waits for: an hour that should be published, or the first asset that is behind.

        None where all that it needs is there, so that its own build is what is missing.
        """
        for read, its in self.needed(key, partition, expecting=True):
            is_absent = self.newest(read, its) is None
            if self.graph.is_root(read):
                if is_absent:
                    return Reason("missing", read, its)
            elif is_absent or self.lacks(read, its, expecting=True) is not None:
                return self.hop(read, its) or Reason("missing" if is_absent else "behind", read, its)
        return None

    def _lacks(self, key: dg.AssetKey, partition: str | None, built: Built | None, expecting: bool) -> datetime | None:
        if self.graph.is_root(key):
            return None
        at = (key, partition, built.id if built else 0, expecting)
        if at not in self._lacking:
            self._lacking[at] = None
            times = [time for time in self._missed(key, partition, built, expecting) if time is not None]
            own = self._end(key, partition)
            self._lacking[at] = max(min(times), own or min(times)) if times else None
        return self._lacking[at]

    def _missed(
        self, key: dg.AssetKey, partition: str | None, built: Built | None, expecting: bool
    ) -> Iterator[datetime | None]:
        """Yield the time of each change that a partition lacks; the first one of many at an input is enough."""
        if built is None:
            if self.absent_root(key, partition) is None:
                yield self._end(key, partition) or self._first_event(key)
            elif not expecting:
                return
        for read, its in self.needed(key, partition, expecting=expecting):
            now = self.newest(read, its)
            if now is None:
                if expecting or (not self.graph.is_root(read) and self.absent_root(read, its) is None):
                    yield self._end(read, its)
                continue
            before = self._read(key, built, read, its) if built else None
            if before is not None and before.version == now.version:
                yield self._lacks(read, its, now, expecting)
            else:
                inherited = self._lacks(read, its, before, expecting) if not self.graph.is_root(read) else None
                yield inherited or self._changed(read, its, before)

    def _changed(self, key: dg.AssetKey, partition: str | None, before: Built | None) -> datetime | None:
        """Return when a partition became another one than `before`."""
        if before is None and (end := self._end(key, partition)):
            return end
        known = before.version if before else None
        later = self._history.built(key).get(partition, ())
        return next((one.at for one in later if one.id > (before.id if before else 0) and one.version != known), None)

    def _first_blocked(self, key: dg.AssetKey, partition: str | None, upto: datetime) -> tuple[Reason, ...]:
        return tuple(islice(self._blocked(key, partition, upto), 1))

    def _blocked(self, key: dg.AssetKey, partition: str | None, upto: datetime) -> Iterator[Reason]:
        """Yield the inputs that are missing, or that lack a change of up to a moment."""
        for read, its in self.needed(key, partition):
            if self.newest(read, its) is None:
                yield Reason("missing", read, its)
            elif (lacking := self.lacks(read, its)) is not None and lacking <= upto:
                yield Reason("behind", read, its)

    def needed(
        self, key: dg.AssetKey, partition: str | None, *, expecting: bool = False
    ) -> Iterator[tuple[dg.AssetKey, str | None]]:
        """Yield input and partition of all that a partition needs.

        Where every partition of an input is needed, these are the ones from its first on. Those at the end that cannot
        be built yet are needed by what is expected alone.
        """
        for read in self.graph.inputs(key):
            needed = self.graph.needed(key, partition, read)
            if needed is None:
                # an input without any partition is missing as a whole
                needed = tuple(self.expected(read) if expecting else self._all(read)) or (None,)
            for its in needed:
                yield read, its

    def _all(self, key: dg.AssetKey) -> Sequence[str | None]:
        """Return the partitions from the first one on, without those at the end that cannot be built yet."""
        if key not in self._wholes:
            known, expected = self._history.built(key), list(self.expected(key))
            while expected and expected[-1] not in known and self.absent_root(key, expected[-1]) is not None:
                expected.pop()
            self._wholes[key] = expected
        return self._wholes[key]

    def _read(self, key: dg.AssetKey, built: Built, read: dg.AssetKey, its: str | None) -> Built | None:
        """Return the materialization of an input that a partition was built from; a view always has the newest."""
        if self.graph.is_view(key):
            return self.newest(read, its)
        known = self._history.built(read).get(its, ())
        if built.seen is None:
            last = built.id
        elif read in built.seen:
            last = built.seen[read] or 0
        elif self.graph.is_direct(key, read):
            return None  # it was not an input then
        else:
            # through a view; no event says when its own inputs were read, so it is the begin of the run
            began = self._history.started(built.run_id) or datetime.min.replace(tzinfo=UTC)
            seen = [one for one in known if one.at <= began or (one.run_id == built.run_id and one.id < built.id)]
            return seen[-1] if seen else None
        position = bisect_right(known, last, key=lambda one: one.id)
        return known[position - 1] if position else None

    def _begin(self, key: dg.AssetKey) -> datetime | None:
        """Return where the data of an asset begins: the first hour of its roots, of several the last."""
        if self.graph.is_root(key):
            windows = [self.graph.window(key, partition) for partition in self._history.built(key)]
            return min((window.start for window in windows if window), default=None)
        begins = [begin for read in self.graph.inputs(key) if (begin := self._begin(read)) is not None]
        return max(begins, default=None)

    def _end(self, key: dg.AssetKey, partition: str | None) -> datetime | None:
        window = self.graph.window(key, partition)
        return window.end if window else None

    def _first_event(self, key: dg.AssetKey) -> datetime | None:
        """Return the first event of the inputs of an asset that was never built."""
        events = [its[0].at for read in self.graph.inputs(key) for its in self._history.built(read).values()]
        return min(events, default=None)
