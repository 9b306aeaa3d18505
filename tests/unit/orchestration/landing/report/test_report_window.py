"""The report reads and counts the hours of its window, and every hour that is not published."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal, write_seal
from orchestration.landing.publication import Publication, write_publication
from orchestration.landing.report.hours import Wanted, hour_rows
from tests.fakes.landing import H1, FakeLanding, minutes

TWO, THREE = H1.plus(1), H1.plus(2)


def publish(fake: FakeLanding, hours: Iterable[Hour]) -> None:
    """Seal, register and publish hours."""
    for hour in hours:
        complete, evidence = prove(fake.stream, Request(hour))
        draft = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
        seal = write_seal(fake.bucket, fake.stream.layout, draft)
        fake.table.refresh(hour)
        publication = Publication(
            stream="platform-events", hour=hour, revision=seal.revision, records=seal.accepted + seal.rejected,
            fingerprint=seal.fingerprint, checks={}, published_at=fake.clock.utc_now(), run_id="run-1",
        )  # fmt: skip
        assert write_publication(fake.bucket, fake.stream.layout, publication)
    fake.bucket.fetched.clear()
    fake.bucket.effects.clear()
    fake.table.sent.clear()


def reported(fake: FakeLanding, window_hours: int | None) -> list[tuple[str, str]]:
    return [(row.hour, row.state) for row in hour_rows(fake.stream, fake.table.client, Wanted(window_hours))]


def test_the_window_ends_with_the_newest_hour_that_has_begun(fake: FakeLanding) -> None:
    """An old stream that was replayed is shown as well; a record from the future moves nothing."""
    fake.broker.records[1].append(datetime(2100, 1, 1, tzinfo=UTC))
    fake.job.land(1, 5, 5, fake.clock.utc_now())
    publish(fake, [H1, TWO, THREE])
    assert [("2025-08-01T03", "published"), ("2100-01-01T00", "quarantined")] == reported(fake, 1)
    assert ["2025-08-01T02", "2025-08-01T03", "2100-01-01T00"] == [hour for hour, _ in reported(fake, 2)]
    assert 4 == len(reported(fake, None))


def test_an_hour_that_is_not_published_is_always_shown(fake: FakeLanding) -> None:
    """However old it is."""
    publish(fake, [TWO, THREE])
    assert [("2025-08-01T01", "complete"), ("2025-08-01T03", "published")] == reported(fake, 1)


def test_an_old_hour_with_a_late_record_is_shown_before_it_is_sealed_again(fake: FakeLanding) -> None:
    """The key of the publication has the number of its records, the ledger has one more."""
    publish(fake, [H1, TWO, THREE])
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert [("2025-08-01T01", "amended"), ("2025-08-01T03", "published")] == reported(fake, 1)


@pytest.mark.parametrize("window_hours", [1, 2, None])
def test_snowflake_gets_two_statements_and_counts_the_reported_hours_alone(
    fake: FakeLanding, window_hours: int | None
) -> None:
    """The list of registered files reads no row; the count has a literal range of the partition column."""
    publish(fake, [H1, TWO, THREE])
    hours = [hour for hour, _ in reported(fake, window_hours)]
    files, rows = fake.table.sent
    assert "EXTERNAL_TABLE_FILES" in files
    assert [f"{hour[:10]} {hour[11:]}:00:00" in rows for hour in (hours[0], hours[-1])] == [True, True]
    assert ("2025-08-01 01:00:00" in rows) is (window_hours is None)


def test_an_hour_outside_costs_no_request_of_its_own(fake: FakeLanding) -> None:
    """Two listings say that it is published; neither its seal nor its publication is read."""
    publish(fake, [H1, TWO, THREE])
    reported(fake, 1)
    layout = fake.stream.layout
    kinds = (Kind.LEDGER, Kind.SEALS, Kind.PUBLISHED, Kind.LANDING)
    prefixes = [layout.ledger_days_prefix, *(layout.prefix(kind) for kind in kinds)]
    assert [f"list {prefix}" for prefix in prefixes] == fake.bucket.effects
    assert ["2025/08/01/03"] == [key.split("/", 2)[2][:13] for key in fake.bucket.fetched if "/ledger/" not in key]


def test_a_report_over_nothing_published_is_the_whole_report(fake: FakeLanding) -> None:
    """The first hours of a stream are all shown."""
    assert reported(fake, None) == reported(fake, 1)
