"""Continue without a restore point: after the ledger's last entry of each partition.

What the ledger books is visible. An object may be visible although its entry is not, because the job was killed
between the two commits: it is found by listing, and becomes booked before anything is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from flink_jobs.audit.broker import BrokerReader, offset_ranges_of
from flink_jobs.audit.tally import ObjectTally, tally_object
from flink_jobs.contracts.clock import SystemClock
from flink_jobs.contracts.layout import DATA_KINDS, Hour, Kind, ObjectKey, split_epoch
from flink_jobs.contracts.ledger import TopicPartition, partition_name
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.restore.booked import Booked, read_back, unbooked_objects
from flink_jobs.restore.missing_entries import RECOVERED, BrokerView, missing_entries
from flink_jobs.restore.orphaned_uploads import stream_uploads
from flink_jobs.restore.points import find_points, sound
from flink_jobs.s3.objects import Objects, StoredObject
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

    def next_offsets(self) -> dict[TopicPartition, int]:
        """Return the offset at which each booked partition continues; others begin with their earliest record.

        1. The ledger is read back until each partition with a record has an entry.
        2. Where an object is visible that no entry books, the uploads of its epoch are completed, the ledger's last.
           Their checkpoint had completed, or nothing of the epoch would be visible.
        3. Where the ledger's upload is gone, the objects are read and booked by an entry of this start.
        4. The broker must still have what comes next.

        May be cut off and called again.

        Raises:
            RestoreRefusedError: records are gone, or some between those of unbooked objects have not landed.
        """
        ranges = offset_ranges_of(self._broker, self._settings.topics)
        booked = self._read_ledger(ranges)
        if unbooked := unbooked_objects(self._settings, self._bucket, booked):
            self._complete_uploads(unbooked, booked)
            booked = self._read_ledger(ranges)
            self._book(unbooked_objects(self._settings, self._bucket, booked), booked, ranges)
        if not self._settings.kafka_skip_deleted:
            _require_readable(booked.next_offsets, ranges)
        self._report_windows(booked.next_offsets)
        return booked.next_offsets

    def _read_ledger(self, ranges: Mapping[TopicPartition, OffsetRange]) -> Booked:
        booked = Booked(frozenset(self._settings.topics))
        wanted = {at for at, its in ranges.items() if its.end}
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
        order = (*DATA_KINDS, Kind.LEDGER)
        found = []
        for upload in stream_uploads(self._settings, self._bucket):
            key = ObjectKey.try_parse(upload.key)
            if key is None or booked.knows(upload.key):
                continue
            instance, sequence = split_epoch(key.epoch)
            if sequence <= newest.get(instance, 0):
                found.append((order.index(key.kind), upload.key, upload))
        for _, key_text, upload in sorted(found, key=lambda one: one[:2]):
            self._bucket.complete(upload)
            self._report(f"completed {key_text}: the job was killed between its commits")

    def _book(
        self, unbooked: Iterable[StoredObject], booked: Booked, ranges: Mapping[TopicPartition, OffsetRange]
    ) -> None:
        """Write entries for objects that stay unbooked, and take them up."""
        tallies = [self._read(stored.key) for stored in unbooked]
        view = BrokerView(self._broker, ranges)
        emitted = Hour.containing(self._now())
        for entries in missing_entries(self._settings.job_name, tallies, booked.next_offsets, view):
            prefix = self._settings.layout.hour_prefix(Kind.LEDGER, emitted)
            key = f"{prefix}part-{entries[0].epoch}-{RECOVERED}-0.jsonl"
            lines = [entry.model_dump_json(exclude_none=True) + "\n" for entry in entries]
            self._bucket.create(key, "".join(lines).encode())
            for entry in entries:
                booked.add(entry)
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

    def _report_windows(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Report what a restore point has read and nobody committed: its uploads go, its records are read again."""
        for point in sound(find_points(self._settings, self._bucket)):
            for at, position in sorted(point.positions.items()):
                first = next_offsets.get(at, 0)
                if first < position and at[0] in self._settings.topics:
                    self._report(
                        f"{partition_name(at)} {first}-{position - 1}: {self._settings.url(point.key)} had read them, "
                        "none is visible; they are read again"
                    )


def _require_readable(next_offsets: Mapping[TopicPartition, int], ranges: Mapping[TopicPartition, OffsetRange]) -> None:
    for at, next_offset in sorted(next_offsets.items()):
        if at in ranges and next_offset < ranges[at].low:
            gone = f"{next_offset}-{ranges[at].low - 1}"
            raise RestoreRefusedError(
                f"{partition_name(at)}: the ledger ends at {next_offset - 1}, the broker begins at {ranges[at].low}: "
                f"offsets {gone} are in no object and no longer in the topic. Put the newest checkpoint back, or "
                "accept their loss with HOURGLASS_KAFKA_SKIP_DELETED=true"
            )
