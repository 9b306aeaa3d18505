"""External tables over landed lines: queries of hours, and the refresh of a new hour beside many files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from benchmarks.snowflake.reached import Reached
from benchmarks.snowflake.served import BUCKET, Served, served

HOUR_LINES, DAY_LINES, MANY_FILES = 100_000, 2_000_000, 10_000
FILES_OF_HOUR = 10
HOUR_SECONDS, DAY_SECONDS, REFRESH_SECONDS = 1, 15, 1
_HOUR = (
    "CAST(SPLIT_PART(METADATA$FILENAME, '/', 2) || '-' || SPLIT_PART(METADATA$FILENAME, '/', 3) || '-' || "
    "SPLIT_PART(METADATA$FILENAME, '/', 4) || ' ' || SPLIT_PART(METADATA$FILENAME, '/', 5) || ':00:00' AS TIMESTAMP)"
)
_TABLE = (
    "PARTITION BY (replication_hour) LOCATION = @landed REFRESH_ON_CREATE = FALSE AUTO_REFRESH = FALSE "
    "FILE_FORMAT = (TYPE = JSON)"
)
_COLUMNS = (
    f"(replication_hour TIMESTAMP AS ({_HOUR}), event_id VARCHAR AS (value:event:id::varchar), "
    "kafka_offset INT AS (value:offset::int), event_type VARCHAR AS (value:event:type::varchar))"
)


def line(offset: int) -> str:
    """Return one landed line, of about 400 bytes."""
    event = {
        "id": f"{offset:032x}",
        "type": ("ASSET_MATERIALIZATION", "STEP_START", "STEP_SUCCESS")[offset % 3],
        "run_id": f"{offset // 50:032x}",
        "message": "a message of a step that is as long as such messages are " * 2,
        "metadata": {"rows": offset % 1000, "path": f"s3://bucket/{offset % 97}/part"},
    }
    envelope = {"topic": "platform-events", "partition": offset % 3, "offset": offset, "key": f"run-{offset // 50}"}
    return json.dumps(envelope | {"timestamp": "2025-08-01T03:59:59.123Z", "event": event}, separators=(",", ":"))


def write_hour(folder: Path, hour: str, lines: int, files: int, first: int = 0) -> None:
    """Write the objects of an hour, compressed as the job does it."""
    below = folder / "buckets" / BUCKET / "landing" / hour
    below.mkdir(parents=True, exist_ok=True)
    packer = zstandard.ZstdCompressor(level=1)
    for number in range(files):
        share = range(first + lines * number // files, first + lines * (number + 1) // files)
        (below / f"part-{number:04}.jsonl.zst").write_bytes(
            packer.compress("".join(line(offset) + "\n" for offset in share).encode())
        )


def measure(folder: Path, share: float) -> list[Reached]:
    """Measure a day of lines, one hour of it more, and many small files; `share` makes all of it smaller."""
    hour_lines, day_lines, many = (int(number * share) for number in (HOUR_LINES, DAY_LINES, MANY_FILES))
    for hour in range(24):
        write_hour(folder, f"2025/08/01/{hour:02}", day_lines // 24, FILES_OF_HOUR, hour * day_lines)
    write_hour(folder, "2025/08/02/00", hour_lines, FILES_OF_HOUR)
    with served(folder) as server, server.connect() as connection, connection.cursor() as cursor:
        timed = _Timed(server, cursor)
        timed.rows_of(f"CREATE STAGE landed URL = 's3://{BUCKET}/landing/'")
        timed.rows_of(f"CREATE EXTERNAL TABLE events {_COLUMNS} {_TABLE}")
        files = 25 * FILES_OF_HOUR
        rows = [timed.row(f"refresh of {files} new files", "ALTER EXTERNAL TABLE events REFRESH", None, _new(files))]
        one = "FROM events WHERE replication_hour = '2025-08-02 00:00:00'"
        of_hour = f"one hour of {hour_lines:,} lines"
        for what, columns in (
            ("COUNT(*)", "COUNT(*)"),
            ("count, least and greatest id", "COUNT(event_id), MIN(event_id), MAX(kafka_offset)"),
        ):
            query = f"SELECT {columns} {one}"
            rows.append(timed.row(f"{what} of {of_hour}", query, HOUR_SECONDS, lambda found: found[0][0] == hour_lines))
        expected = [day_lines // 24] * 24 + [hour_lines]
        query = "SELECT replication_hour, COUNT(event_id) FROM events GROUP BY 1 ORDER BY 1"
        what = f"{day_lines // 24 * 24:,} lines over 24 hours, counted per hour"
        rows.append(timed.row(what, query, DAY_SECONDS, lambda found: expected == [row[1] for row in found]))
        rows.append(_refresh_beside(folder, many, timed))
        rows.append(Reached("memory of the server then", server.memory_mib, "MiB"))
    return rows


@dataclass(frozen=True)
class _Timed:
    """Sends statements, and measures them."""

    server: Served
    cursor: Any

    def rows_of(self, sql: str) -> list[Any]:
        """Return the rows of a statement."""
        rows: list[Any] = self.cursor.execute(sql).fetchall()
        return rows

    def row(self, what: str, sql: str, goal: float | None, right: Callable[[list[Any]], bool]) -> Reached:
        """Measure a statement, and end the measurement if its rows are wrong."""
        began, cpu = time.perf_counter(), self.server.cpu_seconds
        found = self.rows_of(sql)
        seconds, cpu = time.perf_counter() - began, self.server.cpu_seconds - cpu
        if not right(found):
            raise SystemExit(f"wrong rows of {sql}: {found[:30]}")
        return Reached(what, seconds, "s", goal, f"{cpu:.2f} CPU-seconds of the server")


def _new(files: int) -> Callable[[list[Any]], bool]:
    return lambda found: len(found) == files


def _refresh_beside(folder: Path, many: int, timed: _Timed) -> Reached:
    for hour in range(100):
        write_hour(folder, f"2024/01/{hour // 24 + 1:02}/{hour % 24:02}", many // 100, many // 100)
    timed.rows_of(f"CREATE EXTERNAL TABLE many {_COLUMNS} {_TABLE}")
    for day in range(1, 6):
        timed.rows_of(f"ALTER EXTERNAL TABLE many REFRESH '2024/01/{day:02}/'")
    write_hour(folder, "2024/02/01/00", 1_000, FILES_OF_HOUR)
    what = f"refresh of one new hour of {FILES_OF_HOUR} files beside {many // 100 * 100:,}"
    refresh = "ALTER EXTERNAL TABLE many REFRESH '2024/02/01/00/'"
    return timed.row(what, refresh, REFRESH_SECONDS, _new(FILES_OF_HOUR))
