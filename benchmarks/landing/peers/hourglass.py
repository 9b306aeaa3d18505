"""The product as its users run it: started, watched through its ledger, and stopped with a savepoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr

from benchmarks.landing.peer import PeerFailed, Task
from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.hours import hour_in_path
from benchmarks.landing.workload.store import Store
from flink_jobs import deploy
from flink_jobs.errors import LandingJobError
from flink_jobs.settings import Codec, LandingSettings
from infra.local.settings import PROJECT

POLL_SECONDS = 0.5
CODECS = {"zstd-1": Codec.ZSTD, "gzip-1": Codec.GZIP, "plain": Codec.PLAIN}


class Hourglass:
    """Ours.

    Args:
        parallelism: subtasks of the job.
        by_counters: watch Flink's counters instead of the ledger to find the end.
    """

    name = "hourglass"
    codecs = frozenset(CODECS)

    def __init__(self, parallelism: int = 1, *, by_counters: bool = False) -> None:
        self._parallelism = parallelism
        self._by_counters = by_counters
        self.versions = {"apache-flink": version("apache-flink"), "hourglass": version("hourglass")}

    def install(self, folder: Path) -> None:
        """`make setup` has installed it."""

    def run(self, task: Task) -> None:
        """Start or continue the job, wait until the ledger holds every record, stop with a savepoint."""
        settings = landing_settings(task, self._parallelism)
        try:
            deploy.start(settings)
            counted = _counted(settings) if self._by_counters else LedgerCount(task).records
            _wait_for_records(settings, counted, task.records)
            deploy.stop(settings)
        except LandingJobError as exc:
            raise PeerFailed(str(exc)) from exc

    def hour_of(self, key: str) -> str | None:
        """Return the hour of an accepted object; rejected objects and the ledger do not count."""
        return hour_in_path(key) if "/landing/" in key else None

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return every accepted object; a listed object is final."""
        return [key for key in keys if key.startswith(f"{task.prefix}landing/")]


class LedgerCount:
    """Counts the landed records in the ledger; reads each object once.

    Args:
        task: its prefix is the stream.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._store = Store.at(task.s3_endpoint, task.s3_region, task.s3_access_key_id, task.s3_secret_access_key)
        self._read: set[str] = set()
        self._records = 0

    def records(self) -> int:
        """Read the new entries and return the sum."""
        task = self._task
        for listed in self._store.objects(task.bucket, f"{task.prefix}ledger/"):
            if listed.key not in self._read:
                self._read.add(listed.key)
                entries = self._store.read(task.bucket, listed.key).splitlines()
                self._records += sum(json.loads(entry)["records"] for entry in entries)
        return self._records


def landing_settings(task: Task, parallelism: int) -> LandingSettings:
    """Return the settings that users set in the environment; the rest are the product's defaults."""
    return LandingSettings(
        stream=task.prefix.rstrip("/"),
        topic=task.topic,
        kafka_bootstrap_servers=task.bootstrap_servers,
        bucket=task.bucket,
        s3_endpoint=task.s3_endpoint,
        s3_region=task.s3_region,
        s3_access_key_id=task.s3_access_key_id,
        s3_secret_access_key=SecretStr(task.s3_secret_access_key),
        checkpoint_seconds=task.roll_seconds,
        parallelism=parallelism,
        codec=CODECS[task.codec],
        codec_level=1,
        data_dir=task.work_dir,
        flink_home=PROJECT / ".runtime" / "flink",
        flink_rest=f"http://127.0.0.1:{BenchmarkSettings().flink_port}",
    )


def _counted(settings: LandingSettings) -> Callable[[], int]:
    def records() -> int:
        status = deploy.status(settings)
        return status.accepted + status.rejected

    return records


def _wait_for_records(settings: LandingSettings, landed: Callable[[], int], records: int) -> None:
    while landed() < records:
        if deploy.process_id(settings) is None:
            raise PeerFailed(f"the landing job ended before all was landed: see {settings.log_dir}")
        time.sleep(POLL_SECONDS)


PEER = Hourglass()
