"""What a report reads of a long stream; it shows the same rows as one that reads every seal."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.report import hours as report
from orchestration.landing.report.hours import HourRow, Wanted, hour_rows
from snowflake_components.errors import SnowflakeUnavailableError
from tests.fakes.counting_bucket import CountingBucket
from tests.fakes.long_stream import FIRST, LAYOUT, LongStream, LongTable

HOURS = 60
OLD = FIRST.plus(7)


class Reported:
    """A stream of 60 published hours, and its external table."""

    def __init__(self) -> None:
        self.its = LongStream(HOURS, checkpoints=3)
        self.stream = self.its.made()
        self.bucket = cast("CountingBucket", self.stream.bucket)
        self.files = self.its.registered()
        self.failures: list[Exception] = []

    def rows(self, window_hours: int | None = None) -> list[HourRow]:
        """Report with the table as it is now."""
        self.bucket.fetched.clear()
        self.bucket.requests.clear()
        table = LongTable(self.files)
        table.failures = self.failures
        return hour_rows(self.stream, cast("ExternalTable", table), Wanted(window_hours))

    def seals_read(self) -> list[Hour]:
        """List the hours whose seal was fetched by the last report."""
        prefix = LAYOUT.prefix(Kind.SEALS)
        paths = sorted(key[len(prefix) : len(prefix) + 13] for key in self.bucket.fetched if key.startswith(prefix))
        return [Hour.from_path(path) for path in paths]

    def add(self, key: str) -> None:
        """Put an object."""
        self.bucket.put_if_absent(key, self.its.body(key))

    def remove(self, key: str) -> None:
        """Delete an object."""
        self.bucket.keys.remove(key)

    def landed(self, number: int) -> str:
        """Return the key of a landed object of the old hour."""
        return self.its.keys_of(7 * 3 + number)[0]


def test_seals_of_hours_that_agree_are_read_of_the_newest_day_alone() -> None:
    """The key of the publication, ledger, listing and table show what an older seal has."""
    reported = Reported()
    rows = reported.rows()
    assert [FIRST.plus(number) for number in range(HOURS - report.READ_HOURS, HOURS)] == reported.seals_read()
    assert {("published", True, 3, 1)} == {(row.state, row.agree, row.objects, row.revision) for row in rows[:HOURS]}


def _unregistered(reported: Reported) -> None:
    del reported.files[reported.landed(1)]


def _not_promised(reported: Reported) -> None:
    reported.add(reported.landed(1).replace("part-0", "part-f"))


def _not_promised_but_registered(reported: Reported) -> None:
    _not_promised(reported)
    reported.files[reported.landed(1).replace("part-0", "part-f")] = 100


def _gone(reported: Reported) -> None:
    reported.remove(reported.landed(1))


def _gone_everywhere(reported: Reported) -> None:
    _gone(reported)
    _unregistered(reported)


def _late(reported: Reported) -> None:
    key = reported.its.keys_of(HOURS * 3)[1]
    line = reported.bucket.make(key).decode().replace(FIRST.plus(HOURS).label, OLD.label)
    reported.bucket.objects[key] = line.encode()


def _published_before(reported: Reported) -> None:
    reported.remove(LAYOUT.publication_key(OLD, 1, 3))


def _away(reported: Reported) -> None:
    reported.failures = [SnowflakeUnavailableError("away")]


@pytest.mark.parametrize(
    "change",
    [_unregistered, _not_promised, _not_promised_but_registered, _gone, _gone_everywhere, _late, _published_before],
)
def test_an_old_hour_that_differs_is_read_from_its_seal(
    change: Callable[[Reported], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is that of a report that reads every seal, and no other seal is read for it."""
    reported = Reported()
    change(reported)
    rows = reported.rows()
    assert [OLD, *(FIRST.plus(number) for number in range(HOURS - report.READ_HOURS, HOURS))] == reported.seals_read()
    monkeypatch.setattr(report, "READ_HOURS", HOURS)
    assert reported.rows() == rows
    assert [(OLD.label, False)] == [(row.hour, row.agree) for row in rows[:HOURS] if row.agree is not True]


def test_while_snowflake_is_away_the_rows_are_those_of_the_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A published hour is unknown then, and no seal says more."""
    reported = Reported()
    _away(reported)
    rows = reported.rows()
    assert report.READ_HOURS == len(reported.seals_read())
    monkeypatch.setattr(report, "READ_HOURS", HOURS)
    _away(reported)
    assert reported.rows() == rows
    assert {"Snowflake does not answer"} == {row.unknown for row in rows[:HOURS]}


def test_one_old_hour_does_not_list_what_landed_since() -> None:
    """The window is one listing and the old hour another one, of a page each."""
    its = LongStream(2_000, checkpoints=3)
    reported = Reported()
    reported.its, reported.stream, reported.files = its, its.made(), its.registered()
    reported.bucket = cast("CountingBucket", reported.stream.bucket)
    reported.rows(3)
    window = reported.bucket.requests["LIST"]
    _published_before(reported)
    assert OLD.label == reported.rows(3)[0].hour
    assert window + 1 == reported.bucket.requests["LIST"]
