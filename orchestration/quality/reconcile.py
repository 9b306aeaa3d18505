"""Find what changed after hours were published: their objects, the registered files, and the rows of the table.

Bodies of objects are not read: keys are listed from the first hour on, one seal an hour is fetched, and Snowflake gets
two statements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from flink_jobs.contracts.layout import DATA_KINDS, Hour, SealKey
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.clients.snowflake import ExternalTable, by_hour
from orchestration.landing.errors import SealUnreadableError
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import Seal, newest_seal_keys, read_seal, read_seals
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.listing import list_objects

RESTORE = "restore its former version from the versions of the bucket"
RUN_AGAIN = "run the hour's partition of the stream's job: it registers the sealed objects again"
REFRESH = "refresh the external table by the hour's partition of the stream's job, then hourglass hours verify"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is no longer as it was published.

    Args:
        kind: what happened, such as `deleted_object`.
        hour: that was published.
        key: of the object, of the file or of the seal.
        detail: what was published, and what is there now.
        repair: what brings it back.
    """

    kind: str
    hour: str
    key: str
    detail: str
    repair: str

    def sentence(self) -> str:
        """Return one line."""
        return f"{self.hour}: {self.kind} {self.key}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The changes, and how many hours, objects and files were compared."""

    changes: tuple[Change, ...]
    hours: int
    objects: int
    files: int


def reconcile(stream: Stream, table: ExternalTable, days: int) -> Reconciled:
    """Compare the published hours of the last days with bucket and table.

    1. Read the publications and the newest seals. An hour whose newest seal is not published is left to its run.
    2. Ask Snowflake for the registered files and for the rows per file.
    3. List the objects.
    4. Read the keys of the newest seals again: an hour that got a revision meanwhile is left to its run.

    Raises:
        LandingError: the bucket is away or refuses.
        SnowflakeError: Snowflake is away or refuses.
    """
    first = max(stream.first_hour, Hour.containing(stream.clock.utc_now()).plus(-24 * days))
    published = {hour: key for hour, key in published_revisions(stream.bucket, stream.layout).items() if hour >= first}
    keys = newest_seal_keys(stream.bucket, stream.layout)
    hours = {hour for hour, key in published.items() if hour not in keys or keys[hour].revision == key.revision}
    seals, changes = _seals(stream, {hour: keys[hour] for hour in hours if hour in keys})
    changes += [_seal_is_gone(stream, hour, published[hour].revision) for hour in hours if hour not in keys]
    registered = by_hour(table.registered(), stream.layout, seals)
    queryable = by_hour(table.queryable(seals), stream.layout, seals)
    listed = _listed(stream, seals)
    for hour, seal in seals.items():
        files = registered.get(hour, {})
        changes += _changed_objects(seal, listed.get(hour, {}))
        changes += _changed_files(seal, files)
        changes += _changed_rows(seal, queryable.get(hour, {}), files)
    now = newest_seal_keys(stream.bucket, stream.layout)
    moved = {hour.label for hour in seals if hour in now and now[hour].revision != keys[hour].revision}
    kept = sorted((one for one in changes if one.hour not in moved), key=lambda one: (one.hour, one.kind, one.key))
    return Reconciled(
        changes=tuple(kept),
        hours=len(hours) - len(moved),
        objects=sum(len(seal.objects) for seal in seals.values()),
        files=sum(len(registered.get(hour, {})) for hour in seals),
    )


def _seals(stream: Stream, keys: Mapping[Hour, SealKey]) -> tuple[dict[Hour, Seal], list[Change]]:
    """Read the seals; one that is damaged is a change and no failure."""
    try:
        return read_seals(stream.bucket, keys), []
    except SealUnreadableError:
        pass
    seals: dict[Hour, Seal] = {}
    changes = []
    for hour, key in keys.items():
        try:
            seals[hour] = read_seal(stream.bucket, key.key)
        except SealUnreadableError as exc:
            changes.append(Change("damaged_seal", hour.label, key.key, str(exc), RESTORE))
    return seals, changes


def _seal_is_gone(stream: Stream, hour: Hour, revision: int) -> Change:
    key = stream.layout.seal_key(hour, revision)
    return Change("deleted_seal", hour.label, key, f"revision {revision} is published and has no seal", RESTORE)


def _listed(stream: Stream, hours: Collection[Hour]) -> dict[Hour, dict[str, ListedObject]]:
    listed: dict[Hour, dict[str, ListedObject]] = {}
    for kind in DATA_KINDS:
        for hour, its in list_objects(stream.bucket, stream.layout, kind, hours).items():
            listed.setdefault(hour, {}).update(its.objects)
    return listed


def _changed_objects(seal: Seal, listed: Mapping[str, ListedObject]) -> Iterator[Change]:
    hour = seal.hour.label
    for item in seal.objects:
        found = listed.get(item.key)
        if found is None:
            yield Change("deleted_object", hour, item.key, f"{item.records} records are gone", RESTORE)
        elif (found.bytes, found.etag) != (item.bytes, item.etag):
            detail = f"sealed {item.bytes} bytes, ETag {item.etag}; now {found.bytes} bytes, ETag {found.etag}"
            yield Change("changed_object", hour, item.key, detail, RESTORE)


def _changed_files(seal: Seal, files: Mapping[str, int]) -> Iterator[Change]:
    hour, sealed = seal.hour.label, seal.landing()
    for key in sorted(sealed.keys() | files.keys()):
        if key not in files:
            yield Change("unregistered_file", hour, key, "the external table has not registered it any more", RUN_AGAIN)
        elif key not in sealed:
            yield Change("foreign_file", hour, key, "it is registered and no seal names it", REFRESH)
        elif files[key] != sealed[key].bytes:
            detail = f"sealed {sealed[key].bytes} bytes, registered again with {files[key]}"
            yield Change("registered_again", hour, key, detail, f"{RESTORE}, then {RUN_AGAIN}")


def _changed_rows(seal: Seal, rows: Mapping[str, int], files: Iterable[str]) -> Iterator[Change]:
    """Compare the rows of the sealed files that are registered; the others are found by their registration."""
    registered = set(files)
    for key, item in seal.landing().items():
        found = rows.get(key, 0)
        if key in registered and found != item.records:
            detail = f"sealed {item.records} rows, {found} are queryable"
            yield Change("changed_rows", seal.hour.label, key, detail, f"{RESTORE}, then {RUN_AGAIN}")
