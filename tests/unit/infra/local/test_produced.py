from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import produced
from infra.local.processes import StackError
from infra.local.produced import StoredCounts, TopicCount, produced_per_hour
from producers.kafka import KafkaAccess


def test_stored_counts_continue_at_their_offsets(tmp_path: Path) -> None:
    """Counts and positions are read as stored, and a first count begins at zero."""
    path = tmp_path / "run" / "produced.json"
    stored = StoredCounts.load(path)
    count = stored.of("events", "id-1")
    count.per_hour["2025-08-01T03"] += 2
    count.positions[3] = 17
    stored.save(path)

    assert StoredCounts.load(path) == stored
    assert count == StoredCounts.load(path).of("events", "id-1")


def test_a_topic_that_was_created_again_is_counted_from_zero(tmp_path: Path) -> None:
    """Neither its records nor those of another topic are mixed with the former ones."""
    path = tmp_path / "produced.json"
    stored = StoredCounts()
    stored.of("events", "id-1").positions[0] = 17
    stored.save(path)
    loaded = StoredCounts.load(path)

    assert TopicCount() == loaded.of("events", "id-2")
    assert TopicCount() == loaded.of("other", "id-1")
    assert {0: 17} == loaded.of("events", "id-1").positions


def test_the_counts_of_a_release_that_knew_one_topic_are_counted_again(tmp_path: Path) -> None:
    """They do not name their topic."""
    path = tmp_path / "produced.json"
    path.write_text('{"per_hour": {"2025-08-01T03": 2}, "positions": {"3": 17}}')

    assert StoredCounts() == StoredCounts.load(path)


def test_a_broker_that_is_away_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the address, and how the stack of one machine is started."""
    monkeypatch.setattr(produced, "CALL_SECONDS_MAX", 0.5)
    with pytest.raises(StackError, match=r"no Kafka broker answers at 127\.0\.0\.1:1 .*`hourglass up`"):
        produced_per_hour(KafkaAccess(kafka_bootstrap_servers="127.0.0.1:1"), ["events"], tmp_path / "counts.json")
