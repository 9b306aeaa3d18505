"""Flink SQL: a Kafka table, a file table partitioned by hour, one INSERT; exactly once by checkpoints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from confluent_kafka import Consumer, TopicPartition

from benchmarks.landing.peer import Task
from benchmarks.landing.peers.programs import group, run_program, task_environment
from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.store import Listed, Store
from flink_jobs.deploy.process import wheel_java_options
from flink_jobs.errors import UnreachableError
from flink_jobs.flink.config import java_options, logging_config
from flink_jobs.flink.home import assemble, wheel_home
from flink_jobs.flink.rest import FlinkRest
from flink_jobs.restore.points import complete_points
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import LogFormat
from infra.local.settings import PROJECT

HERE = Path(__file__).parent
RUNTIME = PROJECT / ".runtime"
HEAP = "768m"
JOB = "landing"
POLL_SECONDS = 0.5
BROKER_SECONDS_MAX = 30
_KEY = re.compile(r"/landing/hour=(\d{4}-\d\d-\d\d)-(\d\d)/part-[^/]+$")


class FlinkSql:
    """Flink SQL on one machine, one JVM and an idle driver: the same Flink as ours."""

    name = "flink-sql"
    codecs = frozenset({"plain"})
    versions: ClassVar[dict[str, str]] = {"flink": "2.3.0", "flink-connector-kafka": "5.0.0-2.2"}

    def install(self, folder: Path) -> None:
        """Build a Flink home of the installed wheel and of the connectors that set-up fetched."""
        connectors = [jar for jar in sorted((RUNTIME / "flink-lib").glob("*.jar")) if "slf4j" not in jar.name]
        assemble(
            folder / "flink",
            lib_jars=connectors[1:],
            s3_jars=[*(RUNTIME / "flink-s3").glob("*.jar")],
            landing_jar=connectors[0],  # the product's operator stays out
        )

    def run(self, task: Task) -> None:
        """Land everything up to the end offsets, from the newest checkpoint in the bucket if there is one.

        A first run has a bounded source. In an earlier trial a restored bounded source did not end, so a job that
        continues has an unbounded source and is drained once its group has committed every record.
        """
        home = (task.install_dir / "flink").absolute()
        folder = task.work_dir.absolute()
        write_configuration(task, folder / "conf")
        store = Store.of_task(task)
        restore = newest_checkpoint(task, store.objects(task.bucket, f"{task.prefix}checkpoints/"))
        environment = task_environment(task) | {
            "PEER_BOUNDED_MODE": "unbounded" if restore else "latest-offset",
            "FLINK_HOME": str(home),
            "FLINK_CONF_DIR": str(folder / "conf"),
            "FLINK_LOG_DIR": str(folder),
            "FLINK_PLUGINS_DIR": str(home / "plugins"),
            "JVM_ARGS": f"-Xmx{HEAP}",
            "MALLOC_ARENA_MAX": "2",
        }
        flink = [str(home / "bin" / "flink"), "run", "-t", "local", *(["-s", restore] if restore else [])]
        command = [*flink, "-pyclientexec", sys.executable, "-py", str(HERE / "flink_sql_job.py")]
        log = folder / "flink.out"
        if restore:
            run_program(command, environment, log, lambda process: drain_when_read(task, process))
        else:
            run_program(command, environment, log)

    def hour_of(self, key: str) -> str | None:
        """Read the hour out of `hour=2025-08-01-03`."""
        found = _KEY.search(key)
        return f"{found[1]}T{found[2]}" if found else None

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return all files, without checkpoints: a file is listed only after a checkpoint has finished it."""
        del task
        return [key for key in keys if self.hour_of(key)]


def drain_when_read(task: Task, process: subprocess.Popen[bytes]) -> None:
    """Wait until the job runs and its group has committed every record, then stop it with a drain."""
    rest = FlinkRest(f"http://127.0.0.1:{rest_port()}")
    consumer = Consumer({"bootstrap.servers": task.bootstrap_servers, "group.id": group(task)})
    while process.poll() is None:
        if (job_id := running_job(rest)) and all_committed(task, consumer):
            rest.stop(job_id, f"s3://{task.bucket}/{task.prefix}checkpoints", drain=True)
            break
        time.sleep(POLL_SECONDS)
    consumer.close()


def running_job(rest: FlinkRest) -> str | None:
    """Find the job once all of its tasks run."""
    try:
        job = rest.find_job(JOB)
    except UnreachableError:
        return None
    return job.job_id if job and job.tasks_running else None


def all_committed(task: Task, consumer: Consumer) -> bool:
    """Compare the group's committed offsets with the ends of the partitions."""
    places = [TopicPartition(task.topic, partition) for partition in range(task.partitions)]
    committed = consumer.committed(places, BROKER_SECONDS_MAX)
    return all(place.offset >= consumer.get_watermark_offsets(place, BROKER_SECONDS_MAX)[1] for place in committed)


def rest_port() -> int:
    """Return the benchmark's port for Flink."""
    return BenchmarkSettings().flink_port


def write_configuration(task: Task, folder: Path) -> None:
    """Write Flink's configuration, readable by its owner only, because it holds the bucket's secret."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.yaml"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in settings(task).items()))
    (folder / "log4j-cli.properties").write_text(logging_config(LogFormat.TEXT))


def settings(task: Task) -> dict[str, str | int | bool]:
    """Return Flink's settings: those of the product where a setting applies to both."""
    options = java_options(wheel_java_options((wheel_home() / "conf" / "config.yaml").read_text()))
    return {
        "env.java.opts.all": " ".join(options),
        "env.log.dir": str(task.work_dir.absolute()),
        "io.tmp.dirs": str(task.work_dir.absolute() / "tmp"),
        "rest.address": "127.0.0.1",
        "rest.bind-address": "127.0.0.1",
        "rest.port": rest_port(),
        "rest.bind-port": str(rest_port()),
        "parallelism.default": 1,
        "taskmanager.numberOfTaskSlots": 1,
        "taskmanager.memory.network.min": "8mb",
        "taskmanager.memory.network.max": "8mb",
        "taskmanager.memory.managed.size": "0",
        "pipeline.name": JOB,
        "pipeline.object-reuse": True,
        "table.local-time-zone": "UTC",
        "execution.checkpointing.interval": f"{task.roll_seconds} s",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.dir": f"s3://{task.bucket}/{task.prefix}checkpoints",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "restart-strategy.type": "none",
        "s3.directory.marker.retention": "keep",
        "s3.endpoint": task.s3_endpoint,
        "s3.endpoint.region": task.s3_region,
        "s3.path.style.access": "true",
        "s3.access-key": task.s3_access_key_id,
        "s3.secret-key": task.s3_secret_access_key,
    }


def newest_checkpoint(task: Task, found: Iterable[Listed]) -> str | None:
    """Return the path of the newest complete checkpoint, as Flink expects it."""
    points = complete_points(StoredObject(listed.key, listed.modified) for listed in found)
    newest = max(points, key=lambda point: (point.modified, len(point.key), point.key), default=None)
    return f"s3://{task.bucket}/{newest.key.removesuffix('/_metadata')}" if newest else None


PEER = FlinkSql()
