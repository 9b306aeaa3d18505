"""Continue without a restore point: after the ledger's last entry of each partition.

What the ledger books is visible. An object may be visible although its entry is not, because the job was killed
between the two commits: it is found by listing, and becomes booked before anything is read again.

A topic that was created again is accepted here alone. Nothing of the former topic can be read any more, so a restore
point that is as new as the ledger is used for the last time: what its checkpoint had uploaded is completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from flink_jobs.audit.broker import BrokerReader
from flink_jobs.audit.objects.tally import ObjectTally, tally_object
from flink_jobs.contracts.clock import SystemClock
from flink_jobs.contracts.layout import DATA_KINDS, Hour, Kind, ObjectKey, split_epoch
from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition, partition_name
from flink_jobs.errors import RestoreRefusedError, TopicChangedError, TopicUnchangedError
from flink_jobs.restore.booked import Booked, read_back, unbooked_objects
from flink_jobs.restore.missing_entries import RECOVERED, BrokerView, missing_entries
from flink_jobs.restore.orphaned_uploads import stream_uploads
from flink_jobs.restore.points import RestorePoint, find_points, sound
from flink_jobs.restore.topics import Change, Topics, changes_of, require_same_topics, require_uncut
from flink_jobs.s3.objects import Objects, OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings
from producers.kafka import OffsetRange

REPORT_DIRECTORIES = 24
_CLOCK = SystemClock()


class LedgerRecovery:
    """Books what is visible, and finds where the ledger ends. Only the holder of the lease may do it.

    Args:
        settings: of the job.
        bucket: of the stream.
        broker: of its topics.
        report: gets a line for each thing that is done.
        now: gives the hour in whose directory new entries lie.
    """

    def __init__(
        self,
        settings: LandingSettings,
        bucket: Objects,
        broker: BrokerReader,
        report: Callable[[str], None],
        now: Callable[[], datetime] = _CLOCK.utc_now,
    ) -> None:
        self._settings = settings
        self._bucket = bucket
        self._broker = broker
        self._report = report
        self._now = now

    def next_offsets(self, topics: Topics, *, new_topic: bool = False) -> dict[TopicPartition, int]:
        """Return the offset at which each booked partition continues; others begin with their earliest record.

        1. The ledger is read back until each partition with a record has an entry.
        2. The topics must be those that have landed; with `new_topic` at least one is not. A topic that was created
           again has no offset to continue at, unless it has landed before; its former offsets stay booked.
        3. With `new_topic` the uploads that the newest restore point names are completed, if it is as new as the
           ledger.
        4. Where an object is visible that no entry books, the uploads of its epoch are completed, the ledger's last.
           Their checkpoint had completed, or nothing of the epoch would be visible.
        5. Where the ledger's upload is gone, the objects are read and booked by an entry of this start.
        6. The broker must still have what comes next.

        May be cut off and called again.

        Args:
            topics: as the broker has them now.
            new_topic: accept topics that were created again.

        Raises:
            TopicChangedError: a topic is not the one that has landed, or its log ends before what has landed.
            TopicUnchangedError: with `new_topic`, and each topic is the one that has landed.
            RestoreRefusedError: records are gone, or some between those of unbooked objects have not landed.
        """
        booked = self._read_ledger(topics)
        points = sound(find_points(self._settings, self._bucket))
        changes: list[Change] = []
        if new_topic:
            changes = self._accept(topics, booked, points)
            if points and self._complete_last(points[-1], booked, changes):
                booked = self._read_ledger(topics)
        else:
            require_same_topics(self._settings, topics, booked, None)
        if unbooked := unbooked_objects(self._settings, self._bucket, booked):
            self._complete_uploads(unbooked, booked)
            booked = self._read_ledger(topics)
            landed = _Landed.of(booked, topics, changes)
            self._book(unbooked_objects(self._settings, self._bucket, booked), booked, landed)
        if not self._settings.kafka_skip_deleted:
            _require_readable(booked.next_offsets, topics.ranges)
        self._report_windows(points, _Landed.of(booked, topics, changes))
        return booked.next_offsets

    def _accept(self, topics: Topics, booked: Booked, points: Sequence[RestorePoint]) -> list[Change]:
        """Return the topics that were created again."""
        changes = changes_of(self._settings, topics, booked, points[-1] if points else None, newest=True)
        if not changes:
            raise TopicUnchangedError(
                f"nothing changed: {', '.join(self._settings.topics)} has the topic id that has landed, or nothing "
                "with an id has landed yet. Start without --new-topic"
            )
        for change in changes:
            if booked.lacks_ids(change.topic):
                raise TopicChangedError(
                    f"{change.topic} was created again, and the ledger has no id of the former topic: its entries are "
                    "of an earlier release. Land the new topic under another HOURGLASS_STREAM"
                )
            self._report(f"{change.topic} is accepted as a new topic: {change.now}; {change.landed} has landed before")
        require_uncut(topics, booked.next_offsets)
        return changes

    def _complete_last(self, point: RestorePoint, booked: Booked, changes: Iterable[Change]) -> bool:
        """Complete the uploads of a checkpoint that nobody can restore any more; return whether there were any.

        One that is older than the ledger names nothing that was not completed, or was read again since.
        """
        landed = booked.next_offsets
        for change in changes:
            landed |= booked.next_offsets_of(change.topic, change.landed)
        if any(point.positions.get(at, 0) < next_ for at, next_ in landed.items()):
            return False
        uploads = [one for one in stream_uploads(self._settings, self._bucket) if one.upload_id.encode() in point.state]
        reason = f"{self._settings.url(point.key)} holds it, and its topic cannot be read again"
        return self._complete([one for one in uploads if ObjectKey.try_parse(one.key)], reason) > 0

    def _read_ledger(self, topics: Topics) -> Booked:
        """Read the ledger back; as a whole where the topic is new, because it may have landed before another one."""
        booked = Booked(frozenset(self._settings.topics), topics.identities)
        wanted = {at for at, its in topics.ranges.items() if its.end}
        for number, directory in enumerate(read_back(self._settings, self._bucket, booked)):
            missing = wanted - booked.entries.keys()
            if number and not missing:  # one directory more, as for `read_newest`
                break
            if number and not number % REPORT_DIRECTORIES:
                self._report(f"reading the ledger back, at {directory}: {len(missing)} partitions without an entry yet")
        return booked

    def _complete_uploads(self, visible: Iterable[StoredObject], booked: Booked) -> None:
        """Complete the uploads of epochs up to the last visible one of each operator instance, the ledger's last.

        An instance finishes the objects of an epoch before it begins the next one, and commits them in any order.
        """
        newest: dict[str, int] = {}
        for stored in visible:
            instance, sequence = split_epoch(ObjectKey.parse(stored.key).epoch)
            newest[instance] = max(sequence, newest.get(instance, sequence))
        found = []
        for upload in stream_uploads(self._settings, self._bucket):
            key = ObjectKey.try_parse(upload.key)
            if key is None or booked.knows(upload.key):
                continue
            instance, sequence = split_epoch(key.epoch)
            if sequence <= newest.get(instance, 0):
                found.append(upload)
        self._complete(found, "the job was killed between its commits")

    def _complete(self, uploads: Iterable[OpenUpload], reason: str) -> int:
        """Complete uploads of data, then those of the ledger; return how many."""
        order = (*DATA_KINDS, Kind.LEDGER)
        found = sorted(uploads, key=lambda upload: (order.index(ObjectKey.parse(upload.key).kind), upload.key))
        for upload in found:
            self._bucket.complete(upload)
            self._report(f"completed {upload.key}: {reason}")
        return len(found)

    def _book(self, unbooked: Iterable[StoredObject], booked: Booked, landed: _Landed) -> None:
        """Write entries for objects that stay unbooked, and take them up."""
        tallies = [self._read(stored.key) for stored in unbooked]
        view = BrokerView(self._broker, landed.ranges, landed.identities)
        emitted = Hour.containing(self._now())
        for entries in missing_entries(self._settings.job_name, tallies, landed.next_offsets, view):
            prefix = self._settings.layout.hour_prefix(Kind.LEDGER, emitted)
            key = f"{prefix}part-{entries[0].epoch}-{RECOVERED}-0.jsonl"
            lines = [entry.model_dump_json(exclude_none=True) + "\n" for entry in entries]
            self._bucket.create(key, "".join(lines).encode())
            for entry in entries:
                booked.add(entry, prefix)
                span = f"{partition_name((entry.topic, entry.partition))} {entry.first_offset}-{entry.last_offset}"
                self._report(f"booked {span} in {key}: its objects are visible, its entry was lost")

    def _read(self, key: str) -> ObjectTally:
        tally = tally_object(ObjectKey.parse(key), self._bucket.chunks(key))
        if not tally.whole:
            raise RestoreRefusedError(
                f"{self._settings.url(key)} is booked by no ledger entry and cannot be read to its end: put it back "
                "from a copy, or move it out of the stream, and its records land again"
            )
        return tally

    def _report_windows(self, points: Iterable[RestorePoint], landed: _Landed) -> None:
        """Report what a restore point has read and nobody committed: its uploads go."""
        for point in points:
            for at, position in sorted(point.positions.items()):
                first = landed.next_offsets.get(at, 0)
                if first < position and at[0] in self._settings.topics:
                    fate = (
                        "they are read again" if at in landed.ranges else "the topic that had them cannot be read again"
                    )
                    self._report(
                        f"{partition_name(at)} {first}-{position - 1}: {self._settings.url(point.key)} had read them, "
                        f"none is visible; {fate}"
                    )


@dataclass(frozen=True, slots=True)
class _Landed:
    """The topics that have landed, which are not always those of the broker: where they end, and what can be read."""

    next_offsets: Mapping[TopicPartition, int]
    ranges: Mapping[TopicPartition, OffsetRange]
    identities: Mapping[str, TopicIdentity]

    @classmethod
    def of(cls, booked: Booked, topics: Topics, changes: Iterable[Change]) -> Self:
        former = {change.topic: change.landed for change in changes}
        ends = {at: next_ for at, next_ in booked.next_offsets.items() if at[0] not in former}
        for topic, identity in former.items():
            ends |= booked.next_offsets_of(topic, identity)
        ranges = {at: its for at, its in topics.ranges.items() if at[0] not in former}
        return cls(ends, ranges, {**topics.identities, **former})


def _require_readable(next_offsets: Mapping[TopicPartition, int], ranges: Mapping[TopicPartition, OffsetRange]) -> None:
    for at, next_offset in sorted(next_offsets.items()):
        if at in ranges and next_offset < ranges[at].low:
            gone = f"{next_offset}-{ranges[at].low - 1}"
            raise RestoreRefusedError(
                f"{partition_name(at)}: the ledger ends at {next_offset - 1}, the broker begins at {ranges[at].low}: "
                f"offsets {gone} are in no object and no longer in the topic. Put the newest checkpoint back, or "
                "accept their loss with HOURGLASS_KAFKA_SKIP_DELETED=true"
            )
