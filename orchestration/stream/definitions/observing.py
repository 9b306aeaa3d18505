"""Observe the topics, the landing job and the objects of a stream, which Dagster does not run.

An observation is made at every tick, also while no hour completes and while a system is away: then it names the error,
and when the system was seen last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

import dagster as dg
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.clock import Clock
from flink_jobs.contracts.layout import DATA_KINDS, Hour, Kind, StreamLayout, record_moment
from flink_jobs.errors import LandingJobError
from flink_jobs.flink.rest import CheckpointSummary, Job, JobState, Numbers
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.errors import LandingError
from orchestration.proven.history import DATA_VERSION_TAG
from orchestration.stream.definitions.assets import bound_stream
from orchestration.stream.document import StreamDocument

RECENT_HOURS = 2
"""Hours before now whose prefixes are listed for the newest object."""

_VERSION = "version"
"""The fact of a topic that becomes the data version of its observation. A job is a process: it has no version."""

Facts = dict[str, Any]


class TopicReader(Protocol):
    """What an observation reads of a broker; see `KafkaBroker`."""

    def offsets(self, topic: str) -> TopicOffsets:
        """Read the partitions of a topic and their offset ranges."""
        ...

    def latest(self, topic: str, partitions: list[int]) -> Mapping[int, TimestampedOffset | None]:
        """Find the record of each partition with the greatest timestamp; None for an empty partition."""
        ...


class JobReader(Protocol):
    """What an observation reads of Flink; see `FlinkRest`."""

    def find_job(self, name: str) -> Job | None:
        """Find the newest job of that name."""
        ...

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Return the newest checkpoint and the counts."""
        ...

    def numbers(self, job_id: str) -> Numbers | None:
        """Return the sums of the job's counters."""
        ...

    def restarts(self, job_id: str) -> int:
        """Count the restarts."""
        ...


@dataclass(frozen=True)
class Observed:
    """The systems that are asked, with short timeouts."""

    broker: TopicReader
    job: JobReader
    bucket: Bucket
    clock: Clock


class LastSeen(BaseModel):
    """The cursor of the observing sensor: when each asset was seen last, and its data version then."""

    model_config = ConfigDict(frozen=True)

    seen: dict[str, AwareDatetime] = {}
    versions: dict[str, str] = {}


def read_last_seen(text: str | None) -> LastSeen:
    """Read the cursor; a damaged one is like none, because it holds no progress."""
    try:
        return LastSeen.model_validate_json(text) if text else LastSeen()
    except ValidationError:
        return LastSeen()


def observing_sensor(document: StreamDocument) -> dg.SensorDefinition:
    """Build the sensor that observes topics, landing job and objects, and requests no run."""

    @dg.sensor(
        name=document.keys.named("observe_stream"),
        minimum_interval_seconds=document.observe_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={document.resource_key},
        description="Observe topics, landing job and landed objects, also while no hour completes.",
    )
    def observe_stream(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        observed = bound_stream(context.resources, document).observed
        observations, seen = observe(document, observed, read_last_seen(context.cursor))
        away = [found.asset_key.to_user_string() for found in observations if "away" in found.metadata]
        return dg.SensorResult(
            skip_reason=f"away: {', '.join(away)}" if away else "observed; this sensor requests no run",
            cursor=seen.model_dump_json(),
            asset_events=observations,
        )

    return observe_stream


def observe(
    document: StreamDocument, observed: Observed, last_seen: LastSeen
) -> tuple[list[dg.AssetObservation], LastSeen]:
    """Ask every system once; return one observation per external asset, and when each was seen."""
    keys = document.keys
    questions: dict[dg.AssetKey, Callable[[], Facts]] = {
        **{keys.topic(topic): _asking_topic(document, observed, topic) for topic in document.topics},
        keys.writer: lambda: job_facts(observed.job, document.job_name, observed.clock.utc_now()),
        keys.landed_objects: lambda: object_facts(observed.bucket, document.layout, observed.clock.utc_now()),
    }
    seen, versions = dict(last_seen.seen), dict(last_seen.versions)
    observations = []
    for key, ask in questions.items():
        name = key.to_user_string()
        facts = _answered(ask)
        if "away" not in facts:
            seen[name] = observed.clock.utc_now()
        if (version := facts.pop(_VERSION, None)) is not None:
            versions[name] = version
        at = seen.get(name)
        observations.append(
            dg.AssetObservation(
                key,
                metadata={**facts, "last_seen": at.isoformat() if at else "never"},
                # an observation without a version would be another version than the one before
                tags={DATA_VERSION_TAG: versions[name]} if name in versions else None,
            )
        )
    return observations, LastSeen(seen=seen, versions=versions)


def _asking_topic(document: StreamDocument, observed: Observed, topic: str) -> Callable[[], Facts]:
    return lambda: topic_facts(observed.broker, topic, document)


def _answered(ask: Callable[[], Facts]) -> Facts:
    try:
        return ask()
    except (LandingError, LandingJobError) as exc:
        return {"away": str(exc)}


def topic_facts(broker: TopicReader, topic: str, document: StreamDocument) -> Facts:
    """Return end offset and last record time of each partition, and the version of the topic."""
    offsets = broker.offsets(topic)
    partitions = sorted(offsets.partitions)
    latest = broker.latest(topic, partitions)
    facts: Facts = {
        _VERSION: version_of_topic(offsets),
        "end_offsets": {str(p): offsets.partitions[p].end for p in partitions},
        "last_record_times": {str(p): _time(latest.get(p)) for p in partitions},
        "records": sum(offsets.partitions[p].end - offsets.partitions[p].low for p in partitions),
        "record_time": offsets.record_time.value,
    }
    if offsets.record_time is not document.record_time:
        facts["finding"] = (
            f"the topic has {offsets.record_time}, the document of the stream says {document.record_time}: change "
            "message.timestamp.type of the topic, or record_time"
        )
    return facts


def version_of_topic(offsets: TopicOffsets) -> str:
    """Return what is in a topic as a hash: its ids and its ends. Time and retention change nothing of it."""
    ends = ",".join(f"{partition}:{marks.end}" for partition, marks in sorted(offsets.partitions.items()))
    return sha256(f"{offsets.cluster_id}\t{offsets.topic_id}\t{ends}".encode()).hexdigest()


def job_facts(flink: JobReader, name: str, now: datetime) -> Facts:
    """Return state, lag, age of the newest checkpoint and restarts of the landing job."""
    job = flink.find_job(name)
    if job is None:
        return {"state": "absent", "finding": f"Flink runs no job {name}: `hourglass job start`"}
    checkpoints, numbers = flink.checkpoints(job.job_id), flink.numbers(job.job_id)
    newest = checkpoints.newest_milliseconds
    age = now - record_moment(newest) if newest is not None else None
    state = job.state if job.tasks_running or job.state is not JobState.RUNNING else JobState.INITIALIZING
    return {
        "state": state.value,
        "job_id": job.job_id,
        "checkpoint_age_seconds": round(age.total_seconds(), 1) if age is not None else "no checkpoint yet",
        "checkpoints_failed": checkpoints.failed,
        "restarts": flink.restarts(job.job_id),
        "lag": numbers.lag if numbers else "not reported yet",
    }


def object_facts(bucket: Bucket, layout: StreamLayout, now: datetime) -> Facts:
    """Return the newest object below the prefixes of the recent hours."""
    recent = [Hour.containing(now - timedelta(hours=back)) for back in range(RECENT_HOURS + 1)]
    prefixes = [layout.hour_prefix(kind, hour) for hour in recent for kind in (*DATA_KINDS, Kind.LEDGER)]
    found = [listed for prefix in prefixes for listed in bucket.list(prefix)]
    if not found:
        return {
            "newest_object": "none",
            "finding": f"no object of the last {RECENT_HOURS} hours below {layout.stream}/",
        }
    newest = _newest(found)
    facts: Facts = {"newest_object": newest.key, "newest_bytes": newest.bytes, "objects_recent": len(found)}
    if newest.modified is not None:
        facts["newest_at"] = newest.modified.isoformat()
        facts["newest_age_seconds"] = round((now - newest.modified).total_seconds(), 1)
    return facts


def _newest(found: Sequence[ListedObject]) -> ListedObject:
    return max(found, key=lambda listed: (listed.modified.timestamp() if listed.modified else 0, listed.key))


def _time(record: TimestampedOffset | None) -> str | None:
    return record.timestamp.isoformat() if record else None
