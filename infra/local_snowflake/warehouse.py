"""Answer statements: the ones of this server from its registry, all others rewritten for fakesnow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, assert_never

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.bucket import Bucket
from infra.local_snowflake.external_tables import ExternalTables
from infra.local_snowflake.names import ObjectName, PartialName
from infra.local_snowflake.registry import Registry
from infra.local_snowflake.rewriting import FileLists, with_file_lists, with_qualified_merge_values, without_temporary
from infra.local_snowflake.showing import describe_external_table, describe_stage, show_external_tables, show_stages
from infra.local_snowflake.stages import Stages, location_of
from infra.local_snowflake.statements import (
    Accepted,
    AlterStage,
    CreateExternalTable,
    CreateStage,
    Describe,
    Drop,
    ListStage,
    ObjectKind,
    RefreshExternalTable,
    RefreshStage,
    Scope,
    Show,
    StagePath,
    Statement,
)


class Session(Protocol):
    """What of a session matters here."""

    @property
    def database(self) -> str | None:
        """The current database."""
        ...

    @property
    def schema(self) -> str | None:
        """The current schema."""
        ...

    def cursor(self) -> Any:
        """Open a cursor of fakesnow."""
        ...


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Stages and external tables of one server, behind SQL."""

    registry: Registry
    stages: Stages
    tables: ExternalTables

    @classmethod
    def over(cls, registry: Registry, bucket: Bucket, now: Callable[[], datetime]) -> Warehouse:
        """Put the parts together."""
        stages = Stages(registry, bucket, now)
        return cls(registry, stages, ExternalTables(registry, stages, bucket, now))

    def answer(self, statement: Statement, session: Session) -> Answer:  # noqa: PLR0911 - one return per statement
        """Carry out a statement of this server.

        Raises:
            StatementRefused: with the number that Snowflake's clients know.
        """

        def full(name: PartialName) -> ObjectName:
            return name.resolve(session.database, session.schema)

        match statement:
            case Accepted():
                return status("Statement executed successfully.")
            case CreateStage(name=name):
                return self.stages.create(full(name), statement)
            case AlterStage(name=name):
                return self.stages.alter(full(name), statement)
            case RefreshStage(name=name):
                return self.stages.refresh(full(name), statement)
            case ListStage(location=location):
                return self.stages.list(full(location.stage), statement)
            case CreateExternalTable(name=name, location=location):
                return self.tables.create(full(name), full(location.stage), statement, _runner(session))
            case RefreshExternalTable(name=name):
                return self.tables.refresh(full(name), statement)
            case Show():
                return self._show(statement, session)
            case Describe(kind=ObjectKind.STAGE, name=name):
                return describe_stage(self.stages.get(full(name)))
            case Describe(name=name):
                return describe_external_table(self.tables.get(full(name)))
            case Drop(kind=ObjectKind.STAGE, name=name):
                return self.stages.drop(full(name), if_exists=statement.if_exists)
            case Drop(name=name):
                return self.tables.drop(full(name), if_exists=statement.if_exists, run=_runner(session))
        assert_never(statement)

    def _show(self, show: Show, session: Session) -> Answer:
        scope = show.scope or Scope(session.database, session.schema)
        if scope.schema and not scope.database:
            scope = Scope(session.database, scope.schema)
        if show.kind is ObjectKind.STAGE:
            return show_stages(show, scope, self.registry.stages())
        return show_external_tables(show, scope, self.registry.external_tables(), self.tables.invalid_reason)

    def rewrite(self, sql: str, session: Session) -> str:
        """Make any other statement readable for fakesnow."""

        def directory(path: StagePath) -> tuple[str, str, str]:
            stage = self.stages.get(path.stage.resolve(session.database, session.schema))
            return stage.id, stage.url, location_of(stage.url).prefix

        def table_id(name: PartialName) -> str:
            return self.tables.get(name.resolve(session.database, session.schema)).id

        sql = with_file_lists(sql, FileLists(directory, table_id))
        return with_qualified_merge_values(without_temporary(sql))


def _runner(session: Session) -> Callable[[str], None]:
    def run(sql: str) -> None:
        session.cursor().execute(sql)

    return run
