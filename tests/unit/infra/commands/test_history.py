"""`hourglass history`: the revisions of an hour, and what was built from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
import typer
from typer.testing import CliRunner, Result

from infra.commands.history import history_command
from orchestration.dbt_runner import built_hours
from orchestration.dbt_runner.built_hours import BuiltHour
from orchestration.landing.errors import BucketUnavailableError
from orchestration.landing.proof.seal import latest_seal
from orchestration.stream import binding
from snowflake_components.errors import SnowflakeUnavailableError
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.unit.orchestration.landing.hour_job import publish, with_fake_table

STAGED, USAGE = "model.hourglass.stg_platform_events", "model.hourglass.usage"
NOW = datetime(2025, 8, 1, 5, tzinfo=UTC)


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(history_command)
    return CliRunner().invoke(app, [*arguments])


@pytest.fixture(scope="module")
def amended() -> tuple[FakeLanding, tuple[BuiltHour, ...]]:
    """Hour 01 was published, amended and published again; dbt has built the first revision."""
    fake = FakeLanding(FakeBroker({0: minutes(1, 30, 59, 61, 90, 121, 150), 1: minutes(2, 58, 62, 119, 122)}))
    fake.job.rejected = {(0, 1)}
    fake.job.land_all(fake.clock.utc_now())
    with dg.DagsterInstance.ephemeral() as instance:
        publish(with_fake_table(fake), instance)
        first = latest_seal(fake.bucket, fake.stream.layout, H1)
        assert first is not None
        fake.broker.records[0] += minutes(40, 41)
        fake.job.land(0, 7, 8, fake.clock.utc_now())
        publish(with_fake_table(fake), instance)
    built = (
        BuiltHour(STAGED, "stream:platform_events", H1, first.fingerprint, "v2", NOW),
        BuiltHour(USAGE, STAGED, H1, "v1", "v3", NOW),
    )
    return fake, built


@pytest.fixture
def fake(amended: tuple[FakeLanding, tuple[BuiltHour, ...]], monkeypatch: pytest.MonkeyPatch) -> FakeLanding:
    """What the command reads."""
    made, built = amended
    monkeypatch.setattr(built_hours, "read_built_hours", lambda *_: built)
    monkeypatch.setattr(binding, "proven_stream", lambda _document, _access: made.stream)
    return made


def document(*arguments: str) -> dict[str, Any]:
    found = run(H1.label, "--json", *arguments)
    assert 0 == found.exit_code
    read: dict[str, Any] = json.loads(found.stdout)
    return read


@pytest.mark.usefixtures("fake")
def test_each_revision_has_its_numbers_its_run_and_what_it_restated() -> None:
    """The first one restates nothing."""
    first, second = document()["revisions"]
    names = ("revision", "accepted", "rejected", "objects", "proof", "restated_from")
    assert [(1, 4, 1, 3, "offsets", None), (2, 6, 1, 4, "offsets", 1)] == [
        tuple(one[name] for name in names) for one in (first, second)
    ]
    assert "2025-08-01T04:10:00Z" == first["published_at"]
    assert first["run_id"] != second["run_id"]
    assert 2 == sum(second["added_by_organization"].values())


@pytest.mark.usefixtures("fake")
def test_each_model_says_which_revision_it_was_built_from() -> None:
    """A model of a model was built from its rows, as they are or as they were."""
    assert {
        STAGED: "revision 1, revision 2 is published",
        USAGE: "its rows before a change",
    } == {one["model"]: one["built_from"] for one in document()["models"]}


@pytest.mark.usefixtures("fake")
def test_one_screen_shows_it_all() -> None:
    """Revisions above, models below."""
    shown = run(H1.label).stdout
    assert "platform_events, 2025-08-01T01" == shown.splitlines()[0].rstrip()
    assert "+2 accepted" in shown
    assert "revision 1, revision 2 is published" in shown
    assert 24 >= len(shown.splitlines())


@pytest.mark.usefixtures("fake")
def test_without_snowflake_the_revisions_are_shown_and_the_models_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known is said."""

    def refuse(*_: object) -> None:
        raise SnowflakeUnavailableError("Snowflake does not answer")

    monkeypatch.setattr(built_hours, "read_built_hours", refuse)
    found = document()
    assert ([], "Snowflake does not answer", 2) == (found["models"], found["unknown"], len(found["revisions"]))
    assert "models are not known: Snowflake does not answer" in run(H1.label).stderr


def test_an_hour_that_was_never_sealed_or_cannot_be_read_exits_with_2(fake: FakeLanding) -> None:
    """The message says where to look."""
    never = run("2025-08-01T02")
    assert (2, True) == (never.exit_code, "was never sealed: `hourglass status --all`" in never.stderr)
    fake.bucket.failures = [BucketUnavailableError("bucket hourglass is away")]
    assert 2 == run(H1.label).exit_code
    assert 2 == run("yesterday").exit_code
