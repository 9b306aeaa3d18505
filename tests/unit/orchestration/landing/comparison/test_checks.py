"""Each comparison holds for a healthy hour, and is red for each fault that it must detect."""

from __future__ import annotations

import pytest

from flink_jobs.contracts.layout import Hour
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.comparison.checks import (
    advice_on_sizes,
    compare_objects,
    compare_offsets,
    compare_registered,
)
from orchestration.landing.proof.evidence import Request, list_hour, prove
from orchestration.landing.proof.seal import Seal, draft_seal
from tests.fakes.landing import H1, FakeLanding

Entries = tuple[tuple[Hour, LedgerEntry], ...]


@pytest.fixture
def sealed(fake: FakeLanding) -> tuple[Seal, Entries]:
    """Hour 01, proven: two objects of two accepted records each, one of one rejected record."""
    complete, evidence = prove(fake.stream, Request(H1))
    return draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now()), evidence.entries


def listing(fake: FakeLanding) -> dict[str, ListedObject]:
    return {found.key: found for found in list_hour(fake.stream, H1)}


class TestOffsets:
    """`offsets_accounted_for`."""

    def test_a_healthy_hour_adds_up(self, sealed: tuple[Seal, Entries]) -> None:
        """Seal, entries, objects and partitions give the same sums."""
        found = compare_offsets(*sealed, missing=[], faults=[])
        assert (True, "5 records of 2 entries add up", []) == (found.passed, found.sentence, found.numbers["wrong"])

    def test_a_missing_offset_is_red(self, sealed: tuple[Seal, Entries]) -> None:
        """The boundary of the hour is not covered."""
        found = compare_offsets(*sealed, missing=["offsets 2-2 of platform-events[0]"], faults=[])
        assert (False, "2025-08-01T01: offsets 2-2 of platform-events[0] have not landed") == (
            found.passed,
            found.sentence,
        )

    def test_a_fault_of_the_ledger_is_red(self, sealed: tuple[Seal, Entries]) -> None:
        """Doubled offsets are not a proof."""
        assert not compare_offsets(*sealed, missing=[], faults=["offsets 0-1 landed twice"]).passed

    def test_an_entry_that_the_seal_does_not_know_is_red(self, sealed: tuple[Seal, Entries]) -> None:
        """The ledger has later entries of the hour: another revision is needed."""
        seal, entries = sealed
        found = compare_offsets(seal, entries[:1], missing=[], faults=[])
        assert "2025-08-01T01: platform-events[1]: sealed 2 accepted and 0 rejected in offsets 0-1" in found.sentence
        assert "the ledger has nothing" in found.sentence

    def test_objects_that_hold_fewer_records_than_the_hour_are_red(self, sealed: tuple[Seal, Entries]) -> None:
        """The seal contradicts itself."""
        seal, entries = sealed
        short = seal.model_copy(update={"objects": seal.objects[1:]})
        found = compare_offsets(short, entries, missing=[], faults=[])
        assert "2025-08-01T01: accepted: 4 sealed, 2 in objects, 4 in partitions" == found.sentence


class TestObjects:
    """`objects_present`."""

    def test_a_healthy_hour_is_present(self, fake: FakeLanding, sealed: tuple[Seal, Entries]) -> None:
        """Keys, bytes and ETags equal those of the seal."""
        found = compare_objects(sealed[0], listing(fake).values())
        assert (True, 3, 3) == (found.passed, found.numbers["sealed"], found.numbers["listed"])

    def test_a_lost_object_is_red_and_named(self, fake: FakeLanding, sealed: tuple[Seal, Entries]) -> None:
        """A sealed object was deleted."""
        lost = sealed[0].objects[0].key
        found = compare_objects(sealed[0], [item for key, item in listing(fake).items() if key != lost])
        assert (False, [lost]) == (found.passed, found.numbers["lost"])

    @pytest.mark.parametrize("changed", [{"bytes": 0}, {"etag": "0"}])
    def test_a_changed_object_is_red(
        self, fake: FakeLanding, sealed: tuple[Seal, Entries], changed: dict[str, int | str]
    ) -> None:
        """Finished objects never change."""
        seal = sealed[0]
        first = seal.objects[0].model_copy(update=changed)
        found = compare_objects(seal.model_copy(update={"objects": (first, *seal.objects[1:])}), listing(fake).values())
        assert (False, [first.key]) == (found.passed, found.numbers["changed"])

    def test_a_doubled_object_is_red(self, fake: FakeLanding, sealed: tuple[Seal, Entries]) -> None:
        """A sealed epoch has a second object."""
        again = sealed[0].objects[0].key.replace("-0-0.", "-0-1.")
        fake.bucket.objects[again] = b"again"
        found = compare_objects(sealed[0], listing(fake).values())
        assert (False, [again]) == (found.passed, found.numbers["doubled"])

    def test_an_object_that_came_later_is_reported_and_not_red(
        self, fake: FakeLanding, sealed: tuple[Seal, Entries]
    ) -> None:
        """It belongs to the next revision."""
        later = sealed[0].objects[0].key.replace("ab.1-", "ab.9-")
        fake.bucket.objects[later] = b"later"
        found = compare_objects(sealed[0], listing(fake).values())
        assert (True, [later]) == (found.passed, found.numbers["not_sealed"])


class TestRegistered:
    """`files_registered`."""

    def test_a_healthy_hour_is_registered(self, sealed: tuple[Seal, Entries]) -> None:
        """The landing objects are registered, and not the rejected ones."""
        found = compare_registered(sealed[0], sealed[0].landing())
        assert (True, 2, 2) == (found.passed, found.numbers["sealed"], found.numbers["registered"])

    def test_an_unregistered_file_is_red_and_named(self, sealed: tuple[Seal, Entries]) -> None:
        """A refresh reported success and registered half of the files."""
        first, second = sorted(sealed[0].landing())
        found = compare_registered(sealed[0], [first])
        assert (False, [second]) == (found.passed, found.numbers["not_registered"])

    def test_a_file_that_is_not_sealed_is_red(self, sealed: tuple[Seal, Entries]) -> None:
        """Its rows would be queryable and unproven."""
        found = compare_registered(sealed[0], [*sealed[0].landing(), "copy.jsonl"])
        assert (False, ["copy.jsonl"]) == (found.passed, found.numbers["not_sealed"])


@pytest.mark.parametrize(
    ("sizes", "advised"), [([1_000] * 51, True), ([1_000] * 50, False), ([16_000_000] * 500, False), ([], False)]
)
def test_many_small_objects_are_an_advice(sizes: list[int], advised: bool) -> None:
    """Few small ones are a quiet hour, and many large ones a busy one."""
    assert advised is bool(advice_on_sizes(sizes))


def test_the_check_of_the_objects_has_the_advice(sealed: tuple[Seal, Entries], fake: FakeLanding) -> None:
    """It fails for nothing: the hour is complete."""
    found = compare_objects(sealed[0], listing(fake).values())
    assert (True, []) == (found.passed, found.numbers["advice"])
