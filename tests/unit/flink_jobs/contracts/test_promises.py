from __future__ import annotations

from dataclasses import dataclass

from flink_jobs.contracts.layout import Kind
from flink_jobs.contracts.promises import compare


@dataclass(frozen=True)
class Item:
    """One object of a listing."""

    key: str


def item(kind: str, epoch: str, count: int = 0) -> Item:
    return Item(f"s/{kind}/2025/08/01/03/part-{epoch}-0-{count}.jsonl.zst")


A, B = "aaaaaaaaaaaa.1", "bbbbbbbbbbbb.2"


def test_promises_are_kept_by_kind_and_epoch() -> None:
    """An accepted object does not keep the promise of a rejected one, though the epoch is the same."""
    kept = compare(frozenset({(Kind.LANDING, A), (Kind.REJECTED, A)}), [item("landing", A)])

    assert (item("landing", A),) == kept.objects
    assert ((Kind.REJECTED, A),) == kept.missing


def test_a_missing_and_an_unpromised_object_do_not_cancel_out() -> None:
    """There are as many objects as promises, and both are reported."""
    kept = compare(frozenset({(Kind.LANDING, A)}), [item("landing", B)])

    assert ((Kind.LANDING, A),) == kept.missing
    assert (item("landing", B),) == kept.unpromised


def test_a_second_object_of_an_epoch_and_foreign_keys_are_told_apart() -> None:
    """The first in the order of keys keeps the promise, whatever the order of the listing."""
    stranger = Item("s/landing/2025/08/01/03/_SUCCESS")
    listed = [stranger, item("landing", A, 1), item("landing", A, 0)]
    kept = compare(frozenset({(Kind.LANDING, A)}), listed)

    assert (item("landing", A, 0),) == kept.objects
    assert (item("landing", A, 1),) == kept.doubled
    assert (stranger,) == kept.foreign
    assert (stranger.key,) == kept.unpromised_keys
