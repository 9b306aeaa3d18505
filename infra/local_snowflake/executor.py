"""Execute the statements of this server on its registry, and rewrite all others for fakesnow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from infra.local_snowflake.absent_objects import answer_absent
from infra.local_snowflake.account.executor import AccountExecutor
from infra.local_snowflake.account.parameters import PARAMETERS
from infra.local_snowflake.account.statements import AccountStatement, AlterSession
from infra.local_snowflake.answers import Answer, Transfer, status
from infra.local_snowflake.errors import OptionRefusedError
from infra.local_snowflake.external_tables.guard import require_no_write, use_as_table
from infra.local_snowflake.external_tables.information import with_information_views
from infra.local_snowflake.external_tables.reading.functions import with_external_table_functions
from infra.local_snowflake.external_tables.reading.metadata import with_metadata_columns
from infra.local_snowflake.external_tables.reading.validity import Validity
from infra.local_snowflake.external_tables.tables import ExternalTables
from infra.local_snowflake.files.bucket import Bucket
from infra.local_snowflake.files.file_lists import FileLists, with_file_lists
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.alterations import Alter
from infra.local_snowflake.language.file_statements import CopyInto, FileStatement, Unload
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.parsing.comments import without_comments
from infra.local_snowflake.language.parsing.definitions.created import definition_of
from infra.local_snowflake.language.parsing.effects import effect_of
from infra.local_snowflake.language.splitting import first_word, words
from infra.local_snowflake.language.statements import (
    Begin,
    Clone,
    Commit,
    CreateExternalTable,
    CreateOrAlterTable,
    CreateStream,
    Describe,
    DescribeObject,
    Drop,
    DropDatabase,
    ExternalTableStatement,
    ObjectKind,
    OnAbsent,
    Rollback,
    Scope,
    SetComments,
    SetVariables,
    Show,
    ShowList,
    StagePath,
    Statement,
)
from infra.local_snowflake.language.tokens import apply
from infra.local_snowflake.loading.executor import FileExecutor, StageStatement
from infra.local_snowflake.loading.templates import with_template
from infra.local_snowflake.object_executor import ObjectExecutor, ObjectStatement
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stages import stage_location
from infra.local_snowflake.rewriting.identifiers import with_identifiers
from infra.local_snowflake.rewriting.phrases import with_known_phrases
from infra.local_snowflake.rewriting.relations import target, with_other_names, without_modifiers
from infra.local_snowflake.rewriting.session_functions import with_session_functions
from infra.local_snowflake.serving.wire import in_duckdb
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.settings import LocalSnowflakeSettings
from infra.local_snowflake.showing.ddl import with_ddl
from infra.local_snowflake.showing.external_tables import describe_external_table, show_external_tables
from infra.local_snowflake.showing.lists import LISTS
from infra.local_snowflake.showing.stages import describe_stage

_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_READING = frozenset({"SELECT", "WITH"})
"""First words of the statements that need a warehouse; one that reads nothing needs none."""
Executed: TypeAlias = Statement | FileStatement | AccountStatement | Alter
"""A statement that this server executes itself."""


@dataclass(frozen=True, slots=True)
class StatementExecutor:
    """Executes statements on the stages and external tables of one server."""

    registry: Registry
    files: FileExecutor
    tables: ExternalTables
    now: Callable[[], datetime]
    objects: ObjectExecutor
    account: AccountExecutor

    @classmethod
    def over(
        cls, registry: Registry, bucket: Bucket, now: Callable[[], datetime], settings: LocalSnowflakeSettings
    ) -> StatementExecutor:
        """Build the executor over a registry and a bucket."""
        files = FileExecutor.over(registry, bucket, now)
        objects = ObjectExecutor.over(registry, now)
        account = AccountExecutor.over(registry, objects.catalog, now, settings)
        tables = ExternalTables.over(registry, files.stages, bucket, now)
        return cls(registry, files, tables, now, objects, account)

    def answer(self, statement: Executed, session: Session) -> Answer | Transfer:
        """Execute a statement of this server.

        Raises:
            StatementRefusedError: with the code of Snowflake.
        """
        if isinstance(statement, FileStatement | StageStatement):
            return self.files.answer(statement, session, self.rewrite)
        if isinstance(statement, ExternalTableStatement):
            return self._answer_table(statement, session)
        match statement:
            case Show() | Describe():
                return self._answer_shown(statement, session)
            case Begin() | Commit() | Rollback() | Drop() | SetVariables():
                return self._answer_session(statement, session)
            case OnAbsent() | CreateStream():
                return answer_absent(statement, session, self.files.stages, self.objects.catalog)
            case _:
                return self._answer_object(statement, session)

    def _answer_object(self, statement: ObjectStatement | AccountStatement | Alter, session: Session) -> Answer:
        match statement:
            case DescribeObject(kind="TABLE" | "VIEW", name=name) if table := self.registry.external_table(
                session.full(name)
            ):
                return describe_external_table(table)
            case ShowList(kind=kind) if kind not in LISTS:
                return self.account.show(statement, session)
            case SetComments(kind="ROLE" | "WAREHOUSE"):
                return self.account.set_comment(statement)
            case Alter():
                return self._alter(statement, session)
            case ShowList() | DescribeObject() | SetComments() | Clone() | CreateOrAlterTable() | DropDatabase():
                return self.objects.answer(statement, session)
            case _:
                return self.account.answer(statement, session)

    def _alter(self, statement: Alter, session: Session) -> Answer:
        found = target(statement.text)
        if found and (table := self.registry.external_table(session.full(found.name))):
            use_as_table(statement.text, found, table, self.tables, session)
            return status("Statement executed successfully.")
        answer = self.objects.alterations.alter(statement, session)
        self.files.after(statement.text, session)
        return answer

    def prepare(self, sql: str, statement: Executed | None, session: Session) -> None:
        """Prepare a statement, in this order.

        1. Check the privileges of the session's role.
        2. Start the warehouse that the statement needs.
        3. Commit the open transaction before DDL; refuse the statement after one that failed.

        Raises:
            StatementRefusedError: the statement must not be executed.
        """
        if isinstance(statement, Commit | Rollback):
            return
        self.account.require(sql, session)
        verb = "" if isinstance(statement, AlterSession) else first_word(sql)
        writes = statement is None or isinstance(statement, CopyInto)
        loads = isinstance(statement, CopyInto | Unload)
        if loads or (statement is None and (verb in _WRITING or (verb in _READING and "FROM" in words(sql)))):
            self.account.require_warehouse(session)
        session.transaction.before(verb, self.now(), passed_on=writes)
        if session.transaction.id is None:
            self.objects.changes.committed(session)

    def log_in(self, session: Session, role: str | None, warehouse: str | None, parameters: Mapping[str, Any]) -> None:
        """Give a new session its role, warehouse and parameters; a database that does not exist is none.

        Raises:
            StatementRefusedError: the role is not the user's, or a parameter would have no effect.
        """
        self.account.log_in(session, role, warehouse)
        for name, value in parameters.items():
            if name.upper() in PARAMETERS:
                session.parameters.set(name.upper(), str(value))
        session.transaction.autocommit = session.parameters.value("AUTOCOMMIT") == "true"
        if not session.connection.database_set:
            session.leave_database()
        elif not session.connection.schema_set:
            session.enter(session.database or "", None)

    def finish(self, sql: str, statement: Executed | None, session: Session, *, done: bool) -> None:
        """Record what a statement changed, and finish its transaction."""
        if statement is None or isinstance(statement, CopyInto):
            session.transaction.after(first_word(sql), succeeded=done)
            if done:
                self.objects.changes.record(sql, session)
        if done:
            self.account.recording.record(sql, session)

    def _answer_session(self, statement: Begin | Commit | Rollback | Drop | SetVariables, session: Session) -> Answer:
        match statement:
            case Drop():
                return self._drop(statement, session)
            case SetVariables(values=values):
                for name, expression in values:
                    session.run(self.rewrite(f"SET {name} = {expression}", session))
            case Begin():
                session.transaction.begin(self.now())
            case Commit():
                session.transaction.commit()
                self.objects.changes.committed(session)
            case Rollback():
                session.transaction.rollback()
        return status("Statement executed successfully.")

    def _answer_table(self, statement: ExternalTableStatement, session: Session) -> Answer:
        if not isinstance(statement, CreateExternalTable):
            return self.tables.alter(statement, session)
        self.registry.require_schema(session.full(statement.name))
        return self.tables.create(statement, session)

    def _answer_shown(self, statement: Show | Describe, session: Session) -> Answer:
        return self._show(statement, session) if isinstance(statement, Show) else self._describe(statement, session)

    def _show(self, show: Show, session: Session) -> Answer:
        scope = show.scope or Scope(session.database, session.schema)
        if scope.schema and not scope.database:
            scope = Scope(session.database, scope.schema)
        if show.scope:
            self.registry.require_scope(scope.database, scope.schema)
        if show.kind is not ObjectKind.EXTERNAL_TABLE:
            return self.files.show(show, scope, session)
        return show_external_tables(show, scope, self.registry.external_tables(), self.tables.invalid_reason)

    def _describe(self, describe: Describe, session: Session) -> Answer:
        if describe.kind is not ObjectKind.EXTERNAL_TABLE:
            return self.files.describe(describe, session)
        table = self.tables.get(session.full(describe.name))
        if not describe.of_stage:
            return describe_external_table(table)
        stage = self.files.stages.get(table.stage, session)
        return describe_stage(replace(stage, url=table.stage_url), FileFormat.of(table.file_format))

    def _drop(self, drop: Drop, session: Session) -> Answer:
        if drop.kind is not ObjectKind.EXTERNAL_TABLE:
            return self.files.drop(drop, session)
        return self.tables.drop(session.full(drop.name), if_exists=drop.if_exists)

    def rewrite(self, sql: str, session: Session) -> str:
        """Rewrite any other statement for fakesnow.

        Raises:
            StatementRefusedError: it reads an invalid external table, or uses one as an ordinary table or view.
        """
        sql = with_identifiers(sql)
        if "TEMPLATE" in sql.upper():
            sql = with_template(sql, session, lambda query: in_duckdb(session.connection, self.rewrite(query, session)))
        Validity(self.tables).require(sql, session)
        found = target(sql)
        external = self.registry.objects(ObjectKind.EXTERNAL_TABLE)
        require_no_write(sql, external, session)
        if found and (table := external.get(session.full(found.name))):
            use_as_table(sql, found, table, self.tables, session)
        if found or first_word(sql) == "CREATE":
            sql = without_comments(sql)[0] if effect_of(sql) else sql
            if definition := definition_of(sql):
                sql = apply(sql, definition.cuts)
                found = target(sql) if found else None
        if found and found.temporary:
            sql = without_modifiers(sql, found)
            session.add_temporary(session.full(found.name))
        sql = with_known_phrases(sql)
        sql = with_metadata_columns(sql, external, session)
        if "INFORMATION_SCHEMA" in sql.upper() and not (found and found.verb == "CREATE"):
            sql = self.objects.information_schema.read(sql, session, session.hold)
        sql = with_information_views(sql, session)
        sql = with_external_table_functions(sql, external, session)
        if "GET_DDL" in sql.upper():
            sql = with_ddl(sql, session, self.objects.lists.relations)
        sql = with_file_lists(sql, self._file_lists(session))
        sql = self.files.rewrite(sql, session)
        sql = with_session_functions(sql, session)
        sql = with_other_names(sql, session.temporary, session)
        if found and found.verb == "DROP":
            session.temporary.pop(session.full(found.name), None)
        return sql

    def _file_lists(self, session: Session) -> FileLists:
        def directory(path: StagePath) -> tuple[str, str, str]:
            stage = self.files.stages.of(path, session)
            if not stage.directory.enable:
                raise OptionRefusedError(
                    f"SQL compilation error:\nStage '{stage.name}' has no directory table: "
                    "set DIRECTORY = (ENABLE = TRUE)."
                )
            return stage.id, stage.url, stage_location(stage).prefix

        def table_id(name: PartialName) -> str:
            return self.tables.get(session.full(name)).id

        return FileLists(directory, table_id)
