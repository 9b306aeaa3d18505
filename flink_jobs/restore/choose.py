"""Where a start of the landing job continues: the one state of its bucket after which nothing has landed yet."""

from __future__ import annotations

from collections.abc import Iterable

from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.flink.restore_failure import unrestorable
from flink_jobs.restore.metadata import damage, in_words_of_s3
from flink_jobs.restore.orphaned_uploads import state_objects
from flink_jobs.restore.points import restore_points
from flink_jobs.s3.objects import Objects, StoredObject
from flink_jobs.settings import LandingSettings


def newest_state(settings: LandingSettings, bucket: Objects, savepoint: str | None = None) -> str | None:
    """Choose the restore point: the newest one, and a given one only when none is newer; None where nothing landed yet.

    Landed objects are never taken back, so a job that continues from an older point lands what followed it twice. For
    the same reason a newest point that is damaged is no reason to take the one before it.

    Raises:
        RestoreRefusedError: the given one is not the newest, the newest cannot be read, or there is none although data
            has landed.
    """
    given = in_words_of_s3(savepoint.rstrip("/")) if savepoint else None
    if given:
        _require_own_savepoint(settings, given)
    states = state_objects(settings, bucket)
    points = restore_points(states)
    newest = settings.url(points[-1].key) if points else None
    if path := given or newest:
        _require_sound(settings, bucket, path, states)
    if given and given != newest:
        raise RestoreRefusedError(
            f"{given} is older than {newest}: what landed after it would land again; start without a savepoint"
        )
    if newest:
        return newest
    ledger = settings.layout.prefix(Kind.LEDGER)
    if next(iter(bucket.objects(ledger)), None):
        raise RestoreRefusedError(
            f"s3://{settings.bucket}/{ledger} has entries, but there is no checkpoint below "
            f"{settings.url(settings.checkpoint_prefix)}: put the newest checkpoint back, or start with "
            "--from-offsets and look at the ledger for gaps and overlaps afterwards"
        )
    return None


def _require_own_savepoint(settings: LandingSettings, given: str) -> None:
    """Refuse what lies elsewhere: another stream's state would move this one to offsets of other topics."""
    places = [settings.url(prefix) for prefix in (settings.savepoint_prefix, settings.checkpoint_prefix)]
    if not any(given.startswith(f"{place}/") for place in places):
        raise RestoreRefusedError(
            f"{given} is no savepoint of the stream {settings.stream}: those lie below {' and '.join(places)}"
        )


def _require_sound(settings: LandingSettings, bucket: Objects, path: str, states: Iterable[StoredObject]) -> None:
    """Refuse a restore point that Flink could not read, or that was made for other topics."""
    key = path.removeprefix(settings.url("") + "/")
    metadata = bucket.read(f"{key}/_metadata")
    problem = damage(path, metadata, {settings.url(one.key): one.bytes for one in states})
    if problem:
        raise RestoreRefusedError(unrestorable(path, problem))
    if metadata and not any(topic.encode() in metadata for topic in settings.topics):
        raise RestoreRefusedError(
            f"{path} was made by a job that reads other topics than {settings.topic}: set HOURGLASS_TOPIC, or start "
            "another stream in HOURGLASS_STREAM"
        )
