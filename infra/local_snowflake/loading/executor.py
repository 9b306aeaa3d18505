"""Execute the statements on stages, their files, file formats, loading and integrations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from infra.local_snowflake.answers import Answer, Transfer
from infra.local_snowflake.files.bucket import Bucket
from infra.local_snowflake.files.storage import Storage
from infra.local_snowflake.language.file_statements import (
    AlterFileFormat,
    AlterIntegration,
    CopyInto,
    CreateFileFormat,
    CreateIntegration,
    FileStatement,
    GetFiles,
    PutFiles,
    RemoveFiles,
    Unload,
)
from infra.local_snowflake.language.statements import (
    AlterStage,
    CreateStage,
    Describe,
    Drop,
    ListStage,
    ObjectKind,
    RefreshStage,
    Scope,
    Show,
)
from infra.local_snowflake.loading.copy_into.copying import Copying, Rewrite
from infra.local_snowflake.loading.copy_into.options import require_copy_options
from infra.local_snowflake.loading.copy_into.table_events import after_statement
from infra.local_snowflake.loading.inference import Inference
from infra.local_snowflake.loading.scanning import Scans
from infra.local_snowflake.loading.table_functions import TableFunctions
from infra.local_snowflake.loading.transfers import Transfers
from infra.local_snowflake.loading.unloading import Unloading
from infra.local_snowflake.objects.file_formats import FileFormats
from infra.local_snowflake.objects.integrations import Integrations, account_name
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stages import Stages
from infra.local_snowflake.rewriting.stage_references import with_stage_relations, with_value_columns
from infra.local_snowflake.serving.wire import in_duckdb, scratch_of
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.stages import (
    describe_file_format,
    describe_integration,
    describe_stage,
    show_file_formats,
    show_integrations,
    show_stages,
)

StageStatement: TypeAlias = CreateStage | AlterStage | RefreshStage | ListStage
_Definition: TypeAlias = CreateFileFormat | AlterFileFormat | CreateIntegration | AlterIntegration
_TransferStatement: TypeAlias = PutFiles | GetFiles | RemoveFiles


@dataclass(frozen=True, slots=True)
class FileExecutor:
    """Executes statements on the stages, file formats and integrations of one server."""

    registry: Registry
    stages: Stages
    formats: FileFormats
    integrations: Integrations
    transfers: Transfers
    scans: Scans
    copying: Copying
    unloading: Unloading
    functions: TableFunctions

    @classmethod
    def over(cls, registry: Registry, bucket: Bucket, now: Callable[[], datetime]) -> FileExecutor:
        """Build the executor over a registry and a bucket."""
        formats, integrations = FileFormats(registry, now), Integrations(registry, now)
        stages = Stages(registry, Storage(bucket, registry.folder / "stages"), now, formats, integrations)
        scans = Scans(stages, now, registry.folder)
        copying = Copying(registry, scans, now, scratch_of, in_duckdb)
        return cls(
            registry,
            stages,
            formats,
            integrations,
            Transfers(stages),
            scans,
            copying,
            Unloading(stages, in_duckdb),
            TableFunctions(stages, Inference(scans), now),
        )

    def end(self, session: Session) -> None:
        """Drop the temporary stages and file formats of a session."""
        self.stages.end(session)
        self.formats.end(session)

    def rewrite(self, sql: str, session: Session) -> str:
        """Read the stages of a query, and put their relations into it.

        Raises:
            StatementRefusedError: with the code of Snowflake.
        """
        self.scans.release(session)
        sql = self.functions.rewrite(sql, session)
        sql = with_stage_relations(sql, lambda reference: self.scans.relation(reference, session))
        return with_value_columns(sql)

    def drop_orphans(self) -> None:
        """Delete the folders of internal stages that are no longer there: those of sessions that were not closed."""
        self.stages.drop_orphans()

    def after(self, sql: str, session: Session) -> None:
        """Follow a statement on a table that succeeded."""
        after_statement(sql, session, self.stages)

    def answer(
        self, statement: FileStatement | StageStatement, session: Session, rewrite: Rewrite
    ) -> Answer | Transfer:
        """Execute one statement.

        Raises:
            StatementRefusedError: with the code of Snowflake.
        """
        match statement:
            case CreateStage() | AlterStage() | RefreshStage() | ListStage():
                return self._answer_stage(statement, session)
            case PutFiles() | GetFiles() | RemoveFiles():
                return self._answer_transfer(statement, session)
            case CopyInto():
                return self.copying.copy(statement, session, rewrite)
            case Unload():
                return self.unloading.unload(statement, session, rewrite)
            case _:
                return self._answer_definition(statement, session)

    def _answer_stage(self, statement: StageStatement, session: Session) -> Answer:
        match statement:
            case CreateStage(name=name):
                require_copy_options(statement.copy_options)
                self.registry.require_schema(session.full(name))
                return self.stages.create(statement, session)
            case AlterStage():
                require_copy_options(statement.copy_options or {})
                return self.stages.alter(statement, session)
            case RefreshStage():
                return self.stages.refresh(statement, session)
            case ListStage():
                return self.stages.list_files(statement, session)

    def _answer_definition(self, statement: _Definition, session: Session) -> Answer:
        match statement:
            case CreateFileFormat(name=name):
                self.registry.require_schema(session.full(name))
                return self.formats.create(statement, session)
            case AlterFileFormat():
                return self.formats.alter(statement, session)
            case CreateIntegration():
                return self.integrations.create(statement)
            case AlterIntegration():
                return self.integrations.alter(statement)

    def _answer_transfer(self, statement: _TransferStatement, session: Session) -> Answer | Transfer:
        match statement:
            case PutFiles():
                return self.transfers.put(statement, session)
            case GetFiles():
                return self.transfers.get(statement, session)
            case RemoveFiles():
                return self.transfers.remove(statement, session)

    def show(self, show: Show, scope: Scope, session: Session) -> Answer:
        """List the stages, file formats or integrations that the session sees."""
        match show.kind:
            case ObjectKind.FILE_FORMAT:
                return show_file_formats(show, scope, self.formats.visible(session))
            case ObjectKind.INTEGRATION:
                return show_integrations(show, self.registry.integrations())
            case _:
                return show_stages(show, scope, self.stages.visible(session))

    def describe(self, describe: Describe, session: Session) -> Answer:
        """Describe a stage, a file format or an integration."""
        if describe.kind is ObjectKind.INTEGRATION:
            return describe_integration(self.integrations.get(account_name(describe.name)))
        name = session.full(describe.name)
        if describe.kind is ObjectKind.FILE_FORMAT:
            return describe_file_format(self.formats.get(name, session))
        stage = self.stages.get(name, session)
        return describe_stage(stage, self.formats.resolve(stage.file_format, session))

    def drop(self, drop: Drop, session: Session) -> Answer:
        """Drop a stage, a file format or an integration."""
        if drop.kind is ObjectKind.INTEGRATION:
            return self.integrations.drop(account_name(drop.name), if_exists=drop.if_exists)
        name = session.full(drop.name)
        if drop.kind is ObjectKind.FILE_FORMAT:
            return self.formats.drop(name, session, if_exists=drop.if_exists)
        return self.stages.drop(name, session, if_exists=drop.if_exists)
