"""External tables over landed lines: queries of hours, and the refresh of a new hour beside many files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from benchmarks.snowflake.reached import Reached
from benchmarks.snowflake.served import BUCKET, served

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

        def timed(sql: str) -> tuple[float, list[Any]]:
            began = time.perf_counter()
            rows: list[Any] = cursor.execute(sql).fetchall()
            return time.perf_counter() - began, rows

        cursor.execute(f"CREATE STAGE landed URL = 's3://{BUCKET}/landing/'")
        cursor.execute(f"CREATE EXTERNAL TABLE events {_COLUMNS} {_TABLE}")
        registering, _ = timed("ALTER EXTERNAL TABLE events REFRESH")
        rows = [Reached(f"refresh of {25 * FILES_OF_HOUR} new files", registering, "s")]
        one = "FROM events WHERE replication_hour = '2025-08-02 00:00:00'"
        rows.append(
            _query(timed, f"COUNT(*) of one hour of {hour_lines:,} lines", f"SELECT COUNT(*) {one}", hour_lines)
        )
        rows.append(
            _query(
                timed,
                f"count, least and greatest id of one hour of {hour_lines:,} lines",
                f"SELECT COUNT(event_id), MIN(event_id), MAX(kafka_offset) {one}",
                hour_lines,
            )
        )
        counting, counted = timed("SELECT replication_hour, COUNT(event_id) FROM events GROUP BY 1 ORDER BY 1")
        expected = [day_lines // 24] * 24 + [hour_lines]
        if expected != [row[1] for row in counted]:
            raise SystemExit(f"wrong counts: {counted}")
        total = day_lines // 24 * 24
        rows.append(Reached(f"{total:,} lines over 24 hours, counted per hour", counting, "s", DAY_SECONDS))
        rows.append(_refresh_beside(folder, many, cursor.execute, timed))
        rows.append(Reached("memory of the server then", server.memory_mib, "MiB"))
    return rows


def _query(timed: Callable[[str], tuple[float, list[Any]]], what: str, sql: str, count: int) -> Reached:
    seconds, rows = timed(sql)
    if rows[0][0] != count:
        raise SystemExit(f"wrong count: {rows}")
    again, _ = timed(sql)
    return Reached(what, seconds, "s", HOUR_SECONDS, f"{again:.2f} s the second time")


def _refresh_beside(
    folder: Path, many: int, execute: Callable[[str], Any], timed: Callable[[str], tuple[float, list[Any]]]
) -> Reached:
    for hour in range(100):
        write_hour(folder, f"2024/01/{hour // 24 + 1:02}/{hour % 24:02}", many // 100, many // 100)
    execute(f"CREATE EXTERNAL TABLE many {_COLUMNS} {_TABLE}")
    for day in range(1, 6):
        execute(f"ALTER EXTERNAL TABLE many REFRESH '2024/01/{day:02}/'")
    write_hour(folder, "2024/02/01/00", 1_000, FILES_OF_HOUR)
    seconds, rows = timed("ALTER EXTERNAL TABLE many REFRESH '2024/02/01/00/'")
    if len(rows) != FILES_OF_HOUR:
        raise SystemExit(f"wrong files: {rows}")
    what = f"refresh of one new hour of {FILES_OF_HOUR} files beside {many // 100 * 100:,}"
    return Reached(what, seconds, "s", REFRESH_SECONDS)
