"""Refuse a topic that is not the one of the ledger, by its ids and its offsets.

A topic is its cluster id and its topic id. Offsets of another topic of the same name mean other records, so an hour
that is proven by them would miss records. The same holds for a broker whose log ends before what the ledger has booked.

The ids and ends were read before the ledger, so both can be older than it. A refusal therefore needs a second answer
of the broker, read after the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import Broker, TopicIdentity, TopicOffsets
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.reading import CLOCK_SKEW, marks_of
from orchestration.landing.ledger.totals import LedgerTotals

_WAY_ON = (
    "if that is intended, `hourglass job start --new-topic` accepts it and begins a chain at its first offset; "
    "otherwise check HOURGLASS_KAFKA_BOOTSTRAP_SERVERS and HOURGLASS_TOPIC"
)
_WAY_BACK = (
    "restore the newer log, or create the topic again and accept it with `hourglass job start --new-topic`: "
    "offsets that are written a second time mean other records"
)


def refusal_of(totals: LedgerTotals, offsets: TopicOffsets) -> str | None:
    """Return why no hour may be proven over this topic, with both ids or both offsets and the way on; None: it may."""
    booked = _newest_ids(totals, offsets.topic)
    if booked and offsets.topic_id not in booked:
        return (
            f"topic {offsets.topic} is another one: the broker has topic id {offsets.topic_id}, "
            f"the ledger ends with {booked[0]}; {_WAY_ON}"
        )
    for key, marks in marks_of([offsets]).items():
        chain = totals.chain(key)
        if chain is None:
            continue
        if None not in (chain.cluster_id, offsets.cluster_id) and chain.cluster_id != offsets.cluster_id:
            return (
                f"topic {offsets.topic} is on another cluster: the broker has cluster id {offsets.cluster_id}, "
                f"the ledger ends with {chain.cluster_id}; {_WAY_ON}"
            )
        last = chain.covered.last
        if last is not None and last >= marks.end:
            return (
                f"the log of {key.name} ends at offset {marks.end}, and the ledger has booked offset {last}: "
                f"the broker was restored or rolled back; {_WAY_BACK}"
            )
    return None


def confirmed_refusal(
    broker: Broker, totals: LedgerTotals, topics: Iterable[TopicOffsets], asked_at: datetime
) -> str | None:
    """Compare every topic with the ledger, and ask the broker again before a topic is refused.

    Args:
        broker: is asked only about a topic in doubt.
        totals: of the ledger, read after `topics`.
        topics: the offsets of every topic.
        asked_at: when they were read.
    """
    for offsets in topics:
        if refusal_of(totals, offsets) is None and not _may_be_stale(totals, offsets, asked_at):
            continue
        again = broker.offsets(offsets.topic)
        if refused := refusal_of(totals, again):
            return refused
        if (again.cluster_id, again.topic_id) != (offsets.cluster_id, offsets.topic_id):
            return f"topic {offsets.topic} became another one while it was read; the next attempt reads it again"
    return None


def changed_meanwhile(broker: Broker, topics: Iterable[TopicOffsets]) -> str | None:
    """Return what became of a topic since its offsets were read: another id, or more partitions."""
    for offsets in topics:
        now = broker.identity(offsets.topic)
        if now != TopicIdentity.of(offsets):
            return f"topic {offsets.topic} to be read again: its id or its partitions changed meanwhile"
    return None


def closed_chains(totals: LedgerTotals, hour: Hour, topics: Iterable[TopicOffsets]) -> dict[ChainKey, int]:
    """Return the chains of earlier topics that may have records of an hour, with the last landed offset of each.

    An earlier topic took records until the present one was created, which was before the first entry of the present
    one. So it counts for the hours up to that entry, and for every hour of which the ledger has one of its records.
    """
    closed: dict[ChainKey, int] = {}
    hour_totals = totals.hours.get(hour)
    with_records = hour_totals.topic_ids if hour_totals else ()
    for offsets in topics:
        own = [chain.begun for key, chain in totals.chains.items() if _is_of(key, offsets)]
        for key, chain in totals.joined.items():
            if key.topic != offsets.topic or _is_of(key, offsets) or not own:
                continue
            last = chain.covered.last
            if last is not None and (key.topic_id in with_records or hour <= min(own)):
                closed[key] = last
    return closed


def unknown_partition(totals: LedgerTotals, topics: Iterable[TopicOffsets]) -> ChainKey | None:
    """Return a partition that the ledger has and the broker's answer does not: it was added in between."""
    for offsets in topics:
        any_id = not totals.topic_ids(offsets.topic)
        for key in sorted(totals.joined):
            is_present = _is_of(key, offsets) or (any_id and key.topic == offsets.topic)
            if is_present and key.partition not in offsets.partitions:
                return key
    return None


def _newest_ids(totals: LedgerTotals, topic: str) -> list[str]:
    """List the ids whose chains may be the newest of a topic, newest first.

    An emission hour is the clock of a TaskManager: two chains that ended within its skew have no order.
    """
    ended: dict[str, Hour] = {}
    for key, chain in totals.chains.items():
        if key.topic == topic and key.topic_id:
            ended[key.topic_id] = max(chain.emitted, ended.get(key.topic_id, chain.emitted))
    if not ended:
        return []
    newest = max(ended.values())
    ids = [topic_id for topic_id, hour in ended.items() if hour.start >= newest.start - CLOCK_SKEW]
    begun = totals.topic_ids(topic)
    return sorted(ids, key=begun.index, reverse=True)


def _may_be_stale(totals: LedgerTotals, offsets: TopicOffsets, asked_at: datetime) -> bool:
    """Return whether another topic may have been accepted after the offsets were read."""
    recent = Hour.containing(asked_at - 2 * CLOCK_SKEW)
    return any(
        chain.emitted >= recent
        for key, chain in totals.chains.items()
        if key.topic == offsets.topic and key.topic_id and not _is_of(key, offsets)
    )


def _is_of(key: ChainKey, offsets: TopicOffsets) -> bool:
    return (key.topic, key.topic_id) == (offsets.topic, offsets.topic_id or "")
