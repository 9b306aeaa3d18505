"""A published amendment leaves a note beside its seals, and `hourglass hours restatements` lists it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import dagster as dg
import pytest
from typer.testing import CliRunner

from flink_jobs.contracts.layout import StreamLayout
from infra.commands import hours as commands
from orchestration.landing.report import restatement
from orchestration.landing.report.restatement import Restatement, read_restatements, write_restatement
from orchestration.stream.definitions.assets import downstream_of
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.unit.orchestration.landing.hour_job import DOCUMENT, publish, with_fake_table

KEY = f"platform-events/restatements/{H1.path}r0002.json"


@pytest.fixture
def defs(fake: FakeLanding) -> dg.Definitions:
    """The job of an hour, a model of the hour and a report behind it."""

    @dg.asset(deps=["published_hour"], partitions_def=DOCUMENT.partitions)
    def model() -> None: ...

    @dg.asset(deps=["model"])
    def report() -> None: ...

    return dg.Definitions.merge(with_fake_table(fake), dg.Definitions(assets=[model, report]))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def amend(fake: FakeLanding) -> None:
    """Land two records of hour 01 and publish nothing."""
    fake.broker.records[0] += minutes(40, 41)
    fake.job.land(0, 7, 8, fake.clock.utc_now())


def notes(fake: FakeLanding) -> list[Restatement]:
    return read_restatements(fake.bucket, fake.stream.layout)


def test_a_published_amendment_is_noted(defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding) -> None:
    """Revisions, records by partition and organization, and what is downstream; also in the metadata."""
    assert publish(defs, instance).success
    assert [] == notes(fake)
    amend(fake)
    assert publish(defs, instance).success
    (note,) = notes(fake)
    assert (H1, 1, 2, 4, 6, 1, 1) == (
        note.hour, note.from_revision, note.to_revision,
        note.accepted_before, note.accepted_after, note.rejected_before, note.rejected_after,
    )  # fmt: skip
    assert {"platform-events[0]": 2} == note.partitions
    assert (2, 0) == (sum(note.organizations.values()), note.not_attributed)
    assert ("model",) == note.downstream  # a job without its code location knows the assets of its runs alone
    event = instance.get_latest_materialization_event(dg.AssetKey("published_hour"))
    assert event is not None
    assert event.asset_materialization is not None
    shown = event.asset_materialization.metadata
    assert (KEY, {"platform-events[0]": 2}) == (shown["restatement"].value, shown["restated_partitions"].value)


def test_assets_that_read_an_hour_through_others_are_downstream(defs: dg.Definitions) -> None:
    """Also those that no run of the hour builds."""
    assert ["model", "report"] == downstream_of(defs.resolve_asset_graph(), dg.AssetKey("published_hour"))


def test_an_amendment_of_an_hour_that_was_never_published_restates_nothing(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """No reader saw revision 1: its table was incomplete."""
    fake.table.refuses = 1
    assert not publish(defs, instance).success
    fake.table.refuses = 0
    amend(fake)
    assert publish(defs, instance).success
    assert [] == notes(fake)


def test_a_note_is_written_before_its_publication_and_never_again(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """A run that dies between the two is repeated, and keeps the first note."""
    publish(defs, instance)
    amend(fake)
    publish(defs, instance)
    written = [key for key in fake.bucket.written if "/restatements/" in key or "/published/" in key]
    assert [KEY, f"platform-events/published/{H1.path}r0002-7.json"] == written[-2:]
    (first,) = notes(fake)
    write_restatement(fake.bucket, fake.stream.layout, first.model_copy(update={"run_id": "another"}))
    assert [first] == notes(fake)


@pytest.mark.parametrize("bound", ["OBJECTS_MAX", "BYTES_MAX", "ORGANIZATIONS_MAX"])
def test_what_is_read_for_a_note_is_bounded(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """Records of no named organization are counted."""
    monkeypatch.setattr(restatement, bound, 0)
    publish(defs, instance)
    amend(fake)
    publish(defs, instance)
    (note,) = notes(fake)
    assert ({}, 2, {"platform-events[0]": 2}) == (note.organizations, note.not_attributed, note.partitions)


def test_the_command_lists_the_notes(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text and as JSON; without a note it says so."""
    monkeypatch.setattr(commands, "_stream", lambda _: fake.stream)
    assert "no published hour was amended\n" == CliRunner().invoke(commands.hours, ["restatements"]).stdout
    publish(defs, instance)
    amend(fake)
    publish(defs, instance)
    text = CliRunner().invoke(commands.hours, ["restatements"]).stdout
    assert "2025-08-01T01  r1 -> r2  +2 accepted, +0 rejected\n" == text.splitlines(keepends=True)[0]
    assert "  downstream: model" in text
    (listed,) = json.loads(CliRunner().invoke(commands.hours, ["restatements", "--json"]).stdout)["restatements"]
    assert ("2025-08-01T01", 2) == (listed["hour"], listed["to_revision"])
    assert StreamLayout().restatement_key(H1, 2) == KEY
