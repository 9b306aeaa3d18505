from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.landing.workload.corpus import TEMPLATES, Corpus, index_of
from producers.events import PlatformEvent

CORPUS = Corpus(records=50_000)
SOME = [*range(50), *range(TEMPLATES - 5, TEMPLATES + 5), *range(CORPUS.records - 50, CORPUS.records)]


def test_every_record_is_an_event_of_the_contract() -> None:
    """The product accepts every event of the corpus, so no measured record is rejected."""
    for index in SOME:
        event = PlatformEvent.from_json(CORPUS.value(index))
        assert (event.run_id or event.event_id) == CORPUS.key(index).decode()
        assert 0 <= CORPUS.timestamp(index) - event.occurred_at.timestamp() * 1000 < 250


def test_the_index_can_be_read_back() -> None:
    """The reader finds the record of a line by its id, and ids are as random as those of real events."""
    assert SOME == [index_of(CORPUS.value(index)) for index in SOME]
    assert len(SOME) == len({CORPUS.value(index)[13:21] for index in SOME})


def test_foreign_bytes_have_no_index() -> None:
    """Bytes that do not begin like an event of a corpus have no index."""
    assert index_of(b"") is None
    assert index_of(b'{"event_type":"RUN_START","event_id":"00","payload":{}}') is None


def test_times_ascend_and_the_hours_are_those_of_the_times() -> None:
    """Each index lies in the hour that its time names, and the hours share the records evenly."""
    for label, indexes in CORPUS.hour_ranges().items():
        for index in (indexes[0], indexes[-1]):
            moment = datetime.fromtimestamp(CORPUS.timestamp(index) / 1000, UTC)
            assert label == f"{moment:%Y-%m-%dT%H}"
    assert CORPUS.records == sum(map(len, CORPUS.hour_ranges().values()))


def test_another_seed_gives_other_events() -> None:
    """Another seed gives other bytes; the same seed gives the same bytes."""
    assert Corpus(100, seed=1).value(7) == Corpus(100, seed=1).value(7)
    assert Corpus(100, seed=2).value(7) != Corpus(100, seed=1).value(7)
