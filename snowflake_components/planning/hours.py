"""Hours in paths: the directories of hours, and the SQL that computes the hour from a path.

Directories are `yyyy/MM/dd/HH/` in UTC, directly below the URL of a stage, as the landing job writes them. This
package imports nothing of the job; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby

from snowflake_components.identifiers import Expression

HOUR_PATH = "%Y/%m/%d/%H/"
DAY_PATH = "%Y/%m/%d/"
HOUR_OF_PATH = "hour_of_path"
"""Written instead of the expression of a column: the hour of the directory of its file."""

_HOUR = timedelta(hours=1)
_HOUR_OF_FILE = re.compile(r"(?:^|/)(\d{4}/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01])/(?:[01]\d|2[0-3])/)[^/]*$")
_HOURS_PER_DAY = 24


class NotHourlyError(ValueError):
    """The span of time does not consist of whole UTC hours."""


def hours_between(start: datetime, end: datetime) -> list[datetime]:
    """List the first instants of the UTC hours from `start` (included) to `end` (excluded)."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if any(moment.minute or moment.second or moment.microsecond for moment in (first, last)) or first >= last:
        raise NotHourlyError(f"not whole UTC hours: {first.isoformat()} to {last.isoformat()}")
    return [first + index * _HOUR for index in range((last - first) // _HOUR)]


def directories(hours: Iterable[datetime]) -> list[str]:
    """Return the directories that hold exactly these hours; a whole day is one directory.

    Args:
        hours: first instants of UTC hours, in any order.

    Returns:
        `2025/08/01/` or `2025/08/01/03/`, oldest first.
    """
    found: list[str] = []
    for day, of_day in groupby(sorted(set(hours)), key=lambda hour: hour.strftime(DAY_PATH)):
        paths = [hour.strftime(HOUR_PATH) for hour in of_day]
        found.extend([day] if len(paths) == _HOURS_PER_DAY else paths)
    return found


def directories_of_files(names: Iterable[str]) -> list[str] | None:
    """Return the directories of the hours of files, as `directories`; None when a file is in no hour.

    Args:
        names: keys of files, from the root of the bucket or below the stage.
    """
    found = [_HOUR_OF_FILE.search(name) for name in names]
    if any(match is None for match in found):
        return None
    return directories(datetime.strptime(match[1], HOUR_PATH).replace(tzinfo=UTC) for match in found if match)


def hour_of_path(url: str, directory: str, type_sql: str) -> Expression:
    """Return the SQL of the hour in METADATA$FILENAME, with functions that a partition column may use.

    METADATA$FILENAME starts at the root of the bucket, so the position of the year depends on the URL of the stage
    and on the directory of the table.

    Args:
        url: of the stage, `s3://bucket/platform-events/landing/`; the hours are below a prefix as below a directory.
        directory: of the table below the stage, empty or with a slash at its end.
        type_sql: what to cast the text `2025-08-01 03:00:00` to.
    """
    prefix = url.removeprefix("s3://").rstrip("/").partition("/")[2]
    year = sum(len([part for part in path.split("/") if part]) for path in (prefix, directory)) + 1
    parts = [f"SPLIT_PART(METADATA$FILENAME, '/', {year + index})" for index in range(4)]
    text = f"{parts[0]} || '-' || {parts[1]} || '-' || {parts[2]} || ' ' || {parts[3]} || ':00:00'"
    return Expression(f"CAST({text} AS {type_sql})")
