"""The hour in a path: written as the landing job writes it, read back by the SQL of a partition column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from snowflake_components.planning.hours import HOUR_PATH, NotHourlyError, directories, hour_of_path, hours_between

HOURS = [
    datetime(2024, 2, 29, 23, tzinfo=UTC),
    datetime(2025, 1, 1, 0, tzinfo=UTC),
    datetime(2025, 8, 1, 3, tzinfo=UTC),
    datetime(2025, 12, 31, 23, tzinfo=UTC),
]


@pytest.mark.parametrize("start", HOURS)
def test_the_path_of_an_hour_is_the_one_of_the_landing_job(start: datetime) -> None:
    """Two packages define one contract; they must agree."""
    assert start.strftime(HOUR_PATH) == Hour(start).path


@pytest.mark.parametrize("start", HOURS)
@pytest.mark.parametrize("prefix", ["", "archive/2019/", "a/b/c/"])
@pytest.mark.parametrize("directory", ["", "deep/er/"])
def test_the_generated_expression_finds_the_hour_behind_any_prefix(
    start: datetime, prefix: str, directory: str
) -> None:
    """The position of the year follows from the stage's URL and the table's directory, and is never typed."""
    url = f"s3://bucket/{prefix}{StreamLayout('platform-events').prefix(Kind.LANDING)}"
    key = f"{url.removeprefix('s3://bucket/')}{directory}{Hour(start).path}part-0123456789ab.7-x.jsonl.zst"
    sql = hour_of_path(url, directory, "TIMESTAMP").sql.replace("METADATA$FILENAME", "?")
    (found,) = duckdb.execute(f"SELECT {sql}", [key] * 4).fetchall()
    assert (start.replace(tzinfo=None),) == found


def test_the_generated_expression_uses_only_what_a_partition_column_may_use() -> None:
    """SPLIT_PART, concatenation and CAST of METADATA$FILENAME; the year is the third part behind one stream."""
    assert hour_of_path("s3://hourglass/platform-events/landing/", "", "TIMESTAMP").sql == (
        "CAST(SPLIT_PART(METADATA$FILENAME, '/', 3) || '-' || SPLIT_PART(METADATA$FILENAME, '/', 4) || '-' || "
        "SPLIT_PART(METADATA$FILENAME, '/', 5) || ' ' || SPLIT_PART(METADATA$FILENAME, '/', 6) || ':00:00' "
        "AS TIMESTAMP)"
    )


@pytest.mark.parametrize(
    ("url", "directory", "year"),
    [
        ("s3://b", "", 1),
        ("s3://b/", "", 1),
        ("s3://b/data/Activity", "", 3),
        ("s3://b/data/Activity", "x/", 4),
        ("s3://b/data/", "x/y/", 4),
    ],
)
def test_the_hours_below_a_prefix_are_found_as_below_a_directory(url: str, directory: str, year: int) -> None:
    """A URL without a slash at its end moves nothing."""
    assert f"CAST(SPLIT_PART(METADATA$FILENAME, '/', {year}) || '-'" in hour_of_path(url, directory, "TIMESTAMP").sql


def test_a_complete_day_is_one_directory_and_an_incomplete_one_is_its_hours() -> None:
    """The directory of a day is used only for all of its 24 hours."""
    first = datetime(2025, 7, 31, 22, tzinfo=UTC)
    hours = hours_between(first, first + timedelta(hours=2 + 24 + 1))
    assert directories(hours) == ["2025/07/31/22/", "2025/07/31/23/", "2025/08/01/", "2025/08/02/00/"]


def test_hours_are_taken_in_order_and_once() -> None:
    """Order and repetition of the requested hours change nothing."""
    assert directories([HOURS[2], HOURS[0], HOURS[2]]) == ["2024/02/29/23/", "2025/08/01/03/"]


def test_a_span_in_another_zone_is_its_utc_hours() -> None:
    """Directories are UTC, whatever the partitions are written in."""
    zone = timezone(timedelta(hours=-4))
    start = datetime(2025, 8, 1, 0, tzinfo=zone)
    assert directories(hours_between(start, start + timedelta(hours=1))) == ["2025/08/01/04/"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2025, 8, 1, 3, 30, tzinfo=UTC), datetime(2025, 8, 1, 4, 30, tzinfo=UTC)),
        (datetime(2025, 8, 1, 3, tzinfo=UTC), datetime(2025, 8, 1, 3, tzinfo=UTC)),
        (datetime(2025, 8, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))), datetime(2025, 8, 2, tzinfo=UTC)),
    ],
)
def test_a_span_that_is_not_whole_utc_hours_is_refused(start: datetime, end: datetime) -> None:
    """Half an hour has no directory."""
    with pytest.raises(NotHourlyError):
        hours_between(start, end)
