"""Walk over the hours of a stream in order, and find those without records: each of them is requested as well.

Hours with records are found in the ledger. An hour without records is in no entry, so the walk visits every full hour
once, from the first hour of the stream on.

It stops at the first hour that is open, because the following ones wait for the same offsets. With `CreateTime` it also
stops at an hour beyond the look-back that no record follows: after a replay of last year's records nothing shows that
their time went on. If a later hour is settled already, or the broker has deleted what the hour needs, the hour is left
behind: it is judged again in each tick, and does not hold the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flink_jobs.contracts.layout import Hour
from orchestration.landing.proof.completeness import BrokerView, Complete, Open, Proof
from orchestration.landing.proof.evidence import EndOffsets, Request, Stream, first_landed_hour, judge
from orchestration.landing.proof.seal import fingerprint, latest_seal
from orchestration.landing.sensor.cursor import Cursor, RequestedRun

STEPS_MAX = 200
"""Hours that one tick visits; the next one goes on."""
OLD_REQUESTS_MAX = 24
"""Hours beyond the look-back that one tick requests, mostly one range: a long past is not one queue of the present."""


@dataclass
class EmptyHours:
    """What a walk found.

    Args:
        cursor: after it.
        requests: runs to request.
        waiting: open hours that it met.
        behind: whether a limit left hours unvisited.
        steps: hours that it visited.
    """

    cursor: Cursor
    requests: list[Request] = field(default_factory=list)
    waiting: list[Open] = field(default_factory=list)
    behind: bool = False
    steps: int = 0


def begin_walk(stream: Stream, cursor: Cursor, ends: EndOffsets, *, is_migrated: bool) -> Cursor:
    """Return the cursor with the first hour of the stream, as far as it is known now.

    With `is_migrated` the cursor has dropped its oldest hours before it kept the first one, so the bucket is asked.
    """
    landed = [hour for hour in cursor.totals.hours if stream.first_hour <= hour and hour.start <= ends.asked_at]
    if is_migrated and (listed := first_landed_hour(stream)):
        landed.append(listed)
    return cursor.begin(min(landed, default=None))


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """Bounds of one walk.

    Args:
        requests_max: runs that it may request.
        recent: hours before it are beyond the look-back.
        has_time: whether the tick has time for one more hour.
    """

    requests_max: int
    recent: Hour
    has_time: Callable[[], bool]


class Walk:
    """One walk.

    Args:
        stream: whose hours are visited.
        ends: of its partitions, compared with the ledger.
        cursor: with the totals of everything that was read.
        limits: of the walk.
    """

    def __init__(self, stream: Stream, ends: EndOffsets, cursor: Cursor, limits: WalkLimits) -> None:
        self._stream = stream
        self._ends = ends
        self._limits = limits
        self._found = EmptyHours(cursor)
        self._reason = ""
        chains = [cursor.totals.chain(key) for key in ends.marks]
        self._since = min((chain.emitted for chain in chains if chain), default=None)

    def run(self) -> EmptyHours:
        """Visit the hours that were left behind, then the following ones."""
        for passed in self._found.cursor.passed:
            hour = passed.first
            while hour <= passed.last and self._may_go_on() and self._is_settled(hour):
                self._found.cursor = self._found.cursor.without_passed(hour)
                hour = hour.plus(1)
        while (following := self._next()) is not None and self._may_go_on():
            after = self._after(following)
            if after is None:
                break
            self._found.cursor = after
        return self._found

    def _after(self, hour: Hour) -> Cursor | None:
        """Return the cursor behind an hour; None while the walk stops there."""
        if self._is_settled(hour):
            return self._found.cursor.model_copy(update={"walked": hour.plus(1)})
        return self._found.cursor.left_behind(hour) if self._may_pass(hour) else None

    def _may_go_on(self) -> bool:
        self._found.steps += 1
        old = sum(request.hour < self._limits.recent for request in self._found.requests)
        has_room = len(self._found.requests) < self._limits.requests_max and old < OLD_REQUESTS_MAX
        has_room = has_room and self._found.steps <= STEPS_MAX
        self._found.behind = not (has_room and self._limits.has_time())
        return not self._found.behind

    def _next(self) -> Hour | None:
        """Return the next hour of the walk; None when it is not over yet."""
        hour = self._found.cursor.walked
        return hour if hour is not None and hour.end <= self._ends.asked_at else None

    def _is_settled(self, hour: Hour) -> bool:
        """Request a run for an hour without records that is complete; an hour with records is not the walk's."""
        cursor = self._found.cursor
        if hour in cursor.totals.hours or cursor.is_settled(hour):
            return True
        judgement = judge(self._stream, hour, cursor.totals, self._ends)
        verdict, view = judgement.verdict, judgement.view
        self._reason = verdict.reason if isinstance(verdict, Open) else ""
        if isinstance(verdict, Complete):
            if verdict.proof is Proof.IDLE and hour < self._limits.recent and not _is_followed(view):
                return False
            deleted = view is not None and any(view.has_deleted(key) for key in view.marks)
            idle_ends = cursor.idle_ends if verdict.proof is Proof.IDLE else None
            self._request(Request(hour, fingerprint(()), None if deleted else self._since, idle_ends))
            return True
        # The cursor may have dropped the hour since it was sealed, or was lost.
        if seal := latest_seal(self._stream.bucket, self._stream.layout, hour):
            if seal.accepted + seal.rejected == 0:
                self._request(Request(hour, seal.fingerprint, seal.emitted_first))
            return True
        if isinstance(verdict, Open):
            self._found.waiting.append(verdict)
        return False

    def _may_pass(self, hour: Hour) -> bool:
        last = self._found.cursor.last
        return "deleted before they landed" in self._reason or (last is not None and last > hour)

    def _request(self, request: Request) -> None:
        cursor = self._found.cursor
        run = RequestedRun(fingerprint=request.fingerprint or "", records=0, requested_at=self._ends.asked_at)
        requested = {**cursor.requested, request.hour: run}
        last = max(request.hour, cursor.last or request.hour)
        self._found.cursor = cursor.model_copy(update={"requested": requested, "last": last})
        self._found.requests.append(request)


def _is_followed(view: BrokerView | None) -> bool:
    """Return whether a record shows that the time of the stream went on after an hour."""
    return view is not None and any(record is not None for record in view.later.values())
