"""Choose the restore point of a start: the newest one, and only where it is at least as new as the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flink_jobs.contracts.layout import Kind
from flink_jobs.contracts.ledger import TopicPartition, partition_name
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.flink.failures import unrestorable
from flink_jobs.restore.booked import Booked, read_newest, unbooked_objects
from flink_jobs.restore.metadata import s3_url
from flink_jobs.restore.points import Origin, RestorePoint, find_points, sound
from flink_jobs.restore.topics import Topics, require_same_topics
from flink_jobs.s3.objects import Objects
from flink_jobs.settings import LandingSettings

SHOWN_MAX = 8
"""Partitions and keys that one message lists."""
FROM_LEDGER = (
    "or start with `hourglass job start --from-ledger`: it continues after the ledger's last entry of each partition "
    "and lands nothing twice"
)


def choose_point(
    settings: LandingSettings,
    bucket: Objects,
    topics: Topics,
    given: str | None = None,
    resumed_job: str | None = None,
) -> RestorePoint | None:
    """Return the restore point to continue from; None where the stream has landed nothing yet.

    Landed objects are never taken back, so a job that continues from before its ledger lands records twice; and offsets
    of another topic count other records. Hence the topics must be those that have landed, and the point is

    1. the newest point by the records that it holds; a `given` one only where no other holds more;
    2. not one that has a later, damaged one of the same job: what that one held is unknown;
    3. in every partition its offset is at least what the ledger has booked;
    4. every visible object is booked, or the point itself completes it.

    The fourth looks at hours of record time from the earliest one of the ledger's newest entries on.

    A job that high availability resumes continues from its own newest checkpoint, which Flink restores whatever path
    is given. Newer points of that job are then no reason to refuse: a savepoint that did not end its job has committed
    nothing.

    Args:
        settings: of the job.
        bucket: of the stream.
        topics: as the broker has them now.
        given: path of a checkpoint or savepoint.
        resumed_job: id of the job that high availability resumes; see `points.has_checkpoint_of`.

    Raises:
        TopicChangedError: a topic is another one, or shorter than what has landed.
        RestoreRefusedError: one of the four does not hold; the message names partitions, offsets and repairs.
    """
    points = find_points(settings, bucket)
    booked = read_newest(settings, bucket, topics.identities)
    candidates = _candidates(settings, points, given, resumed_job)
    chosen = max(candidates, key=lambda point: _newness(point, booked), default=None)
    require_same_topics(settings, topics, booked, chosen)
    if chosen is None:
        _require_nothing_landed(settings, bucket, points, booked)
        return None
    _require_newest(settings, chosen, [point for point in sound(points) if not _is_of(point, resumed_job)])
    _require_no_later_damage(settings, chosen, points)
    if not chosen.topics & set(settings.topics):
        raise RestoreRefusedError(
            f"{settings.url(chosen.key)} was made by a job that reads other topics than {settings.topic}: set "
            "HOURGLASS_TOPIC, or start another stream in HOURGLASS_STREAM"
        )
    _require_as_new_as_ledger(settings, chosen, booked)
    _require_known(settings, bucket, chosen, booked)
    return chosen


def _candidates(
    settings: LandingSettings, points: Sequence[RestorePoint], given: str | None, resumed_job: str | None
) -> list[RestorePoint]:
    if resumed_job:
        return [point for point in sound(points) if point.origin is Origin.CHECKPOINT and _is_of(point, resumed_job)]
    return [_find(settings, points, given)] if given else sound(points)


def _is_of(point: RestorePoint, job: str | None) -> bool:
    return job is not None and point.is_of(job)


def _newness(point: RestorePoint, booked: Booked) -> tuple[int, bool, int, int]:
    """Order points; of two with the same records the one of the job that the ledger heard last."""
    records, number, origin = point.order
    return records, any(map(point.is_of, booked.jobs)), number, origin


def _find(settings: LandingSettings, points: Iterable[RestorePoint], given: str) -> RestorePoint:
    path = s3_url(given.rstrip("/"))
    places = [settings.url(prefix) for prefix in (settings.savepoint_prefix, settings.checkpoint_prefix)]
    if not any(path.startswith(f"{place}/") for place in places):
        raise RestoreRefusedError(
            f"{path} is no savepoint of the stream {settings.stream}: those lie below {' and '.join(places)}"
        )
    found = next((point for point in points if settings.url(point.key) == path), None)
    problem = found.problem if found else "its _metadata is gone"
    if found is None or problem:
        raise RestoreRefusedError(unrestorable(path, str(problem)))
    return found


def _require_nothing_landed(
    settings: LandingSettings, bucket: Objects, points: Sequence[RestorePoint], booked: Booked
) -> None:
    """Refuse to begin at the earliest offsets where something has landed."""
    if points:
        raise RestoreRefusedError(unrestorable(settings.url(points[-1].key), str(points[-1].problem)))
    landed = [] if booked.entries else unbooked_objects(settings, bucket, booked)
    if booked.entries or landed:
        what = f"books {_offsets(booked.next_offsets)}" if booked.entries else f"does not know {landed[0].key}"
        raise RestoreRefusedError(
            f"s3://{settings.bucket}/{settings.layout.prefix(Kind.LEDGER)} {what}, but there is no checkpoint below "
            f"{settings.url(settings.checkpoint_prefix)}: put the newest one back, {FROM_LEDGER}"
        )


def _require_newest(settings: LandingSettings, chosen: RestorePoint, points: Sequence[RestorePoint]) -> None:
    for newer in reversed(points):
        behind = _behind(chosen.positions, newer.positions)
        if behind:
            raise RestoreRefusedError(
                f"{settings.url(chosen.key)} is older than {settings.url(newer.key)}: {behind}. What landed after it "
                "would land again; start without a savepoint, which continues from the newest"
            )


def _require_no_later_damage(settings: LandingSettings, chosen: RestorePoint, points: Iterable[RestorePoint]) -> None:
    for damaged in points:
        same_job = damaged.is_of(chosen.job) or chosen.is_of(damaged.job)
        if damaged.problem and same_job and not 0 <= damaged.number < chosen.number:
            raise RestoreRefusedError(unrestorable(settings.url(damaged.key), str(damaged.problem)))


def _require_as_new_as_ledger(settings: LandingSettings, chosen: RestorePoint, booked: Booked) -> None:
    behind = _behind(chosen.positions, booked.next_offsets)
    if behind:
        writers = sorted({f"job {entry.job_id} checkpoint {entry.checkpoint}" for entry in booked.entries.values()})
        raise RestoreRefusedError(
            f"{settings.url(chosen.key)} is older than the ledger: {behind}. They would land twice. A newer checkpoint "
            f"is gone (last booked by {', '.join(writers)}): put it back below "
            f"{settings.url(settings.checkpoint_prefix)}, {FROM_LEDGER}"
        )


def _require_known(settings: LandingSettings, bucket: Objects, chosen: RestorePoint, booked: Booked) -> None:
    unbooked = unbooked_objects(settings, bucket, booked, min(booked.hours, default=None))
    unknown = [stored.key for stored in unbooked if stored.key.encode() not in chosen.state]
    if unknown:
        shown = ", ".join(unknown[:SHOWN_MAX])
        raise RestoreRefusedError(
            f"{len(unknown)} objects are visible that neither the ledger nor {settings.url(chosen.key)} knows: "
            f"{shown}. The checkpoint that made them is gone, and their records would land twice: put it back below "
            f"{settings.url(settings.checkpoint_prefix)}, {FROM_LEDGER}"
        )


def _behind(positions: Mapping[TopicPartition, int], booked: Mapping[TopicPartition, int]) -> str:
    """Describe the partitions in which positions lie before what is booked; empty where none does."""
    found = [
        f"{partition_name(at)} continues at {positions.get(at, 0)}, landed is up to {next_ - 1}"
        for at, next_ in sorted(booked.items())
        if positions.get(at, 0) < next_
    ]
    more = f" and {len(found) - SHOWN_MAX} partitions more" if len(found) > SHOWN_MAX else ""
    return "; ".join(found[:SHOWN_MAX]) + more


def _offsets(next_offsets: Mapping[TopicPartition, int]) -> str:
    shown = [f"{partition_name(at)} up to {next_ - 1}" for at, next_ in sorted(next_offsets.items())]
    return ", ".join(shown[:SHOWN_MAX]) + (" ..." if len(shown) > SHOWN_MAX else "")
