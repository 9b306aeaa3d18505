"""Wait until every full hour is published, and prove it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from infra.local import dagster_runs
from infra.local.produced import produced_per_hour
from infra.local.proof import ProofRow, proof_rows
from infra.local.settings import LocalSettings
from infra.local.streams import streams
from orchestration.landing.report.hours import published_hours
from orchestration.settings import StreamAccess
from orchestration.stream.binding import proven_stream
from orchestration.stream.document import StreamDocument

POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of every stream: rows of full hours and of the running hour.

    `agreed` is whether there are full hours and all of them agree; the running hour has nothing to agree with yet.
    """

    rows: list[ProofRow]
    agreed: bool


def wait_until_published(settings: LocalSettings, seconds_max: float, report: Callable[[str], None]) -> Proof:
    """Wait until every full hour of every stream is published, no run is left, all hops agree, and no stream is empty.

    After the limit, return the rows as they are. The hops are compared only when all hours are published,
    because the comparison is expensive.
    """
    deadline = time.monotonic() + seconds_max
    # a client of the bucket costs more than the listing: each stream keeps its own from one look to the next
    watched = [(entry.document, proven_stream(entry.document, StreamAccess())) for entry in streams()]
    reported = ""
    while True:
        full = {(one.name, hour) for one, _ in watched for hour in full_hours(settings, one)}
        published = full & {(one.name, hour) for one, stream in watched for hour in published_hours(stream)}
        late = time.monotonic() > deadline
        line = f"{len(published)} of {len(full)} hours published"
        if line != reported:
            report(line)
            reported = line
        if late or (full and published == full and not dagster_runs.unfinished()):
            rows = proof_rows(settings)
            agreed = {(row.stream, Hour.from_label(row.hour)) for row in rows if row.agree} >= full
            shown = {row.stream for row in rows} == {one.name for one, _ in watched}
            if late or (agreed and shown):
                return Proof(rows, agreed=agreed and bool(full))
        time.sleep(POLL_SECONDS)


def full_hours(settings: LocalSettings, document: StreamDocument) -> set[Hour]:
    """Return the hours that are over and have records in the topics of a stream."""
    now = datetime.now(UTC)
    produced = produced_per_hour(StreamAccess(), document.topics, settings.counts_file)
    return {hour for hour in map(Hour.from_label, produced) if hour.end <= now}
