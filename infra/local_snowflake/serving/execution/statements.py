"""Execute the statements of clients: ours on the executor, all others through fakesnow."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import duckdb
from anyio import CapacityLimiter, to_thread
from snowflake.connector.errors import Error as ConnectorError

from infra.local_snowflake.answers import Answer, Transfer, status
from infra.local_snowflake.errors import (
    LockTimeoutError,
    NotSupportedError,
    StatementRefusedError,
    StatementTimeoutError,
    UnansweredError,
)
from infra.local_snowflake.executor import Executed, StatementExecutor
from infra.local_snowflake.faults import Fault, FaultKind
from infra.local_snowflake.language.binding import needs_values, with_bound_values
from infra.local_snowflake.language.parsing.dispatch import parse
from infra.local_snowflake.language.splitting import first_word, required_statements
from infra.local_snowflake.meaning.checks.relations import require_own_databases
from infra.local_snowflake.rewriting.identifiers import with_named_variables
from infra.local_snowflake.serving import wire
from infra.local_snowflake.serving.binding.binds import Binds, decoded, require_all, values_of, with_spaced_marks
from infra.local_snowflake.serving.binding.bulk import TABLE, Bulk, of_binds, of_literals
from infra.local_snowflake.serving.clients import Client
from infra.local_snowflake.serving.execution import multi
from infra.local_snowflake.serving.execution.canceling import cancellation_of
from infra.local_snowflake.serving.execution.locks import Locks, changed, written
from infra.local_snowflake.serving.execution.results import Result, Results
from infra.local_snowflake.serving.execution.running import Running
from infra.local_snowflake.serving.execution.scanned import with_scanned_results
from infra.local_snowflake.serving.execution.sent import Sent
from infra.local_snowflake.serving.execution.served_bucket import half_of_new
from infra.local_snowflake.serving.execution.statement_log import loggable
from infra.local_snowflake.serving.requested_faults import error_of
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.invalid_views import of_view

_log = logging.getLogger("local_snowflake")
_Returned = TypeVar("_Returned")
_THREADS_MAX = 64
_PAUSE_SECONDS = 0.005
_PAUSE_SECONDS_MAX = 0.25
_LOCK_TIMEOUT_SECONDS = 43_200
_TIMEOUT_SECONDS = 172_800
_NO_BINDS = Binds()
_READING = frozenset({"SHOW", "DESC", "DESCRIBE", "LIST", "LS"})


@dataclass(frozen=True, slots=True)
class _Own:
    """A statement that this server executes itself; None if its columns alone are asked for.

    Args:
        keys: of the objects that it changes.
    """

    sent: Sent
    statement: Executed | None
    keys: list[str]


@dataclass(slots=True)
class _PassedOn:
    """A statement for fakesnow.

    Args:
        sql: its text, or that of its rows in bulk.
        keys: of the table that it changes in place.
        call: of fakesnow; None before the first attempt.
        message: what is answered instead of the result.
    """

    sent: Sent
    sql: str
    keys: list[str]
    bulk: Bulk | None = None
    binds: Binds = _NO_BINDS
    call: wire.Call | None = None
    message: str | None = None


@dataclass(slots=True)
class Statements:
    """Executes the statements of one server.

    The statements of one session run one after another, those of different sessions at the same time. A statement that
    changes an object holds the lock of this object. Where two transactions still collide, the statement that has
    changed nothing is tried again.
    """

    executor: StatementExecutor
    results: Results
    locks: Locks = field(default_factory=Locks)
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS_MAX))
    part_started: Callable[[Running], None] = lambda _: None
    """Called with each statement of a request of several."""
    started: Callable[[], Iterable[Running]] = tuple
    """Returns the statements of all sessions that have started."""

    def start(self, sent: Sent, running: Running, ended: Callable[[Running], None]) -> None:
        """Start a statement as a task of its own, and call back at its end."""
        running.interrupts.append(lambda: wire.interrupt(sent.client.session.connection))
        seconds = sent.seconds("STATEMENT_TIMEOUT_IN_SECONDS", _TIMEOUT_SECONDS)
        timeout = StatementTimeoutError(
            f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled."
        )
        running.start(self._run(sent, running, ended), seconds, timeout)

    async def _run(self, sent: Sent, running: Running, ended: Callable[[Running], None]) -> None:
        client = sent.client
        try:
            if cancellation := cancellation_of(sent.sql):
                answer = cancellation.run(running, self.started())
                self.results.put(running.id, client.session.id, wire.result_of(answer.table))
                return
            await running.acquire(client.lock)
            try:
                if sent.fault and sent.fault.kind is FaultKind.SLOW:
                    await running.pause(sent.fault.seconds)
                result = await self._execute(sent, running)
                owner = "" if sent.asynchronous else client.session.id
                self.results.put(running.id, owner, result)
                client.session.query_ids.append(running.id)
            finally:
                client.lock.release()
        except BaseException as failed:
            of_scan = self.executor.tables.scan.refusal(_chained(failed))
            refusal = of_scan or _refused(failed, running)
            running.refusal = of_view(refusal, sent.sql, client.session, self.executor.objects.catalog)
            raise running.refusal from failed
        finally:
            running.seconds = running.elapsed_seconds
            ended(running)

    def answer(self, running: Running, client: Client) -> bytes:
        """Return the answer of a statement that succeeded."""
        result = self.results.result(running.id)
        if result is None:
            raise UnansweredError(f"The result of statement {running.id} is no longer kept.")
        session = client.session
        data = wire.encoded(result) | {
            "parameters": session.parameters.of_clients,
            "queryId": running.id,
            "finalDatabaseName": session.database,
            "finalSchemaName": session.schema,
            "finalWarehouseName": session.warehouse,
            "finalRoleName": session.role,
        }
        return json.dumps({"data": data, "code": None, "message": None, "success": True}).encode()

    async def _execute(self, sent: Sent, running: Running) -> Result:
        read = await self._in_thread(self._read, sent)
        if isinstance(read, list):
            return await self._execute_each(sent, read, running)
        async with self.locks.holding(read.keys, running):
            if isinstance(read, _Own):
                return await self._in_thread(self._answer, read)
            return await self._pass_on(read, running)

    def _read(self, sent: Sent) -> list[str] | _Own | _PassedOn:
        """Read a request: its statements if they are several, or its statement, which is prepared if it is ours."""
        session = sent.client.session
        named = with_named_variables(sent.sql, session.connection.variables.inline_variables)
        if named != sent.sql:
            sent = replace(sent, body=sent.body | {"sqlText": named})
        require_own_databases(sent.sql)
        if literals := of_literals(sent.sql):
            return _PassedOn(sent, literals.sql, written(literals.sql, session), literals)
        statements = required_statements(sent.sql, sent.statement_count)
        if len(statements) > 1:
            return statements
        bound = with_bound_values(sent.sql, sent.body.get("bindings") or {})
        statement = parse(sent.sql if bound is None else bound)
        if statement is not None:
            if sent.describe_only and first_word(sent.sql) not in _READING:
                return _Own(sent, None, [])
            self.executor.prepare(sent.sql, statement, session)
            return _Own(sent, statement, changed(statement, session))
        if bound is not None and needs_values(sent.sql):
            sent = replace(sent, body=sent.body | {"sqlText": bound, "bindings": None})
        binds = decoded(sent.body.get("bindings"))
        bulk = self._bulk(sent, binds) if binds.columns else None
        sql = bulk.sql if bulk else sent.sql
        return _PassedOn(sent, sql, written(sql, session), bulk, binds)

    def _answer(self, own: _Own) -> Result:
        sent, statement, session = own.sent, own.statement, own.sent.client.session
        if statement is None:
            return wire.STATUS
        done = False
        try:
            if sent.fault and sent.fault.kind is FaultKind.HALF_REFRESH:
                answer = self._half_refreshed(statement, session, sent.fault)
            else:
                answer = self.executor.answer(statement, session)
            done = True
        finally:
            self.executor.finish(sent.sql, statement, session, done=done)
        if isinstance(answer, Transfer):
            return Result([], None, upload=dict(answer.data))
        return wire.result_of(answer.table)

    async def _execute_each(self, sent: Sent, statements: list[str], running: Running) -> Result:
        """Execute the statements of a request one after the other, up to the first that is refused."""
        if sent.describe_only:
            raise NotSupportedError("Unsupported feature 'description of several statements'.")
        session = sent.client.session
        results: dict[str, Result] = {}
        for body in multi.parts(statements, sent.body):
            part = running.part(loggable(str(body["sqlText"])))
            results[part.id] = await self._execute(replace(sent, body=body, alone=True), running)
            self.results.put(part.id, "" if sent.asynchronous else session.id, results[part.id])
            session.query_ids.append(part.id)
            self.part_started(part)
        return multi.result_of_all(results)

    def _half_refreshed(self, statement: Executed, session: Session, fault: Fault) -> Answer | Transfer:
        name = session.full(statement.name)  # type: ignore[union-attr,arg-type] # a refresh has a name
        registry = self.executor.registry
        refreshed = registry.external_table(name) or registry.stage(name)
        registered = registry.files(refreshed.id, "") if refreshed else []
        with half_of_new(frozenset(stored.key for stored in registered)):
            answer = self.executor.answer(statement, session)
        if fault.code is not None:
            raise error_of(fault)
        return answer

    async def _pass_on(self, passed: _PassedOn, running: Running) -> Result:
        """Execute a statement; try it again after a conflict with another transaction, as if it waited for a lock."""
        sent = passed.sent
        give_up = time.monotonic() + sent.seconds("LOCK_TIMEOUT", _LOCK_TIMEOUT_SECONDS)
        pause = _PAUSE_SECONDS
        while True:
            try:
                return await self._in_thread(self._describe if sent.describe_only else self._change, passed)
            except wire.ConflictError as conflict:
                if time.monotonic() > give_up or sent.client.session.transaction.id:
                    raise LockTimeoutError(
                        f"Statement '{running.id}' was aborted because another transaction holds a lock of the table "
                        "that has not yet been released."
                    ) from conflict
            await running.pause(pause)
            pause = min(2 * pause, _PAUSE_SECONDS_MAX)

    def _describe(self, passed: _PassedOn) -> Result:
        passed.call = passed.call or self._call(passed)
        return wire.execute(passed.sent.client.session.connection, passed.call)

    def _change(self, passed: _PassedOn) -> Result:
        """Execute a statement up to its end; it is prepared and rewritten in the first attempt alone.

        Raises:
            ConflictError: with another transaction; nothing was changed.
        """
        sql, session = passed.sql, passed.sent.client.session
        if passed.call is None:
            self.executor.prepare(sql, None, session)
        done = False
        try:
            result = self._changed_result(passed)
            done = True
        finally:
            self.executor.finish(sql, None, session, done=done)
        self.executor.files.after(sql, session)
        return result

    def _changed_result(self, passed: _PassedOn) -> Result:
        sql, session, objects = passed.sql, passed.sent.client.session, self.executor.objects
        if passed.call is None:
            settled = objects.settled(sql, session)
            if settled is not None:
                return wire.result_of(settled.table)
            passed.message = objects.temporary_status(sql, session)
            passed.call = self._call(passed)
        result = wire.execute(session.connection, passed.call)
        return wire.result_of(status(passed.message).table) if passed.message else result

    def _bulk(self, sent: Sent, binds: Binds) -> Bulk | None:
        session = sent.client.session
        require_all(sent.sql, binds)
        return of_binds(sent.sql, binds, lambda name: wire.column_types(session.connection, session.stored(name)))

    def _call(self, passed: _PassedOn) -> wire.Call:
        sent, sql, binds, session = passed.sent, passed.sql, passed.binds, passed.sent.client.session
        opened = session.transaction.id is not None
        if passed.bulk:
            return wire.Call(
                self.executor.rewrite(sql, session), tables={TABLE: passed.bulk.rows}, in_transaction=opened
            )
        if not sent.describe_only:
            require_all(sql, binds)
        rewritten = self.executor.rewrite(with_spaced_marks(sql), session)
        rewritten, scanned = with_scanned_results(rewritten, self.results)
        tables = {name: result.table for name, result in scanned.items()}
        return wire.Call(rewritten, values_of(sql, binds), binds.rows, sent.describe_only, tables, opened)

    async def _in_thread(self, work: Callable[..., _Returned], *given: Any) -> _Returned:
        return await to_thread.run_sync(work, *given, limiter=self.limiter)


def _refused(failed: BaseException, running: Running) -> StatementRefusedError:
    if isinstance(failed, StatementRefusedError):
        return failed
    if isinstance(failed, wire.InterruptedStatementError | duckdb.InterruptException) and running.stopped_by:
        return running.stopped_by
    if isinstance(failed, ConnectorError):
        return _of_fakesnow(failed)
    _log.error("the statement failed", exc_info=failed)
    return UnansweredError(f"The local Snowflake failed on this statement: {type(failed).__name__}.")


def _chained(failed: BaseException | None) -> str:
    """Return the texts of an error and its causes: that of the engine may be below Snowflake's words."""
    texts = []
    while failed is not None:
        texts.append(str(failed))
        failed = failed.__cause__
    return "\n".join(texts)


def _of_fakesnow(refused: ConnectorError) -> StatementRefusedError:
    answered = UnansweredError(str(refused.raw_msg or refused))
    answered.code = refused.errno or answered.code
    answered.sqlstate = refused.sqlstate or answered.sqlstate
    return answered
