"""Execute the statements of this server on its registry, and rewrite all others for fakesnow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from infra.local_snowflake.answers import Answer, Transfer, status
from infra.local_snowflake.errors import OptionRefusedError
from infra.local_snowflake.external_tables.functions import with_external_table_functions
from infra.local_snowflake.external_tables.guard import require_no_write, use_as_table
from infra.local_snowflake.external_tables.information import with_information_views
from infra.local_snowflake.external_tables.metadata import with_metadata_columns
from infra.local_snowflake.external_tables.tables import ExternalTables
from infra.local_snowflake.external_tables.validity import Validity
from infra.local_snowflake.files.bucket import Bucket
from infra.local_snowflake.files.file_lists import FileLists, with_file_lists
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.file_statements import FileStatement
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.statements import (
    CreateExternalTable,
    Describe,
    Drop,
    ExternalTableStatement,
    ObjectKind,
    Scope,
    Show,
    StagePath,
    Statement,
    UseRole,
    UseWarehouse,
)
from infra.local_snowflake.loading.executor import FileExecutor, StageStatement
from infra.local_snowflake.loading.templates import with_template
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stages import stage_location
from infra.local_snowflake.rewriting.identifiers import with_identifiers
from infra.local_snowflake.rewriting.merge import with_qualified_merge_values
from infra.local_snowflake.rewriting.relations import target, with_other_names, without_modifiers
from infra.local_snowflake.rewriting.session_functions import with_session_functions
from infra.local_snowflake.serving.wire import in_duckdb
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.external_tables import describe_external_table, show_external_tables
from infra.local_snowflake.showing.stages import describe_stage


@dataclass(frozen=True, slots=True)
class StatementExecutor:
    """Executes statements on the stages and external tables of one server."""

    registry: Registry
    files: FileExecutor
    tables: ExternalTables

    @classmethod
    def over(cls, registry: Registry, bucket: Bucket, now: Callable[[], datetime]) -> StatementExecutor:
        """Build the executor over a registry and a bucket."""
        files = FileExecutor.over(registry, bucket, now)
        return cls(registry, files, ExternalTables.over(registry, files.stages, bucket, now))

    def answer(self, statement: Statement | FileStatement, session: Session) -> Answer | Transfer:
        """Execute a statement of this server.

        Raises:
            StatementRefusedError: with the code of Snowflake.
        """
        if isinstance(statement, FileStatement | StageStatement):
            return self.files.answer(statement, session, self.rewrite)
        if isinstance(statement, ExternalTableStatement):
            return self._answer_table(statement, session)
        match statement:
            case Show():
                return self._show(statement, session)
            case Describe():
                return self._describe(statement, session)
            case Drop():
                return self._drop(statement, session)
            case UseRole(role=role):
                session.role = role
            case UseWarehouse(warehouse=warehouse):
                session.warehouse = warehouse
        return status("Statement executed successfully.")

    def _answer_table(self, statement: ExternalTableStatement, session: Session) -> Answer:
        if not isinstance(statement, CreateExternalTable):
            return self.tables.alter(statement, session)
        self.registry.require_schema(session.full(statement.name))
        return self.tables.create(statement, session)

    def _show(self, show: Show, session: Session) -> Answer:
        scope = show.scope or Scope(session.database, session.schema)
        if scope.schema and not scope.database:
            scope = Scope(session.database, scope.schema)
        if show.kind is not ObjectKind.EXTERNAL_TABLE:
            return self.files.show(show, scope, session)
        if show.scope:
            self.registry.require_scope(scope.database, scope.schema)
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
            return use_as_table(sql, found, table, self.tables, session)
        if found and found.temporary:
            sql = without_modifiers(sql, found)
            session.add_temporary(session.full(found.name))
        sql = with_metadata_columns(sql, external, session)
        sql = with_information_views(sql, session)
        sql = with_external_table_functions(sql, external, session)
        sql = with_file_lists(sql, self._file_lists(session))
        sql = self.files.rewrite(sql, session)
        sql = with_session_functions(with_qualified_merge_values(sql), session)
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
