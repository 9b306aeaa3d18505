"""The statements that run or have run: their ids, their state, and how one is stopped."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import uuid4

import duckdb

from infra.local_snowflake.errors import StatementRefusedError

HISTORY_MAX = 1_000
_INTERRUPT_SECONDS = 0.02


class State(Enum):
    """The state of a statement, as clients read it."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED_WITH_ERROR"
    ABORTED = "ABORTED"


@dataclass(slots=True, eq=False)
class Running:
    """One statement.

    Args:
        request_id: of the client; a request that is sent again has the same.
        text: to log, without secrets.
        session: number of its session.
        user: of its session.
        started: time of its start.
        id: of the query.
        refusal: why it failed.
        stopped_by: why it must end; set once.
        interrupts: interrupt what it executes now.
    """

    request_id: str
    text: str
    session: str
    user: str
    started: datetime
    asynchronous: bool = False
    id: str = field(default_factory=lambda: str(uuid4()))
    state: State = State.RUNNING
    refusal: StatementRefusedError | None = None
    seconds: float = 0.0
    stopped_by: StatementRefusedError | None = None
    interrupts: list[Callable[[], None]] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _interrupting: asyncio.Task[None] | None = None
    _began: float = field(default_factory=time.monotonic)

    @property
    def elapsed_seconds(self) -> float:
        """The time since its start."""
        return time.monotonic() - self._began

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state is not State.RUNNING

    def start(self, work: Awaitable[Any], timeout_seconds: float, too_long: StatementRefusedError) -> None:
        """Start the work of this statement, and stop it after its timeout."""

        async def run() -> None:
            current.set(self)
            timer = asyncio.get_running_loop().call_later(timeout_seconds, self.stop, too_long)
            try:
                await work
                self.state = State.SUCCESS
            except StatementRefusedError as refused:
                self.refusal = refused
                self.state = State.ABORTED if refused is self.stopped_by else State.FAILED
            finally:
                self.interrupts.clear()
                timer.cancel()
                if self._interrupting:
                    self._interrupting.cancel()

        self._task = asyncio.create_task(run())

    async def wait(self, seconds: float) -> bool:
        """Wait until the statement has ended, or for a time; return whether it has."""
        if self._task is not None and not self.done:
            await asyncio.wait({self._task}, timeout=seconds)
        return self.done

    def part(self, text: str) -> Running:
        """Return a statement of this request of several as a query of its own that has succeeded."""
        part = Running("", text, self.session, self.user, self.started, self.asynchronous)
        part.state = State.SUCCESS
        return part

    def stop(self, reason: StatementRefusedError) -> None:
        """Stop the statement; it ends with this reason unless it was done before."""
        if not self.done and self.stopped_by is None:
            self.stopped_by = reason
            self._stop.set()
            self._interrupting = asyncio.create_task(self._interrupt())

    def check(self) -> None:
        """Raise the reason to stop, if there is one; work of many steps calls it between them."""
        if self.stopped_by:
            raise self.stopped_by

    async def acquire(self, lock: asyncio.Lock) -> None:
        """Acquire a lock, or raise the reason to stop."""
        acquiring = asyncio.ensure_future(lock.acquire())
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({acquiring, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not acquiring.done():
                acquiring.cancel()
        if self.stopped_by and acquiring.done() and not acquiring.cancelled():
            lock.release()
        self.check()

    async def pause(self, seconds: float) -> None:
        """Wait for a time, or raise the reason to stop."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
        self.check()

    async def _interrupt(self) -> None:
        """Interrupt the work again and again: it may be between two steps."""
        while not self.done:
            for interrupt in list(self.interrupts):
                interrupt()
            await asyncio.sleep(_INTERRUPT_SECONDS)


current: ContextVar[Running | None] = ContextVar("current", default=None)
"""The statement of this task or thread."""


def check() -> None:
    """Raise the reason to stop the statement of this thread, if there is one."""
    if running := current.get():
        running.check()


def opened(cursor: Any) -> None:
    """Let the statement of this thread interrupt a cursor of DuckDB, too."""

    def interrupt() -> None:
        with suppress(duckdb.ConnectionException):  # it is closed already
            cursor.interrupt()

    if running := current.get():
        running.interrupts.append(interrupt)


class History:
    """The statements of the server, the oldest are forgotten first."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Running] = OrderedDict()

    def add(self, running: Running) -> None:
        """Add a statement."""
        self._by_id[running.id] = running
        while len(self._by_id) > HISTORY_MAX:
            self._by_id.popitem(last=False)

    def find(self, query: str) -> Running | None:
        """Return a statement by its query id."""
        return self._by_id.get(query)

    def of_request(self, request_id: str) -> Running | None:
        """Return a statement by its request id."""
        return next((one for one in reversed(self) if one.request_id == request_id), None)

    def __reversed__(self) -> Iterator[Running]:
        """Iterate from the latest statement."""
        return iter(list(reversed(self._by_id.values())))
