"""Fill an instance with the history of years: the rows of one real run, copied for each hour by SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from flink_jobs.contracts.layout import Hour

_HOURS = "CREATE TEMP TABLE hours (run_id TEXT, partition TEXT, label TEXT)"
_RUNS = """
INSERT INTO runs (run_id, snapshot_id, pipeline_name, mode, status, run_body, partition, create_timestamp,
                  update_timestamp, start_time, end_time)
SELECT hours.run_id, snapshot_id, pipeline_name, mode, status,
       replace(replace(run_body, :run_id, hours.run_id), :partition, hours.partition), hours.partition,
       create_timestamp, update_timestamp, start_time, end_time
FROM runs, hours WHERE runs.run_id = :run_id
"""
_TAGS = """
INSERT INTO run_tags (run_id, key, value)
SELECT hours.run_id, key, replace(value, :partition, hours.partition) FROM run_tags, hours
WHERE run_tags.run_id = :run_id
"""
_HOUR_TAGS = """
INSERT INTO run_tags (run_id, key, value) SELECT run_id, 'hourglass/' || label, '0123456789abcdef' FROM hours
UNION ALL SELECT run_id, 'dagster/run_key', label || ':0123456789abcdef' FROM hours
UNION ALL SELECT run_id, 'dagster/sensor_name', :sensor FROM hours
UNION ALL SELECT run_id, 'hourglass/reason', 'complete' FROM hours
"""
_EVENTS = """
INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
SELECT hours.run_id, replace(replace(event, :run_id, hours.run_id), :partition, hours.partition),
       dagster_event_type, timestamp, step_key, asset_key, hours.partition
FROM event_logs, hours WHERE event_logs.run_id = :run_id AND dagster_event_type = 'ASSET_MATERIALIZATION'
"""
_EVENT_TAGS = """
INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp)
SELECT copies.id, tags.asset_key, tags.key, tags.value, tags.event_timestamp
FROM event_logs AS originals
JOIN asset_event_tags AS tags ON tags.event_id = originals.id
JOIN event_logs AS copies ON copies.asset_key = originals.asset_key
JOIN hours ON hours.run_id = copies.run_id
WHERE originals.run_id = :run_id AND originals.dagster_event_type = 'ASSET_MATERIALIZATION'
"""
_CHECKS = """
INSERT INTO asset_check_executions (asset_key, check_name, partition, run_id, execution_status, evaluation_event,
                                    evaluation_event_timestamp, evaluation_event_storage_id,
                                    materialization_event_storage_id, create_timestamp)
SELECT asset_key, check_name, hours.partition, hours.run_id, execution_status,
       replace(replace(evaluation_event, :run_id, hours.run_id), :partition, hours.partition),
       evaluation_event_timestamp, evaluation_event_storage_id, materialization_event_storage_id, create_timestamp
FROM asset_check_executions, hours WHERE asset_check_executions.run_id = :run_id
"""


def copy_run(home: Path, run_id: str, hour: Hour, others: Iterable[Hour], sensor: str) -> None:
    """Copy what the SQLite storage has of the run of an hour for each other hour, with ids of their own.

    Args:
        home: folder of the instance; no process may have it open.
        run_id: of the run.
        hour: of the run.
        others: hours without runs.
        sensor: name of the sensor that requests such runs.
    """
    rows = [(f"{run_id[:24]}{number:012x}", one.partition_key, one.label) for number, one in enumerate(others)]
    values = {"run_id": run_id, "partition": hour.partition_key, "sensor": sensor}
    for file, statements in (
        (home / "history" / "runs.db", (_RUNS, _TAGS, _HOUR_TAGS)),
        (home / "history" / "runs" / "index.db", (_EVENTS, _EVENT_TAGS, _CHECKS)),
    ):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(_HOURS)
            connection.executemany("INSERT INTO hours VALUES (?, ?, ?)", rows)
            for statement in statements:
                connection.execute(statement, values)
