"""The audit, top to bottom: read the ledger, list the data, compare; read the data, compare; ask the broker."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from flink_jobs.audit.broker import BrokerReader, offset_ranges_of
from flink_jobs.audit.chain import ChainId, Chains, chain_findings, chains_of
from flink_jobs.audit.coverage import Coverage, coverage_findings, coverage_of, hole_findings, landed_findings
from flink_jobs.audit.entries import Entry, read_entries
from flink_jobs.audit.findings import Code, Finding, Findings
from flink_jobs.audit.objects.cells import BookedCells, Slot, reason_findings
from flink_jobs.audit.objects.doubles import Held, double_findings
from flink_jobs.audit.objects.listing import ObjectAudit, by_hour, foreign, promises_of
from flink_jobs.audit.objects.tally import ObjectTally, Part, tally_object
from flink_jobs.audit.topics import BrokerTopics
from flink_jobs.contracts.layout import DATA_KINDS, Hour, Kind, ObjectKey, StreamLayout
from flink_jobs.contracts.ledger import TopicPartition, partition_name
from flink_jobs.errors import ObjectGoneError
from flink_jobs.s3.objects import Objects, StoredObject

READERS = 8
"""Objects that are fetched at the same time."""

LISTINGS_MAX = 4
"""Listings of the ledger before a gap is a finding: a listing of several pages is no snapshot."""

Report = Callable[[str], None]
"""Takes one line of progress."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours whose objects are compared, both included; None is open. The ledger is always read as a whole."""

    first: Hour | None = None
    last: Hour | None = None

    def __contains__(self, hour: Hour) -> bool:
        return (self.first is None or self.first <= hour) and (self.last is None or hour <= self.last)


@dataclass(slots=True)
class Ledger:
    """The ledger as read so far."""

    entries: list[Entry] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    newest_at: datetime | None = None
    chains: Chains = field(default_factory=dict)


@dataclass(slots=True)
class Audit:
    """What an audit read, and what it found."""

    findings: Findings = field(default_factory=Findings)
    ledger: Ledger = field(default_factory=Ledger)
    listed: dict[Hour, list[StoredObject]] = field(default_factory=dict)
    strange: set[str] = field(default_factory=set)
    coverage: dict[ChainId, Coverage] = field(default_factory=dict)
    held: dict[ChainId, list[Held]] = field(default_factory=lambda: defaultdict(list))
    read_objects: int = 0
    read_lines: int = 0
    read_bytes: int = 0


def audit(
    bucket: Objects, layout: StreamLayout, *, hours: Hours = Hours(), read: bool = False, report: Report
) -> Audit:
    """Compare a bucket with its ledger. The order makes the answer safe while the job runs.

    1. The ledger is listed and read.
    2. The data is listed: each object that an entry of step 1 promises was visible before that entry.
    3. The ledger is listed again: entries that came since explain objects that no entry promised yet.
    4. Entries are chained, and promises compared with the listing.
    5. With `read`, each object is read to its last byte and compared with its cells.

    Raises:
        LandingJobError: the bucket is away, or refuses.
    """
    seen = Audit()
    read_ledger(bucket, layout, seen, report)
    promised_before = promises_of(seen.ledger.entries)
    list_data(bucket, layout, hours, seen, report)
    _read_ledger_until_it_chains(bucket, layout, seen, report)
    seen.findings.add(foreign(key) for key in sorted(seen.strange))
    seen.findings.add(chain_findings(seen.ledger.chains))
    seen.findings.add(_compare_objects(seen, hours, promised_before))
    if read:
        read_data(bucket, seen, report)
    return seen


def read_ledger(bucket: Objects, layout: StreamLayout, seen: Audit, report: Report) -> None:
    """List the ledger and read the objects that were not read before."""
    keys = []
    for found in bucket.objects(layout.prefix(Kind.LEDGER)):
        if found.key in seen.ledger.keys or (found.key.endswith("/") and not found.bytes):
            continue
        key = ObjectKey.try_parse(found.key)
        if key is None:
            seen.strange.add(found.key)
            continue
        keys.append(key)
        seen.ledger.newest_at = max(found.modified, seen.ledger.newest_at or found.modified)

    def fetch(key: ObjectKey) -> tuple[list[Entry], list[Finding]]:
        return read_entries(key, b"".join(bucket.chunks(key.key)))

    for number, (key, (entries, findings)) in enumerate(zip(keys, _in_parallel(fetch, keys), strict=True), start=1):
        seen.ledger.keys.add(key.key)
        seen.ledger.entries.extend(entries)
        seen.findings.add(findings)
        if number % 1000 == 0:
            report(f"read {number:,} of {len(keys):,} ledger objects")


def _read_ledger_until_it_chains(bucket: Objects, layout: StreamLayout, seen: Audit, report: Report) -> None:
    """Read new entries; a gap may be an entry that was committed behind the page being listed, so list again."""
    for _ in range(LISTINGS_MAX - 1):
        read_ledger(bucket, layout, seen, report)
        seen.ledger.chains = chains_of(seen.ledger.entries)
        if all(found.code is not Code.GAP for found in chain_findings(seen.ledger.chains)):
            break


def list_data(bucket: Objects, layout: StreamLayout, hours: Hours, seen: Audit, report: Report) -> None:
    """List accepted and rejected objects of the chosen hours."""
    listed, strange = by_hour(layout, _listing(bucket, layout, hours))
    seen.listed = {hour: objects for hour, objects in sorted(listed.items()) if hour in hours}
    seen.strange.update(strange)
    report(f"listed {sum(map(len, seen.listed.values())):,} objects of {len(seen.listed):,} hours")


def read_data(bucket: Objects, seen: Audit, report: Report) -> None:
    """Read every listed object and compare it with its cells, then compare the objects' offsets."""
    keys = [key for found in seen.listed.values() for one in found if (key := ObjectKey.try_parse(one.key))]
    booked = BookedCells.of(seen.ledger.entries)
    chain_of = _ChainOf(seen.ledger.chains)
    tallies: dict[Slot, Mapping[TopicPartition, Part]] = {}
    for tally in _in_parallel(lambda key: _tally(bucket, key), keys):
        if isinstance(tally, Finding):
            seen.findings.add([tally])
            continue
        seen.findings.add(tally.findings)
        seen.findings.add(booked.compare(tally))
        _keep(seen, tally, tallies, chain_of)
        if seen.read_objects % 50 == 0:
            report(f"read {seen.read_objects:,} of {len(keys):,} objects, {seen.read_lines:,} lines")
    seen.findings.add(reason_findings(seen.ledger.entries, tallies))
    seen.findings.add(double_findings(seen.held))


def compare_with_broker(seen: Audit, reader: BrokerReader, topics: Sequence[str], hours: Hours, report: Report) -> None:
    """Compare the ledger with the broker, after `audit`; offsets below a low watermark are skipped.

    Entries of a topic that the broker no longer has cannot be compared.

    Where every hour was read, the broker is asked about each covered offset that no object holds; else about holes.

    Raises:
        LandingJobError: the broker is away, or has no such topic.
    """
    broker_topics = BrokerTopics(seen.ledger.chains, reader.identities(topics))
    seen.findings.add(broker_topics.findings())
    on_broker = broker_topics.ranges(offset_ranges_of(reader, topics))
    chains = {chain: entries for chain, entries in seen.ledger.chains.items() if chain in on_broker}
    seen.coverage = coverage_of(chains, on_broker)
    seen.findings.add(coverage_findings(seen.coverage, reader))
    if seen.read_lines and hours == Hours():
        seen.findings.add(landed_findings(chains, seen.held, on_broker, reader))
        return
    for chain, entries in chains.items():
        report(f"asking the broker for the holes of {partition_name(chain.at)}")
        seen.findings.add(hole_findings(entries, on_broker[chain], reader))


def _compare_objects(
    seen: Audit, hours: Hours, promised_before: Mapping[Hour, frozenset[tuple[Kind, str]]]
) -> Iterator[Finding]:
    objects = ObjectAudit(seen.ledger.entries, seen.ledger.newest_at)
    promised_now = promises_of(seen.ledger.entries)
    for hour in sorted(hour for hour in {*seen.listed, *promised_now} if hour in hours):
        listed = seen.listed.get(hour, [])
        before = promised_before.get(hour, frozenset())
        # What was promised after the listing need not be in it, but explains what is.
        present = {(key.kind, key.epoch) for one in listed if (key := ObjectKey.try_parse(one.key))}
        yield from objects.hour(hour, before | (promised_now.get(hour, frozenset()) & present), listed)


def _listing(bucket: Objects, layout: StreamLayout, hours: Hours) -> Iterator[StoredObject]:
    for kind in DATA_KINDS:
        if hours.first is None or hours.last is None:
            yield from bucket.objects(layout.prefix(kind))
            continue
        for hour in hours.first.until(hours.last):
            yield from bucket.objects(layout.hour_prefix(kind, hour))


def _tally(bucket: Objects, key: ObjectKey) -> ObjectTally | Finding:
    try:
        return tally_object(key, bucket.chunks(key.key))
    except ObjectGoneError:
        return Finding(Code.OBJECT_CHANGED, key.key, "it was listed, and is gone")


class _ChainOf:
    """Finds the chain of an object's lines: they name the topic, and only the entry of their epoch names its id."""

    def __init__(self, chains: Chains) -> None:
        self._by_epoch = {(entry.epoch, chain.at): chain for chain, entries in chains.items() for entry in entries}
        self._by_partition: dict[TopicPartition, list[ChainId]] = defaultdict(list)
        for chain in chains:
            self._by_partition[chain.at].append(chain)

    def __call__(self, epoch: str, at: TopicPartition) -> ChainId:
        """Return the chain; that of an object without an entry is the only one of the partition, or unknown."""
        chains = self._by_partition.get(at, [])
        return self._by_epoch.get((epoch, at)) or (chains[0] if len(chains) == 1 else ChainId(*at, ""))


def _keep(
    seen: Audit, tally: ObjectTally, tallies: dict[Slot, Mapping[TopicPartition, Part]], chain_of: _ChainOf
) -> None:
    seen.read_objects += 1
    seen.read_lines += tally.lines
    seen.read_bytes += tally.plain_bytes
    if tally.whole and tally.key.kind is Kind.REJECTED:
        tallies[tally.key.hour, tally.key.kind, tally.key.epoch] = tally.parts
    for partition, part in tally.parts.items():
        seen.held[chain_of(tally.key.epoch, partition)].append(Held(tally.key.key, part.spans))


def _in_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Call `work` for each item in a few threads; yield results in order, at most a few ahead of the consumer."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(READERS) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
