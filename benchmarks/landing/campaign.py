"""Run many measurements one after the other, in rotated order; each is checked and noted before the next begins."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.landing.counting.journal import append, circumstances, commit, read_measurements
from benchmarks.landing.measurement import Order
from benchmarks.landing.peer import Peer, Task
from benchmarks.landing.registry import peer_named
from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.check import Reader, Verdict
from benchmarks.landing.workload.corpus import Corpus
from benchmarks.landing.workload.requests import RequestLog
from benchmarks.landing.workload.servers import access_log, server_versions
from benchmarks.landing.workload.store import Listed, Store
from benchmarks.landing.workload.topic import Filled, filled
from infra.local.settings import PROJECT

Report = Callable[[str], None]
STREAM = "events"


class MeasurementFailed(Exception):
    """The harness itself failed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing to measure; a batch measures each cell once."""

    peer: str
    codec: str
    records: int
    run: int
    killed: bool = False
    parallelism: int = 1


@dataclass(frozen=True, slots=True)
class Campaign:
    """What to measure.

    Args:
        batch: a name; cells that it already holds are not measured again.
        peers: their names.
        codecs: a peer skips those that it cannot write.
        sizes: records of a topic, ascending; the slope lies between the first and the last.
        slow_sizes: sizes for the peers named in `slow`.
        runs: how often.
        killed: measure each peer and codec only once, at its largest size, with a kill half-way.
    """

    batch: str
    peers: tuple[str, ...]
    codecs: tuple[str, ...]
    sizes: tuple[int, ...]
    runs: int
    killed: bool = False
    slow: tuple[str, ...] = ()
    slow_sizes: tuple[int, ...] = ()

    def sizes_of(self, peer: str) -> tuple[int, ...]:
        """Return the sizes of one peer."""
        return self.slow_sizes if peer in self.slow else self.sizes

    def cells(self) -> Iterator[Cell]:
        """List the cells in the order of measuring; each run begins with another peer."""
        if self.killed:
            for codec in self.codecs:
                yield from (Cell(peer, codec, self.sizes_of(peer)[-1], 0, killed=True) for peer in self.peers)
            return
        for run in range(self.runs):
            for codec in self.codecs:
                for peer in rotated(self.peers, run):
                    yield from (Cell(peer, codec, size, run) for size in self.sizes_of(peer))


def rotated(names: tuple[str, ...], by: int) -> tuple[str, ...]:
    """Rotate the names, so that each turn begins with another one."""
    by %= len(names)
    return names[by:] + names[:by]


class Runner:
    """Carries out a campaign.

    Args:
        campaign: what to measure.
        settings: folders and ports; the servers run.
        report: called with a line for each step.
    """

    def __init__(self, campaign: Campaign, settings: BenchmarkSettings, report: Report) -> None:
        self._campaign = campaign
        self._settings = settings
        self._report = report
        self._store = Store.of(settings)
        self._commit = commit()

    def run(self) -> None:
        """Measure every cell that is not noted yet.

        1. The peer is installed and the topic filled, once.
        2. The topic is read into the page cache, so that the first measurement is not the slowest.
        3. A bucket is made, the peer is measured, and the checker reads the bucket.
        4. The measurement is noted, and the bucket deleted.
        """
        cells = list(self._campaign.cells())
        for number, cell in enumerate(cells, start=1):
            peer = peer_named(cell.peer)
            if cell.codec not in peer.codecs:
                continue
            noted = read_measurements(self._settings.measurements, self._campaign.batch)
            if any(cell_of(measurement) == cell for measurement in noted):
                continue
            self._report(f"[{number}/{len(cells)}] {describe(cell)}")
            self._measure(cell, peer, _kill_after(cell, noted))

    def _measure(self, cell: Cell, peer: Peer, kill_after_seconds: float | None) -> None:
        peer.install(self._install_dir(cell))
        corpus = Corpus(cell.records, self._settings.seed)
        topic = filled(corpus, self._settings, self._report)
        self._warm(topic.topic)
        task = self._task(cell, topic)
        self._store.create(task.bucket)
        requests = RequestLog(access_log(self._settings))
        order = Order(
            cell.peer,
            task,
            kill_after_seconds,
            self._settings.measurement_seconds_max,
            task.work_dir / "outcome.json",
            cell.parallelism,
        )
        outcome = carried_out(order)
        counts = requests.counts()
        objects, verdict = checked(self._store, peer, task, corpus, topic)
        self._note(
            {
                **asdict(cell),
                **outcome["usage"],
                **asdict(verdict),
                "value_bytes": topic.value_bytes,
                "zlib_ratio": topic.zlib_ratio,
                "objects": len(objects),
                "stored_bytes": sum(listed.size for listed in objects),
                "s3_requests": counts,
                "kill_after_seconds": kill_after_seconds,
                "was_killed": outcome["killed"],
                "failure": outcome["failure"],
            }
        )
        clear(self._store, task)

    def _task(self, cell: Cell, topic: Filled) -> Task:
        name = f"{cell.peer}-{cell.codec}-{cell.records}-{cell.run}{'-killed' if cell.killed else ''}"
        return replace(
            empty_task(name, self._settings),
            topic=topic.topic,
            records=cell.records,
            codec=cell.codec,
            install_dir=self._install_dir(cell),
        )

    def _install_dir(self, cell: Cell) -> Path:
        return self._settings.folder.absolute() / "peers" / cell.peer

    def _warm(self, topic: str) -> None:
        for segment in (self._settings.folder / "kafka" / "data").glob(f"{topic}-*/*.log"):
            with segment.open("rb") as log:
                while log.read(2**24):
                    pass

    def _note(self, measurement: dict[str, Any]) -> None:
        versions = {**server_versions(self._settings), **peer_named(measurement["peer"]).versions}
        note = {"batch": self._campaign.batch, **circumstances(self._commit), "versions": versions, **measurement}
        append(self._settings.measurements, note)
        self._report(f"    {summary_line(measurement)}")


def checked(store: Store, peer: Peer, task: Task, corpus: Corpus, topic: Filled) -> tuple[list[Listed], Verdict]:
    """Read everything that a peer has landed; return its objects and the verdict on them."""
    listed = {found.key: found for found in store.objects(task.bucket, task.prefix)}
    visible = [listed[key] for key in peer.visible_objects(task, sorted(listed))]
    reader = Reader(corpus, topic.ends)
    for found in visible:
        reader.read_object(found.key, peer.hour_of(found.key), store.open(task.bucket, found.key))
    return visible, reader.verdict()


def clear(store: Store, task: Task) -> None:
    """Delete what a measurement leaves: its bucket and its folder."""
    store.delete(task.bucket)
    shutil.rmtree(task.work_dir, ignore_errors=True)


def empty_task(name: str, settings: BenchmarkSettings) -> Task:
    """Make a task with its own bucket, folder and topic; only the folder exists yet."""
    local = settings.local
    bucket = f"bench-{name}-{datetime.now(UTC):%H%M%S}"
    work_dir = settings.folder.absolute() / "work" / bucket
    work_dir.mkdir(parents=True)
    return Task(
        bootstrap_servers=settings.bootstrap_servers,
        topic=bucket,
        partitions=settings.partitions,
        records=0,
        codec="zstd-1",
        bucket=bucket,
        prefix=f"{STREAM}/",
        s3_endpoint=settings.s3_endpoint,
        s3_region=local.s3_region,
        s3_access_key_id=local.s3_access_key_id,
        s3_secret_access_key=local.s3_secret_access_key.get_secret_value(),
        work_dir=work_dir,
        install_dir=work_dir,
        roll_seconds=settings.roll_seconds,
    )


def carried_out(order: Order) -> dict[str, Any]:
    """Measure in a separate process and return its outcome."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.landing.measurement"],
        input=order.to_json(),
        text=True,
        cwd=PROJECT,
        check=False,
    )
    if done.returncode:
        raise MeasurementFailed(
            f"the measurement of {order.peer} broke off, see above; its files: {order.task.work_dir}"
        )
    outcome: dict[str, Any] = json.loads(order.outcome.read_text())
    return outcome


def _kill_after(cell: Cell, noted: list[dict[str, Any]]) -> float | None:
    """Return half of the time that the same cell takes without a fault."""
    if not cell.killed:
        return None
    same = [
        measurement["wall_seconds"]
        for measurement in noted
        if not measurement["killed"]
        and all(measurement[name] == getattr(cell, name) for name in ("peer", "codec", "records", "parallelism"))
    ]
    if not same:
        raise MeasurementFailed(f"{describe(cell)}: measure it without a fault first, to know when half is over")
    return float(median(same)) / 2


def cell_of(measurement: dict[str, Any]) -> Cell:
    """Return the cell that was measured."""
    return Cell(**{name: measurement[name] for name in Cell.__slots__})


def describe(cell: Cell) -> str:
    """Describe a cell for a progress line."""
    fault = ", killed half-way" if cell.killed else ""
    wide = f", parallelism {cell.parallelism}" if cell.parallelism > 1 else ""
    return f"{cell.peer} {cell.codec} {cell.records:,} records, run {cell.run + 1}{wide}{fault}"


def summary_line(measurement: dict[str, Any]) -> str:
    """Summarize a measurement in one line."""
    gigabytes = measurement["value_bytes"] / 1e9
    errors = ", ".join(
        f"{measurement[name]:,} {name.replace('_', ' ')}"
        for name in ("missing", "duplicate", "wrong_hour", "unparsable", "changed")
        if measurement[name]
    )
    return (
        f"{measurement['cpu_seconds']:.1f} CPU-s ({measurement['cpu_seconds'] / gigabytes:.1f} per GB), "
        f"{measurement['wall_seconds']:.1f} s, {measurement['rss_mb']:.0f} MB, {measurement['objects']} objects, "
        f"{errors or 'no errors'}{', FAILED: ' + measurement['failure'] if measurement['failure'] else ''}"
    )
