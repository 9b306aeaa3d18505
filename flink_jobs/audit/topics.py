"""Compare the topics of the ledger with those of the broker: a topic is its id, not its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flink_jobs.audit.chain import ChainId, Chains
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition
from producers.kafka import OffsetRange


@dataclass(frozen=True, slots=True)
class BrokerTopics:
    """The topics that the broker has, and the chains of the ledger.

    Args:
        chains: of the ledger.
        identities: of the topics now; a topic of a broker without ids is absent.
    """

    chains: Chains
    identities: Mapping[str, TopicIdentity]

    def ranges(self, on_broker: Mapping[TopicPartition, OffsetRange]) -> dict[ChainId, OffsetRange]:
        """Return the broker's offsets of each chain that can be compared: of topics with their present id."""
        present = {topic: self._present(topic) for topic, _ in on_broker}
        return {
            ChainId(*at, topic_id): its for at, its in on_broker.items() if (topic_id := present[at[0]]) is not None
        }

    def findings(self) -> Iterator[Finding]:
        """Find topics that the ledger does not know, and what is left of former ones."""
        for topic, ids in self._ids().items():
            now, present = self.identities.get(topic), self._present(topic)
            if now and present is None:
                what = f"the ledger is of {' and of '.join(map(_name, ids.values()))}, the broker has {now}"
                yield Finding(Code.OTHER_TOPIC, topic, f"{what}: nothing of it has landed")
                continue
            for topic_id in ids.keys() - {present} if now else ():
                what = f"{self._extent(topic, topic_id)} are of {_name(ids[topic_id])}, the broker has {now}"
                yield Finding(Code.FORMER_TOPIC, topic, f"{what}: only the ledger and the objects prove them")

    def _present(self, topic: str) -> str | None:
        """Return the id of the chains whose offsets the broker can confirm; None where there are none."""
        ids = self._ids().get(topic, {})
        now = self.identities.get(topic)
        if now is None or not ids.keys() - {""}:
            return next(iter(ids), "") if len(ids) < 2 else None  # noqa: PLR2004 - two topics, and no id to choose by
        return now.topic_id if now.topic_id in ids else None

    def _ids(self) -> dict[str, dict[str, TopicIdentity | None]]:
        """Return the topic ids of the ledger, by topic."""
        found: dict[str, dict[str, TopicIdentity | None]] = defaultdict(dict)
        for chain, entries in self.chains.items():
            known = next((entry.identity for entry in entries if entry.identity), None)
            found[chain.topic][chain.topic_id] = found[chain.topic].get(chain.topic_id) or known
        return found

    def _extent(self, topic: str, topic_id: str) -> str:
        """Describe the chains of a topic id."""
        chains = {
            chain: its for chain, its in self.chains.items() if (chain.topic, chain.topic_id) == (topic, topic_id)
        }
        records = sum(entry.records for its in chains.values() for entry in its)
        return f"{records:,} records of {len(chains)} partitions"


def _name(identity: TopicIdentity | None) -> str:
    return str(identity) if identity else "a topic without an id"
