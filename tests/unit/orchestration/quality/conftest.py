from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import pytest

from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.stream.binding import BoundStream
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.component_documents import loaded
from tests.fakes.landing import H1, FakeLanding
from tests.fakes.local_snowflake import FolderBucket, Server
from tests.fakes.streams import DOCUMENT_TEXT, TABLE, bound, document
from tests.unit.orchestration.landing.hour_job import publish


@dataclass
class LocalTable:
    """The external table on a local Snowflake, over the files of a fake landing."""

    fake: FakeLanding
    server: Server
    settings: SnowflakeSettings

    @property
    def client(self) -> ExternalTable:
        """The table as the code under test sees it."""
        return ExternalTable(
            SnowflakeConnection(settings=self.settings), self.name, self.fake.stream.layout, TABLE.columns
        )

    @property
    def name(self) -> QualifiedName:
        """Its place."""
        return QualifiedName(
            Identifier("AWS"), Identifier(self.settings.schema_name), Identifier("EXT_FLINK_EVENT_LOG")
        )

    def bound(self, **changes: Any) -> BoundStream:
        """Bind a document with changes to the table and the fakes."""
        return replace(bound(self.fake, document(**changes)), table=self.client)

    @property
    def bucket(self) -> FolderBucket:
        """The bucket of the server, which the fakes do not read."""
        return self.server.bucket

    def copy_objects(self) -> None:
        """Write the landed objects to the bucket of the server, and nothing else."""
        self.bucket.replace_all(self.fake.bucket.objects)

    def publish(self, **changes: Any) -> dg.ExecuteInProcessResult:
        """Publish hour 01 with all definitions of the document."""
        its = self.bound(**changes)
        with loaded(DOCUMENT_TEXT, {}) as components, dg.DagsterInstance.ephemeral() as instance:
            resources = {its.document.resource_key: its, "snowflake": its.table.connection}
            defs = dg.Definitions(
                components.assets, resources=resources, asset_checks=components.asset_checks, jobs=components.jobs
            )
            return publish(defs, instance, H1)

    def refresh(self) -> None:
        """Register the files again."""
        query(self.settings, f"ALTER EXTERNAL TABLE {self.name.sql} REFRESH")


@pytest.fixture
def table(server: Server, fake: FakeLanding, own_schema: SnowflakeSettings) -> LocalTable:
    """A schema of its own for the table, and the objects of the fake job in the bucket of the server."""
    made = LocalTable(fake, server, own_schema)
    made.copy_objects()
    return made
