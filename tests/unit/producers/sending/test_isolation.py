from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from producers.sending.isolation import isolate


@given(st.integers(1, 300), st.data())
def test_only_refused_records_are_left_and_each_other_one_is_written_once_in_order(
    count: int, data: st.DataObject
) -> None:
    """A broker that refuses a batch for one of its records writes none of it."""
    guilty = data.draw(st.sets(st.integers(0, count - 1)))
    written: list[int] = []

    def send(batch: list[int]) -> list[int]:
        if guilty & set(batch):
            return batch
        written.extend(batch)
        return []

    assert sorted(guilty) == list(isolate(list(range(count)), send))
    assert [record for record in range(count) if record not in guilty] == written


@given(st.integers(2, 60), st.integers(1, 7), st.data())
def test_a_part_may_go_in_several_batches(count: int, size: int, data: st.DataObject) -> None:
    """The client decides where a batch ends; what is acked beside a refused batch is not sent again."""
    guilty = data.draw(st.sets(st.integers(0, count - 1), max_size=3))
    written: list[int] = []

    def send(part: list[int]) -> list[int]:
        refused: list[int] = []
        for at in range(0, len(part), size):
            batch = part[at : at + size]
            (refused if guilty & set(batch) else written).extend(batch)
        return refused

    assert sorted(guilty) == sorted(isolate(list(range(count)), send))
    assert [record for record in range(count) if record not in guilty] == sorted(written)


def test_one_record_among_two_thousand_costs_a_few_requests() -> None:
    """The number of requests grows with the logarithm of the batch."""
    requests = 0

    def send(batch: list[int]) -> list[int]:
        nonlocal requests
        requests += 1
        return batch if 1_234 in batch else []

    assert [1_234] == list(isolate(list(range(2_000)), send))
    assert requests <= 24
