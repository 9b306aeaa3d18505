"""Read what the ledger has booked, from its newest entries back, and find objects that it does not know.

An entry lies in the directory of the hour in which it was emitted, by the clock of the job's machine. Entries of a
partition are emitted in the order of its offsets, so the newest directories show how far each partition is booked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from pydantic import ValidationError

from flink_jobs.contracts.layout import DATA_KINDS, Hour, Kind, ObjectKey, split_epoch
from flink_jobs.contracts.ledger import LedgerEntry, TopicIdentity, TopicPartition
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.s3.objects import Objects, StoredObject
from flink_jobs.settings import LandingSettings

READERS = 8
"""Objects of the ledger that are read at a time: an hour has 360 of them at a checkpoint every 10 s."""
HOURS_READ = 2
"""Directories of the ledger that a start reads: the newest one, and the one before it, because the clocks of two
machines differ by seconds and an hour may end between them."""


@dataclass(slots=True)
class Booked:
    """The sum of the entries that were read so far.

    Attributes:
        topics: of the stream.
        now: the identities that the broker has for them.
        hours: hours of record time that any of the entries has records of.
        epochs: the highest booked sequence number of each operator instance, by the keys of all objects listed.
        identities: every identity of each topic in the entries, the newest first, with its oldest directory.
    """

    topics: frozenset[str]
    now: Mapping[str, TopicIdentity]
    hours: set[Hour] = field(default_factory=set)
    epochs: dict[str, int] = field(default_factory=dict)
    identities: dict[str, dict[TopicIdentity, str]] = field(default_factory=lambda: defaultdict(dict))
    _last: dict[TopicIdentity | None, dict[TopicPartition, LedgerEntry]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    @property
    def entries(self) -> dict[TopicPartition, LedgerEntry]:
        """The last entry of each partition of the topics as they are now, by its offsets."""
        return {at: entry for topic in self.topics for at, entry in self._entries_of(topic, self.now.get(topic))}

    @property
    def next_offsets(self) -> dict[TopicPartition, int]:
        """The first offset of each partition that no entry books."""
        return {at: entry.last_offset + 1 for at, entry in self.entries.items()}

    @property
    def jobs(self) -> set[str]:
        """Ids of the jobs that wrote the last entries."""
        return {entry.job_id for entry in self.entries.values()}

    def next_offsets_of(self, topic: str, identity: TopicIdentity) -> dict[TopicPartition, int]:
        """Return the first offset that no entry books, of each partition of a topic with this identity."""
        return {at: entry.last_offset + 1 for at, entry in self._entries_of(topic, identity)}

    def lacks_ids(self, topic: str) -> bool:
        """Return whether entries of earlier releases are all that is known of a topic."""
        return not self.identities.get(topic) and any(at[0] == topic for at in self._last.get(None, {}))

    def add(self, entry: LedgerEntry, directory: str) -> None:
        """Take up an entry of a directory of the ledger."""
        at = entry.topic, entry.partition
        if entry.topic not in self.topics:
            return
        self.hours.update(map(Hour.from_label, entry.hours))
        if entry.identity:
            known = self.identities[entry.topic]
            known[entry.identity] = min(directory, known.get(entry.identity, directory))
        last = self._last[entry.identity]
        if at not in last or entry.last_offset > last[at].last_offset:
            last[at] = entry

    def _entries_of(self, topic: str, identity: TopicIdentity | None) -> Iterator[tuple[TopicPartition, LedgerEntry]]:
        """Yield the last entry of each partition of a topic; of all its identities where the broker has none."""
        wanted = self._last.keys() if identity is None else {identity, *self._without(topic, identity)}
        found: dict[TopicPartition, LedgerEntry] = {}
        for one in wanted:
            for at, entry in self._last.get(one, {}).items():
                if at[0] == topic and (at not in found or entry.last_offset > found[at].last_offset):
                    found[at] = entry
        yield from found.items()

    def _without(self, topic: str, identity: TopicIdentity) -> set[None]:
        """Return the key of entries without an identity where they belong to this one: the first of its topic."""
        known = self.identities.get(topic, {})
        others = [directory for one, directory in known.items() if one != identity]
        is_first = identity in known and all(known[identity] < directory for directory in others)
        return {None} if is_first or not known else set()

    def add_key(self, key: str) -> None:
        """Take the name of a ledger object up: it holds the epoch that its entries book."""
        instance, sequence = split_epoch(ObjectKey.parse(key).epoch)
        self.epochs[instance] = max(sequence, self.epochs.get(instance, sequence))

    def knows(self, key: str) -> bool:
        """Return whether the epoch of an object is booked; an instance books its epochs in their order."""
        instance, sequence = split_epoch(ObjectKey.parse(key).epoch)
        return sequence <= self.epochs.get(instance, 0)


def read_newest(settings: LandingSettings, bucket: Objects, now: Mapping[str, TopicIdentity]) -> Booked:
    """Read the newest directories of the ledger: enough to know whether a restore point is as new as the ledger."""
    booked = Booked(frozenset(settings.topics), now)
    for _ in islice(read_back(settings, bucket, booked), HOURS_READ):
        pass
    return booked


def read_back(settings: LandingSettings, bucket: Objects, booked: Booked) -> Iterator[str]:
    """Read the ledger's directories, the newest first, into `booked`; yields each one after it was read.

    Raises:
        RestoreRefusedError: an entry cannot be read.
    """
    with ThreadPoolExecutor(READERS) as readers:
        for directory in _directories_back(bucket, settings.layout.prefix(Kind.LEDGER)):
            keys = [stored.key for stored in bucket.objects(directory) if ObjectKey.try_parse(stored.key)]
            for key, body in zip(keys, readers.map(bucket.read, keys), strict=True):
                booked.add_key(key)
                for entry in _entries(settings, key, body or b""):
                    booked.add(entry, directory)
            yield directory


def unbooked_objects(
    settings: LandingSettings, bucket: Objects, booked: Booked, first_hour: Hour | None = None
) -> list[StoredObject]:
    """List landed and rejected objects whose epoch no ledger object books, in the order of their keys.

    Args:
        settings: of the job.
        bucket: of the stream.
        booked: as far as the ledger was read; the names of older ledger objects are listed where they are needed.
        first_hour: of record time; earlier directories are not listed.
    """
    found = [
        stored
        for kind in DATA_KINDS
        for stored in _objects_from(bucket, settings.layout.prefix(kind), first_hour)
        if ObjectKey.try_parse(stored.key) and not booked.knows(stored.key)
    ]
    unknown = {split_epoch(ObjectKey.parse(stored.key).epoch)[0] for stored in found} - booked.epochs.keys()
    for directory in _directories_back(bucket, settings.layout.prefix(Kind.LEDGER)):
        if not unknown:
            break
        for stored in bucket.objects(directory):
            if ObjectKey.try_parse(stored.key):
                booked.add_key(stored.key)
        unknown -= booked.epochs.keys()
    return [stored for stored in found if not booked.knows(stored.key)]


def _objects_from(bucket: Objects, prefix: str, hour: Hour | None) -> Iterator[StoredObject]:
    yield from bucket.objects(prefix, after=prefix + hour.path if hour else "")


def _directories_back(bucket: Objects, prefix: str, levels: int = 4) -> Iterator[str]:
    """Walk the directories of hours below a prefix, the newest first: years, months, days, hours."""
    for directory in sorted(bucket.directories(prefix), reverse=True):
        if levels == 1:
            yield directory
        else:
            yield from _directories_back(bucket, directory, levels - 1)


def _entries(settings: LandingSettings, key: str, body: bytes) -> Iterator[LedgerEntry]:
    try:
        for line in body.splitlines():
            yield LedgerEntry.model_validate_json(line)
    except ValidationError as exc:
        raise RestoreRefusedError(
            f"{settings.url(key)} holds an entry that cannot be read, so nobody knows how far the stream has landed: "
            "put the object back from a copy (`hourglass ledger check` lists all of them)"
        ) from exc
