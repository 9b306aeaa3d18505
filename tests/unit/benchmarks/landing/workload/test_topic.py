from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload import topic
from benchmarks.landing.workload.corpus import Corpus

CORPUS = Corpus(400)


class Broker:
    """Knows its partitions only after some queries."""

    def __init__(self, ignorant: int) -> None:
        self.ignorant = ignorant

    def get_watermark_offsets(self, _partition: TopicPartition, timeout: float) -> tuple[int, int]:
        """Fail, or return the end of a partition with a quarter of the records."""
        assert timeout > 0
        if self.ignorant:
            self.ignorant -= 1
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
        return 0, 100

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BenchmarkSettings:
    monkeypatch.setattr(topic, "POLL_SECONDS", 0)
    note = tmp_path / "topics" / f"{CORPUS.topic}.json"
    note.parent.mkdir()
    known = {"topic": CORPUS.topic, "records": 400, "value_bytes": 9, "zlib_ratio": 5.0, "ends": [100] * 4}
    note.write_text(json.dumps(known))
    return BenchmarkSettings(folder=tmp_path)


def test_a_broker_that_has_just_started_is_asked_again(
    settings: BenchmarkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic, "Consumer", lambda _: Broker(ignorant=3))
    assert (100, 100, 100, 100) == topic.filled(CORPUS, settings, pytest.fail).ends


def test_a_topic_that_is_gone_costs_no_more_than_itself(
    settings: BenchmarkSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the note of this topic only, not the folder with all measurements."""
    monkeypatch.setattr(topic, "BROKER_SECONDS_MAX", 1e-9)
    monkeypatch.setattr(topic, "Consumer", lambda _: Broker(ignorant=1_000_000))
    with pytest.raises(topic.TopicIncomplete, match=rf"delete \S+/topics/{CORPUS.topic}.json, and"):
        topic.filled(CORPUS, settings, pytest.fail)
