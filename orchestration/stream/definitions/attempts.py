"""Request again the hours that were requested and are not published: their run failed, was cancelled or is gone.

Publications in the bucket decide what is published, and Dagster's runs how often an hour was tried, so a lost cursor
changes nothing. An amended hour has other objects, and its count begins again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg

from flink_jobs.contracts.layout import Hour, PublicationKey
from orchestration.landing.proof.evidence import Request
from orchestration.landing.publication import published_revisions
from orchestration.landing.sensor.cursor import Cursor, RequestedRun
from orchestration.landing.sensor.run_tags import TAG_FAILED_HOURS, run_key, short, tag_of_hour
from orchestration.landing.sensor.tick import Tick
from orchestration.stream.binding import BoundStream
from orchestration.stream.document import StreamDocument

PAUSE = timedelta(minutes=5)
"""Time from the first request of an hour to the second one; each further pause is longer."""
GROWTH = 4
TAG_RUN_KEY = "dagster/run_key"


@dataclass(frozen=True, slots=True)
class Attempts:
    """The runs of an hour with the same objects; the retries of Dagster belong to the run that they retry.

    Args:
        runs: number of runs.
        failures: those that the hour itself ended, and those that name no hour.
    """

    runs: int = 0
    failures: int = 0

    def may_follow(self, attempts_max: int) -> bool:
        """Return whether the hour may be requested again: a first run, and then at most `attempts_max` ones."""
        return self.failures <= attempts_max

    def is_due(self, run: RequestedRun, now: datetime) -> bool:
        """Return whether the pause since the last request is over; an hour that is not to blame has none."""
        if self.runs and not self.failures:
            return True
        return run.requested_at is None or run.requested_at + PAUSE * GROWTH ** max(0, self.failures - 1) <= now


def attempts_of(instance: dg.DagsterInstance, document: StreamDocument, hour: Hour, fingerprint: str) -> Attempts:
    """Count the runs of an hour with these objects."""
    job = document.keys.named("publish_hour")
    tags = {tag_of_hour(hour): short(fingerprint)}
    runs = [run for run in instance.get_runs(dg.RunsFilter(job_name=job, tags=tags)) if run.parent_run_id is None]
    if not runs:
        # the runs of earlier releases have their key alone
        tags = {TAG_RUN_KEY: run_key(Request(hour, fingerprint))}
        runs = list(instance.get_runs(dg.RunsFilter(job_name=job, tags=tags)))
    return Attempts(len(runs), sum(_is_blamed(run, hour) for run in runs))


def with_unpublished_hours(
    tick: Tick, bound: BoundStream, instance: dg.DagsterInstance, in_progress: Iterable[Hour]
) -> Tick:
    """Return the tick without the requests of published hours, and with those of hours that were requested in vain.

    1. List the publications from the oldest hour in question on.
    2. Take out each request whose objects are published already: the cursor was lost.
    3. Add a request for each hour that was requested, is not published and has no unfinished run, after a pause.

    After `attempts_max` further runs an hour is not requested any more: it stays red, and a finding names it.
    """
    cursor, document, running = tick.cursor, bound.document, set(in_progress)
    asked = {request.hour for request in tick.requests}
    waiting = _waiting(cursor, asked | running)
    if not asked and not waiting:
        return tick
    published = published_revisions(bound.stream.bucket, bound.stream.layout, min({*asked, *waiting}))
    requested, findings = dict(cursor.requested), list(tick.findings)
    pairs: list[tuple[Request, str]] = []
    again = [(_request(cursor, hour), "failed") for hour in waiting]
    now = bound.stream.clock.utc_now()
    for request, reason in [*zip(tick.requests, tick.reasons, strict=True), *again]:
        run = requested[request.hour]
        if _is_published(published, request.hour, run):
            requested[request.hour] = run.model_copy(update={"published": True})
            continue
        if request.hour in running:
            continue  # an earlier tick requested it, and its cursor was lost
        found = attempts_of(instance, document, request.hour, run.fingerprint)
        if not found.may_follow(document.attempts_max):
            findings.append(
                f"{request.hour} is not published after {found.runs} runs and is not requested any more: look at its "
                "newest run in Dagster, then run its partition"
            )
        elif request.hour in asked or found.is_due(run, now):
            requested[request.hour] = run.model_copy(update={"requested_at": now})
            attempt = replace(request, attempt=found.runs + 1, alone=found.failures > 0)
            pairs.append((attempt, reason))
    pairs.sort(key=lambda pair: pair[0].hour)
    return replace(
        tick,
        cursor=cursor.model_copy(update={"requested": requested}),
        requests=tuple(request for request, _ in pairs),
        reasons=tuple(reason for _, reason in pairs),
        findings=tuple(findings),
    )


def _waiting(cursor: Cursor, left_out: set[Hour]) -> list[Hour]:
    """List the hours that were requested and are not known to be published, oldest first."""
    return sorted(
        hour
        for hour, run in cursor.requested.items()
        if not run.published and hour not in left_out and cursor.is_settled(hour)
    )


def _request(cursor: Cursor, hour: Hour) -> Request:
    totals = cursor.totals.hours.get(hour)
    since = totals.since if totals else None
    return Request(hour, cursor.requested[hour].fingerprint, since, dict(cursor.idle_ends))


def _is_published(published: Mapping[Hour, PublicationKey], hour: Hour, run: RequestedRun) -> bool:
    return hour in published and published[hour].records == run.records


def _is_blamed(run: dg.DagsterRun, hour: Hour) -> bool:
    named = run.tags.get(TAG_FAILED_HOURS)
    return named is None or hour.label in named.split(",")
