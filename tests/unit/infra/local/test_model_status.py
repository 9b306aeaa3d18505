"""`hourglass models status`: from bucket, tables and runs to one answer for each model, its block and its repair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from flink_jobs.contracts.layout import Hour
from infra.commands.models import models
from infra.local import dagster_runs, model_status
from infra.local.model_status import blocks_of_rows
from orchestration.dbt_runner.built_hours import BuiltHour
from orchestration.landing.clients.hours_table import ProvenHour
from orchestration.landing.errors import BucketUnavailableError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal, write_seal
from orchestration.landing.publication import Publication, write_publication
from orchestration.landing.report.hours import HourRow
from orchestration.landing.report.state import HourState
from orchestration.stream.document import StreamDocument
from snowflake_components.errors import SnowflakeUnavailableError
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, FakeLanding, minutes

STAGED = "model.hourglass.stg_platform_events"


class World:
    """What the systems answer: hours 01 and 02 of the platform events are over, the other stream is empty."""

    def __init__(self) -> None:
        self.fake = FakeLanding(FakeBroker({0: minutes(1, 30, 61, 90, 121)}))
        self.fake.job.land_all(self.fake.clock.utc_now())
        self.empty = FakeLanding(FakeBroker({0: []}))
        self.built: tuple[BuiltHour, ...] = ()
        self.away: Exception | None = None
        self.runs: dict[Hour, Any] = {}

    def publish(self, *hours: Hour) -> None:
        """Publish hours, as their runs do."""
        stream = self.fake.stream
        for hour in hours:
            complete, evidence = prove(stream, Request(hour))
            draft = draft_seal(stream.layout.stream, complete, evidence.entries, stream.clock.utc_now())
            seal = write_seal(stream.bucket, stream.layout, draft)
            publication = Publication(
                stream=seal.stream,
                hour=hour,
                revision=seal.revision,
                records=seal.accepted + seal.rejected,
                fingerprint=seal.fingerprint,
                checks={},
                published_at=stream.clock.utc_now(),
                run_id="run-1",
            )
            write_publication(stream.bucket, stream.layout, publication)
            self.fake.table.refresh(hour)
            self.fake.table.hours["platform_events", hour.label] = (seal.revision, seal.fingerprint, seal.accepted)

    def build(self, *hours: Hour) -> None:
        """Build the staging model of hours as they are published."""
        fingerprints = {hour: one.fingerprint for hour, one in self.proven().items()}
        self.built += tuple(
            BuiltHour(STAGED, "stream:platform_events", hour, fingerprints[hour], f"v-{hour}", hour.end)
            for hour in hours
        )

    def proven(self, *_: object) -> dict[Hour, ProvenHour]:
        """Return the rows of the table HOURS."""
        if self.away:
            raise self.away
        rows = self.fake.table.hours.items()
        return {Hour.from_label(label): ProvenHour(revision, found) for (_, label), (revision, found, _) in rows}

    def bound(self, document: StreamDocument, *_: object, **__: object) -> Any:
        """Return the clients of a stream."""
        fake = self.fake if document.name == "platform_events" else self.empty
        return SimpleNamespace(stream=fake.stream, table=fake.table.client)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(model_status, "bind", made.bound)
    monkeypatch.setattr(
        model_status,
        "read_proven_hours",
        lambda _connection, _table, stream: made.proven() if stream == "platform_events" else {},
    )
    monkeypatch.setattr(model_status, "read_built_hours", lambda *_: made.built)
    monkeypatch.setattr(model_status, "view_names", lambda _settings: _Every())
    monkeypatch.setattr(dagster_runs, "newest_runs", lambda *_: made.runs)
    return made


class _Every(frozenset[str]):
    def __contains__(self, _: object) -> bool:
        return True


def status(*arguments: str) -> Result:
    return CliRunner().invoke(models, ["status", *arguments])


def staged() -> dict[str, Any]:
    (found,) = json.loads(status("stg_platform_events", "--json").stdout)
    read: dict[str, Any] = found
    return read


def hops(found: dict[str, Any]) -> list[tuple[str, Sequence[str]]]:
    return [(block["hop"], block["hours"]) for block in found["blocks"]]


def test_a_model_of_published_hours_is_up_to_date(world: World) -> None:
    """Exit code 0, and the newest hour."""
    world.publish(H1, H1.plus(1))
    world.build(H1, H1.plus(1))
    found = status("stg_platform_events")
    assert (0, True) == (found.exit_code, "up to date" in found.stdout)
    assert ("up to date", "2025-08-01T02") == (staged()["answer"], staged()["newest_hour"])


def test_an_hour_without_a_run_is_behind_at_its_seal(world: World) -> None:
    """Both hours should be published by now; the repair is that of `hourglass status`."""
    world.publish(H1)
    world.build(H1)
    found = staged()
    assert [("sealed", ["2025-08-01T02"])] == hops(found)
    assert "no run has sealed it yet; it should be published since" in found["blocks"][0]["reason"]
    assert "run the hour's partition" in found["blocks"][0]["repair"]
    assert 1 == status("stg_platform_events").exit_code


def test_a_published_hour_that_is_not_in_the_table_is_behind(world: World) -> None:
    """As after an upgrade; the command fills the table."""
    world.publish(H1, H1.plus(1))
    world.build(H1, H1.plus(1))
    del world.fake.table.hours["platform_events", "2025-08-01T02"]
    found = staged()
    assert [("listed", ["2025-08-01T02"])] == hops(found)
    assert "hourglass hours --stream platform_events table" == found["blocks"][0]["repair"]


@pytest.mark.parametrize(
    ("state", "reason", "repair"),
    [
        (
            dg.DagsterRunStatus.FAILURE,
            "run 12345678 of 2025-08-01T02 ended as failure",
            "look at run 12345678 in Dagster",
        ),
        (dg.DagsterRunStatus.STARTED, "run 12345678 of 2025-08-01T02 is not finished", ""),
        (None, "Dagster has no run of 2025-08-01T02", "dbt run --select stg_platform_events+"),
    ],
)
def test_an_hour_that_was_not_built_names_its_run(
    world: World, state: dg.DagsterRunStatus | None, reason: str, repair: str
) -> None:
    """A failed run, one that is not finished, or none."""
    world.publish(H1, H1.plus(1))
    world.build(H1)
    if state:
        world.runs = {H1.plus(1): dg.DagsterRun("publish_hour", run_id="12345678-9abc", status=state)}
    (block,) = staged()["blocks"]
    assert ("built", ["2025-08-01T02"]) == (block["hop"], block["hours"])
    assert reason in block["reason"]
    assert block["repair"].startswith(repair) if repair else not block["repair"]


@pytest.mark.parametrize("system", ["bucket", "tables"])
def test_a_system_that_is_away_makes_the_answer_unknown(world: World, system: str) -> None:
    """Exit code 2, and its error."""
    if system == "bucket":
        world.fake.bucket.failures = [BucketUnavailableError("bucket hourglass is away")]
    else:
        world.away = SnowflakeUnavailableError("Snowflake is away")
    found = status("stg_platform_events")
    assert (2, True) == (found.exit_code, "is away" in found.stdout)


def test_an_unknown_model_is_a_usage_error_that_lists_those_that_there_are(world: World) -> None:
    """Views over proven models count."""
    assert world
    found = status("nosuch")
    assert 2 == found.exit_code
    assert "stg_platform_events" in found.stderr


def test_hours_of_one_hop_are_one_block_and_a_quarantined_hour_is_none() -> None:
    """In the order of the hops."""
    rows = [
        HourRow(f"2025-08-01T0{number}", state, 1, 0, 1, None, None, None, agree, "why", "repair")
        for number, (state, agree) in enumerate(
            [
                (HourState.REGISTERED, False),
                (HourState.OPEN, False),
                (HourState.OPEN, False),
                (HourState.OPEN, None),
                (HourState.QUARANTINED, False),
            ]
        )
    ]
    found = [(block.hop, [hour.label for hour in block.hours], block.reason) for block in blocks_of_rows("s", rows)]
    assert [
        ("landed", ["2025-08-01T01", "2025-08-01T02"], "2025-08-01T01: why; and 1 hours more"),
        ("published", ["2025-08-01T00"], "2025-08-01T00: why"),
    ] == found
