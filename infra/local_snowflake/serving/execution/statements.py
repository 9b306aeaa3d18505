"""Execute the statements of clients: ours on the executor, all others through fakesnow."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
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
from infra.local_snowflake.language.file_statements import AlterIntegration, CreateIntegration
from infra.local_snowflake.language.names import ObjectName, PartialName
from infra.local_snowflake.language.parsing.dispatch import parse
from infra.local_snowflake.language.splitting import first_word, required_statements
from infra.local_snowflake.language.statements import Describe, ListStage, Show
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.loading.copy_into.table_events import touches_table
from infra.local_snowflake.meaning.checks.relations import require_own_databases
from infra.local_snowflake.rewriting.relations import target
from infra.local_snowflake.serving import wire
from infra.local_snowflake.serving.binding.binds import Binds, decoded, require_all, values_of, with_spaced_marks
from infra.local_snowflake.serving.binding.bulk import TABLE, Bulk, of_binds, of_literals
from infra.local_snowflake.serving.clients import Client
from infra.local_snowflake.serving.execution import multi
from infra.local_snowflake.serving.execution.locks import Locks
from infra.local_snowflake.serving.execution.results import Result, Results
from infra.local_snowflake.serving.execution.running import Running
from infra.local_snowflake.serving.execution.scanned import with_scanned_results
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
_HEAD_CHARACTERS = 1_000
"""Characters of a statement that hold the name of its target."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as a client sends it."""

    body: dict[str, Any]
    client: Client
    fault: Fault | None = None
    alone: bool = False
    """Whether it is one statement of a request of several."""

    @property
    def statement_count(self) -> int:
        """The number of statements that the request must hold; 0 is any number."""
        given = self.parameter("MULTI_STATEMENT_COUNT")
        return 1 if self.alone or given is None else int(given)

    @property
    def sql(self) -> str:
        """The text of the statement."""
        return str(self.body.get("sqlText", ""))

    @property
    def asynchronous(self) -> bool:
        """Whether the client asks for the result later."""
        return bool(self.body.get("asyncExec"))

    @property
    def describe_only(self) -> bool:
        """Whether the client asks for the columns only."""
        return bool(self.body.get("describeOnly"))

    def parameter(self, name: str) -> Any:
        """Return a parameter of the statement, of the session or of the login; None without one."""
        of_session = getattr(self.client.session, "parameters", {})
        for parameters in (self.body.get("parameters") or {}, of_session, self.client.parameters):
            if name in parameters:
                return parameters[name]
        return None

    def seconds(self, name: str, default: int) -> int:
        """Return a parameter in seconds; 0 is the default, too."""
        try:
            return int(self.parameter(name) or default)
        except (TypeError, ValueError):
            return default


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
            "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}],
            "queryId": running.id,
            "finalDatabaseName": session.database,
            "finalSchemaName": session.schema,
            "finalWarehouseName": session.warehouse,
            "finalRoleName": session.role,
        }
        return json.dumps({"data": data, "code": None, "message": None, "success": True}).encode()

    async def _execute(self, sent: Sent, running: Running) -> Result:
        session = sent.client.session
        await self._in_thread(require_own_databases, sent.sql)
        if literals := await self._in_thread(of_literals, sent.sql):
            return await self._pass_on(sent, running, literals)
        statements = await self._in_thread(required_statements, sent.sql, sent.statement_count)
        if len(statements) > 1:
            return await self._execute_each(sent, statements, running)
        bound = await self._in_thread(with_bound_values, sent.sql, sent.body.get("bindings") or {})
        statement = await self._in_thread(parse, sent.sql if bound is None else bound)
        if statement is None:
            if bound is not None and needs_values(sent.sql):
                sent = replace(sent, body=sent.body | {"sqlText": bound, "bindings": None})
            binds = await self._in_thread(decoded, sent.body.get("bindings"))
            bulk = await self._in_thread(self._bulk, sent, binds) if binds.columns else None
            return await self._pass_on(sent, running, bulk, binds)
        if sent.describe_only and first_word(sent.sql) not in _READING:
            return wire.STATUS
        await self._in_thread(self.executor.prepare, sent.sql, statement, session)
        async with self.locks.holding(_changed(statement, session), running):
            done = False
            try:
                if sent.fault and sent.fault.kind is FaultKind.HALF_REFRESH:
                    answer = await self._in_thread(self._half_refreshed, statement, session, sent.fault)
                else:
                    answer = await self._in_thread(self.executor.answer, statement, session)
                done = True
            finally:
                await self._in_thread(partial(self.executor.finish, sent.sql, statement, session, done=done))
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

    async def _pass_on(
        self, sent: Sent, running: Running, bulk: Bulk | None = None, binds: Binds = _NO_BINDS
    ) -> Result:
        session, sql = sent.client.session, bulk.sql if bulk else sent.sql
        async with self.locks.holding(_written(sql, session), running):
            if sent.describe_only:
                call = await self._in_thread(self._call, sent, sql, bulk, binds)
                return await self._without_conflict(sent, running, call)
            await self._in_thread(self.executor.prepare, sql, None, session)
            done = False
            try:
                result = await self._changing(sent, running, bulk, binds)
                done = True
            finally:
                await self._in_thread(partial(self.executor.finish, sql, None, session, done=done))
            if touches_table(sql):
                await self._in_thread(self.executor.files.after, sql, session)
        return result

    async def _changing(self, sent: Sent, running: Running, bulk: Bulk | None, binds: Binds) -> Result:
        session, sql = sent.client.session, bulk.sql if bulk else sent.sql
        settled = await self._in_thread(self.executor.objects.settled, sql, session)
        if settled is not None:
            return wire.result_of(settled.table)
        message = await self._in_thread(self.executor.objects.temporary_status, sql, session)
        call = await self._in_thread(self._call, sent, sql, bulk, binds)
        result = await self._without_conflict(sent, running, call)
        return wire.result_of(status(message).table) if message else result

    def _bulk(self, sent: Sent, binds: Binds) -> Bulk | None:
        session = sent.client.session
        require_all(sent.sql, binds)
        return of_binds(
            sent.sql, binds, lambda name: wire.column_types(session.connection, self._stored(name, session))
        )

    def _stored(self, name: PartialName, session: Session) -> ObjectName:
        full = session.full(name)
        return session.temporary.get(full, full)

    def _call(self, sent: Sent, sql: str, bulk: Bulk | None, binds: Binds) -> wire.Call:
        session = sent.client.session
        if bulk:
            rewritten, tables = self.executor.rewrite(sql, session), {TABLE: bulk.rows}
            return wire.Call(rewritten, tables=tables, in_transaction=session.transaction.id is not None)
        if not sent.describe_only:
            require_all(sql, binds)
        rewritten = self.executor.rewrite(with_spaced_marks(sql), session)
        rewritten, scanned = with_scanned_results(rewritten, self.results)
        tables = {name: result.table for name, result in scanned.items()}
        opened = session.transaction.id is not None
        return wire.Call(rewritten, values_of(sql, binds), binds.rows, sent.describe_only, tables, opened)

    async def _without_conflict(self, sent: Sent, running: Running, call: wire.Call) -> Result:
        """Execute a statement; try it again after a conflict with another transaction, as if it waited for a lock."""
        connection = sent.client.session.connection
        give_up = time.monotonic() + sent.seconds("LOCK_TIMEOUT", _LOCK_TIMEOUT_SECONDS)
        pause = _PAUSE_SECONDS
        while True:
            try:
                return await self._in_thread(wire.execute, connection, call)
            except wire.ConflictError as conflict:
                if time.monotonic() > give_up or sent.client.session.transaction.id:
                    raise LockTimeoutError(
                        f"Statement '{running.id}' was aborted because another transaction holds a lock of the table "
                        "that has not yet been released."
                    ) from conflict
            await running.pause(pause)
            pause = min(2 * pause, _PAUSE_SECONDS_MAX)

    async def _in_thread(self, work: Callable[..., _Returned], *given: Any) -> _Returned:
        return await to_thread.run_sync(work, *given, limiter=self.limiter)


def _changed(statement: Executed, session: Session) -> list[str]:
    """Return the keys of the objects that a statement of ours changes."""
    if isinstance(statement, CreateIntegration | AlterIntegration):
        return [f"integration {statement.name}"]
    name = getattr(statement, "name", getattr(statement, "table", None))
    if isinstance(statement, Show | Describe | ListStage) or not isinstance(name, PartialName):
        return []
    try:
        return [str(session.full(name))]
    except StatementRefusedError:  # of a schema or a database, or refused later
        return [".".join(name.parts)]


_VERBS = (
    ("UPDATE",),
    ("DELETE", "FROM"),
    ("MERGE", "INTO"),
    ("TRUNCATE", "TABLE", "IF", "EXISTS"),
    ("TRUNCATE", "TABLE"),
    ("TRUNCATE",),
    ("INSERT", "OVERWRITE", "INTO"),
    ("COPY", "INTO"),
)


def _written(sql: str, session: Session) -> list[str]:
    """Return the key of the table that a statement of fakesnow changes in place; an INSERT disturbs no other."""
    head = sql.lstrip()[:_HEAD_CHARACTERS]
    try:
        if found := target(head):
            return [str(session.full(found.name))]
        reader = Reader(head)
        if any(reader.accept(*words) for words in _VERBS):
            return [str(session.full(reader.name()))]
    except StatementRefusedError:
        return []  # the statement itself is refused later
    return []


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
