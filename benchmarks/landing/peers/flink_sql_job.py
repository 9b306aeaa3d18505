"""The job of the peer Flink SQL: one INSERT from a Kafka table into a file table partitioned by hour.

Flink runs this file once to plan the statement; no record passes through Python.
"""

from __future__ import annotations

import os

os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - Flink's own name; read when pyflink is imported

from pyflink.table import EnvironmentSettings, TableEnvironment

SOURCE = """
CREATE TABLE records (
  event BYTES,
  `at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'topic' = '{topic}',
  'properties.bootstrap.servers' = '{bootstrap_servers}',
  'properties.group.id' = '{group}',
  'properties.fetch.min.bytes' = '65536',
  'properties.fetch.max.wait.ms' = '200',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '{bounded_mode}',
  'format' = 'raw'
)
"""
SINK = """
CREATE TABLE landing (
  event BYTES,
  `hour` STRING
) PARTITIONED BY (`hour`) WITH (
  'connector' = 'filesystem',
  'path' = 's3://{bucket}/{prefix}landing',
  'sink.rolling-policy.rollover-interval' = '{roll_seconds} s',
  'sink.rolling-policy.check-interval' = '{roll_seconds} s',
  'format' = 'raw'
)
"""
INSERT = "INSERT INTO landing SELECT event, {hour} FROM records"
HOUR = "DATE_FORMAT(`at`, 'yyyy-MM-dd-HH')"


def main() -> None:
    """Plan and run the statement until the source ends, or the job is drained."""
    task = {name.removeprefix("PEER_").lower(): value for name, value in os.environ.items() if name.startswith("PEER_")}
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.execute_sql(SOURCE.format(**task))
    tables.execute_sql(SINK.format(**task))
    tables.execute_sql(INSERT.format(hour=HOUR)).wait()


if __name__ == "__main__":
    main()
