"""Records that land between the seal of an hour and its checks are of the next revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.comparison.as_of_seal import divide, later_objects
from orchestration.landing.comparison.checks import compare_offsets
from orchestration.landing.proof.evidence import Request, list_hour, prove
from orchestration.landing.proof.seal import Seal, draft_seal, latest_seal, write_seal
from orchestration.stream.definitions import assets
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.unit.orchestration.landing.hour_job import materialized, publish, red_checks, with_fake_table


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def after_the_seal(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], None]) -> None:
    """Let something happen once between the seal and the first check."""
    once = [happen]

    def seal_and_go_on(*arguments: object) -> Seal:
        seal = write_seal(*arguments)  # type: ignore[arg-type] # those of write_seal
        if once:
            once.pop()()
        return seal

    monkeypatch.setattr(assets, "write_seal", seal_and_go_on)


def land_late(fake: FakeLanding) -> None:
    """Land one more record of hour 01."""
    fake.broker.records[0] += minutes(40)
    last = len(fake.broker.records[0]) - 1
    fake.job.land(0, last, last, fake.clock.utc_now())


def test_a_record_that_lands_after_the_seal_is_of_the_next_revision(
    fake: FakeLanding, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has registered its object, and every check of revision 1 is green; revision 2 has it."""
    after_the_seal(monkeypatch, lambda: land_late(fake))
    defs = with_fake_table(fake)
    for revision, accepted in ((1, 4), (2, 5)):
        result = publish(defs, instance)
        seal = latest_seal(fake.bucket, fake.stream.layout, H1)
        assert seal is not None
        assert (set(), revision, accepted) == (red_checks(result), seal.revision, seal.accepted)
        assert "published_hour" in materialized(result)


def test_a_record_that_is_produced_after_the_seal_and_has_not_landed_is_not_missing(
    fake: FakeLanding, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hour 03 was proven by partitions at rest; their ends have moved when the check asks the broker."""
    fake.broker.record_time = RecordTime.CREATE
    after_the_seal(monkeypatch, lambda: fake.broker.records[0].extend(minutes(130)))
    result = publish(with_fake_table(fake), instance, H1.plus(2))
    assert set() == red_checks(result)
    assert "published_hour" in materialized(result)


@pytest.fixture
def sealed(fake: FakeLanding) -> Seal:
    """Hour 01, with three entries of partition 0."""
    fake.bucket.objects.clear()
    for first, last in ((0, 0), (1, 1), (2, 6)):
        fake.job.land(0, first, last, fake.clock.utc_now())
    fake.job.land(1, 0, 4, fake.clock.utc_now())
    complete, evidence = prove(fake.stream, Request(H1))
    return draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())


@pytest.mark.parametrize("left_out", [0, 1, 2])
@pytest.mark.usefixtures("sealed")
def test_an_entry_that_the_seal_should_have_covered_is_red(fake: FakeLanding, left_out: int) -> None:
    """Its offsets lie before a sealed one, or below the boundary: it had landed, and the seal lost it."""
    complete, evidence = prove(fake.stream, Request(H1))
    entries = [one for one in evidence.entries if one[1].partition == 0 and H1.label in one[1].hours]
    epoch = entries[left_out][1].epoch
    kept = tuple(item for item in complete.objects if f"part-{epoch}-" not in item.key)
    others = tuple(one for one in evidence.entries if one[1].epoch != epoch)
    short = draft_seal("platform-events", replace(complete, objects=kept), others, fake.clock.utc_now())
    assert not compare_offsets(short, evidence.entries, missing=[], faults=[]).passed


def test_a_file_that_is_neither_promised_nor_newer_is_no_later_one(fake: FakeLanding, sealed: Seal) -> None:
    """An object beside the ledger turns the checks red; one that is newer than the seal waits for its entry."""
    alien = f"platform-events/landing/{H1.path}part-0123456789ab.99-0-0.jsonl"
    fake.bucket.objects[alien] = b"x"

    def later() -> set[str]:
        listed = {item.key: item for item in list_hour(fake.stream, H1)}
        _, evidence = prove(fake.stream, Request(H1))
        return later_objects(sealed, [alien], listed, divide(sealed, evidence.entries).later_epochs(H1))

    assert set() == later()
    fake.bucket.modified[alien] = sealed.sealed_at - timedelta(seconds=1)
    assert set() == later()
    fake.bucket.modified[alien] = sealed.sealed_at + timedelta(seconds=1)
    assert {alien} == later()
