"""Each comparison holds for a healthy hour, and is red for each fault that it must detect."""

from __future__ import annotations

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.proof.checks import compare_objects, compare_offsets, compare_registered, compare_rows
from orchestration.landing.proof.evidence import Request, list_hour, prove
from orchestration.landing.proof.seal import Seal, draft_seal
from snowflake_components.identifiers import Identifier, QualifiedName
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


class TestRows:
    """`rows_queryable`."""

    def test_a_healthy_hour_is_queryable(self, sealed: tuple[Seal, Entries]) -> None:
        """The rows are right per object and in total."""
        found = compare_rows(sealed[0], dict.fromkeys(sealed[0].landing(), 2))
        assert (True, 4, 4) == (found.passed, found.numbers["accepted"], found.numbers["queryable"])

    def test_a_missing_row_is_red_and_its_object_named(self, sealed: tuple[Seal, Entries]) -> None:
        """Snowflake skips a file it cannot read, possibly after some rows."""
        first, second = sorted(sealed[0].landing())
        found = compare_rows(sealed[0], {first: 2, second: 1})
        assert (False, [f"{second}: sealed 2, queryable 1"]) == (found.passed, found.numbers["differing"])

    def test_rows_that_make_up_for_each_other_are_red(self, sealed: tuple[Seal, Entries]) -> None:
        """The total is right and both objects are wrong."""
        first, second = sorted(sealed[0].landing())
        assert not compare_rows(sealed[0], {first: 3, second: 1}).passed

    def test_rows_of_a_file_that_is_not_sealed_are_red(self, sealed: tuple[Seal, Entries]) -> None:
        """They would be read as part of the hour."""
        assert not compare_rows(sealed[0], {**dict.fromkeys(sealed[0].landing(), 2), "copy.jsonl": 1}).passed

    def test_a_seal_whose_objects_do_not_add_up_is_red(self, sealed: tuple[Seal, Entries]) -> None:
        """Each object has its rows, and the seal claims one accepted record more."""
        wrong = sealed[0].model_copy(update={"accepted": 5})
        found = compare_rows(wrong, dict.fromkeys(wrong.landing(), 2))
        assert (False, "2025-08-01T01: 4 rows, 5 were accepted") == (found.passed, found.sentence)


class TestExternalTable:
    """The queries, as statements and as answers."""

    TABLE = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("EXT_FLINK_EVENT_LOG"))

    def test_names_that_are_relative_to_the_stage_are_completed(self, fake: FakeLanding) -> None:
        """Snowflake may return `2025/08/01/01/part-…` or the whole key: both are one object."""
        key = fake.stream.layout.hour_prefix(Kind.LANDING, H1) + "part.jsonl"
        for name in (key, "2025/08/01/01/part.jsonl"):
            fake.table.registered = {name: ["e"] * 7}
            table = ExternalTable(fake.table, self.TABLE, fake.stream.layout)
            assert {key: 1} == table.registered(H1)
            assert {key: 7} == table.queryable()

    def test_the_statements_name_one_hour_of_one_table(self, fake: FakeLanding) -> None:
        """Names and literals are quoted; the hour prunes the partitions."""
        table = ExternalTable(fake.table, self.TABLE, fake.stream.layout)
        table.registered(H1)
        table.queryable(H1)
        files, rows = fake.table.sent
        assert (
            'SELECT FILE_NAME, FILE_SIZE FROM TABLE("AWS".INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => '
            "'AWS.DEV.EXT_FLINK_EVENT_LOG')) WHERE FILE_NAME LIKE '%2025/08/01/01/%'"
        ) == files
        assert (
            'SELECT METADATA$FILENAME AS OBJECT_KEY, COUNT(*) AS RECORDS FROM "AWS"."DEV"."EXT_FLINK_EVENT_LOG" '
            "WHERE \"REPLICATION_HOUR\" = '2025-08-01 01:00:00'::TIMESTAMP_NTZ GROUP BY METADATA$FILENAME"
        ) == rows
