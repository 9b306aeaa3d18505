from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from shutil import rmtree
from typing import Any

import dagster as dg
import pytest

from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.stream.binding import BoundStream
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.broker import FakeBroker
from tests.fakes.component_documents import loaded
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.fakes.local_snowflake import PASSWORD, Server
from tests.fakes.streams import DOCUMENT_TEXT, TABLE, bound, document
from tests.unit.orchestration.landing.hour_job import publish

Line = dict[str, Any]
_schemas = count()


@pytest.fixture
def fake() -> FakeLanding:
    """Two partitions with records in the hours 01, 02 and 03, all landed; the clock shows 04:10."""
    made = FakeLanding(FakeBroker({0: minutes(1, 30, 59, 61, 90, 121, 150), 1: minutes(2, 58, 62, 119, 122)}))
    made.job.rejected = {(0, 1)}
    made.job.land_all(made.clock.utc_now())
    return made


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

    def copy_objects(self) -> None:
        """Write the landed objects to the bucket of the server, and nothing else."""
        rmtree(self.file(""), ignore_errors=True)
        for key, body in self.fake.bucket.objects.items():
            self.file(key).parent.mkdir(parents=True, exist_ok=True)
            self.file(key).write_bytes(body)

    def file(self, key: str) -> Path:
        """Return the file of an object."""
        return self.server.bucket.folder / "hourglass" / key

    def change_lines(self, key: str, change: Callable[[list[Line]], list[Line]]) -> None:
        """Write an object again with other lines, in the bucket of the server alone."""
        lines = [json.loads(line) for line in self.file(key).read_text().splitlines()]
        self.file(key).write_text("".join(json.dumps(line) + "\n" for line in change(lines)))

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
def table(server: Server, fake: FakeLanding, monkeypatch: pytest.MonkeyPatch) -> LocalTable:
    """A schema of its own for the table, and the objects of the fake job in the bucket of the server."""
    schema = f"QUALITY_{next(_schemas)}"
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_SCHEMA", schema)
    settings = SnowflakeSettings(user="hourglass", password=PASSWORD, port=server.port, schema_name=schema)
    query(settings, f"CREATE SCHEMA {schema}")
    made = LocalTable(fake, server, settings)
    made.copy_objects()
    return made
