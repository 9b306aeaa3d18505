from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.processes import StackError
from infra.local.produced import TopicCount, produced_per_hour
from infra.local.settings import LocalSettings


def test_a_stored_count_continues_at_its_offsets(tmp_path: Path) -> None:
    """Counts and positions are read as stored, and a first count begins at zero."""
    path = tmp_path / "run" / "produced.json"
    count = TopicCount.load(path)
    count.per_hour["2025-08-01T03"] += 2
    count.positions[3] = 17
    count.save(path)

    assert TopicCount.load(path) == count
    assert TopicCount() == TopicCount.load(tmp_path / "none.json")


def test_a_broker_that_is_away_is_named_at_once(tmp_path: Path) -> None:
    """A refused connection ends the call at once, with an error that names the broker."""
    with pytest.raises(StackError, match=r"the broker at 127\.0\.0\.1:1 does not answer: start the stack"):
        produced_per_hour(LocalSettings(data_dir=tmp_path, kafka_port=1))
