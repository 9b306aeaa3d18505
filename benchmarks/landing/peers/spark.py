"""Apache Spark structured streaming: Kafka source, text files partitioned by hour, exactly once by the sink's log."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlparse

from benchmarks.landing.counting.installation import install_requirements
from benchmarks.landing.peer import Task
from benchmarks.landing.peers.programs import install_jars, run_program, task_environment
from benchmarks.landing.workload.store import Store

HERE = Path(__file__).parent
BATCH_RECORDS = 500_000
"""About ten seconds of work, so that records become visible as soon as with the other peers."""
CHECKPOINT_FILES = "org.apache.spark.internal.io.cloud.AbortableStreamBasedCheckpointFileManager"
"""Writes a log file by one PUT; the default writes, copies and deletes, for an S3 that has no rename."""
CREDENTIALS = "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider"
_KEY = re.compile(r"/landing/year=(\d+)/month=(\d+)/day=(\d+)/hour=(\d+)/part-[^/]+$")
_LOG = re.compile(r"/landing/_spark_metadata/(\d+)(\.compact)?$")


class Spark:
    """Spark on one machine, one JVM."""

    name = "spark"
    codecs = frozenset({"zstd-1", "gzip-1", "plain"})
    versions: ClassVar[dict[str, str]] = {"spark": "4.0.0", "hadoop-aws": "3.4.1"}

    def install(self, folder: Path) -> None:
        """Install the wheel in a separate environment, with the Kafka and S3 jars beside it."""
        install_requirements(folder / "venv", HERE / "spark-requirements.txt")
        install_jars(folder / "jars", HERE / "spark-jars.xml")

    def run(self, task: Task) -> None:
        """Land everything up to the present end offsets; continue from the checkpoint in the bucket."""
        programs = (task.install_dir / "venv" / "bin").absolute()
        environment = task_environment(task) | {
            "PEER_BATCH_RECORDS": str(BATCH_RECORDS),
            "PYSPARK_PYTHON": str(programs / "python"),
            # behind Spark's own jars; spark.jars would copy 560 MB at each start
            "SPARK_DIST_CLASSPATH": f"{(task.install_dir / 'jars').absolute()}/*",
        }
        options = [part for name, value in settings(task).items() for part in ("--conf", f"{name}={value}")]
        command = [str(programs / "spark-submit"), *options, str(HERE / "spark_job.py")]
        run_program(command, environment, task.work_dir / "spark.log")

    def hour_of(self, key: str) -> str | None:
        """Read the hour out of `year=2025/month=8/day=1/hour=3`."""
        found = _KEY.search(key)
        return "{:04}-{:02}-{:02}T{:02}".format(*map(int, found.groups())) if found else None

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return the objects that the sink's log names; others are left from interrupted batches."""
        store = Store.of_task(task)
        logs = [store.read(task.bucket, key).decode() for key in log_keys(keys)]
        named = named_by(logs)
        return [key for key in keys if key in named]


def settings(task: Task) -> dict[str, str]:
    """Return Spark's settings; this folder's README lists what else was tried."""
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(task.work_dir.absolute() / "tmp"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.streaming.checkpointFileManagerClass": CHECKPOINT_FILES,
        "spark.hadoop.zlib.compress.level": "BEST_SPEED",
        "spark.hadoop.parquet.compression.codec.zstd.level": "1",
        "spark.hadoop.fs.s3a.endpoint": task.s3_endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": task.s3_region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": CREDENTIALS,
        "spark.hadoop.fs.s3a.directory.marker.retention": "keep",
        "spark.hadoop.fs.s3a.performance.flags": "*",
        "spark.hadoop.fs.s3a.fast.upload.buffer": "bytebuffer",
    }


def log_keys(keys: Sequence[str]) -> list[str]:
    """Return the files that make up the sink's log: the newest compact file and the files after it."""
    found = {key: match for key in keys if (match := _LOG.search(key))}
    compact = max((int(match[1]) for match in found.values() if match[2]), default=-1)
    wanted = [key for key, match in found.items() if int(match[1]) > compact or (int(match[1]) == compact and match[2])]
    return sorted(wanted)


def named_by(logs: Sequence[str]) -> set[str]:
    """Return the keys that log files name; a log file is a version line, then one JSON object for each file."""
    entries = [json.loads(line) for log in logs for line in log.splitlines()[1:] if line]
    return {unquote(urlparse(entry["path"]).path.lstrip("/")) for entry in entries if entry["action"] == "add"}


PEER = Spark()
