from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.metapipeline.changing.proposals.reading.model import Model
from orchestration.metapipeline.changing.proposals.removal import NOTE
from orchestration.metapipeline.changing.proposals.steps import PlanKind
from orchestration.metapipeline.changing.proposals.tombstone import (
    Evidence,
    Stage,
    Tombstone,
    TombstoneSettings,
    due,
    our_tombstones,
    tombstone_of,
    uses_of,
)
from orchestration.metapipeline.usage.evidence import Named, Use, Window
from tests.fakes.dbt_parser import project_of

MERGED = datetime(2026, 6, 1, tzinfo=UTC)
GRACE = TombstoneSettings(deprecated_days=30, disabled_days=10)
USE = Use("acme", "prod", Named.DBT, "model.shop.gone", 3, MERGED, MERGED + timedelta(days=2), "event-1")
DEPRECATED = Tombstone("model.shop.gone", Stage.DEPRECATED, True, MERGED, date(2026, 7, 1))
DISABLED = Tombstone("model.shop.gone", Stage.DISABLED, True, MERGED)


def kind_due(
    state: Tombstone,
    days: int,
    *,
    unused: bool = True,
    uses: tuple[Use, ...] = (),
    window_days: tuple[int, int] = (1, 0),
) -> PlanKind | None:
    now = MERGED + timedelta(days=days)
    covered = Window(MERGED - timedelta(days=window_days[0]), now - timedelta(days=window_days[1]))
    return due(state, GRACE, Evidence(now, unused, uses, covered)).kind


@pytest.mark.parametrize(("days", "expected"), [(29, None), (30, PlanKind.DISABLE)])
def test_a_deprecated_model_is_disabled_after_its_grace_time(days: int, expected: PlanKind | None) -> None:
    assert expected is kind_due(DEPRECATED, days)


def test_the_grace_time_begins_with_the_merge() -> None:
    """A pull request that waited for a month leaves its readers the whole time all the same."""
    early = Tombstone("model.shop.gone", Stage.DEPRECATED, True, MERGED, date(2026, 6, 2))

    assert kind_due(early, 29) is None


def test_a_later_date_of_a_person_counts() -> None:
    late = Tombstone("model.shop.gone", Stage.DEPRECATED, False, MERGED, date(2027, 1, 1))

    assert kind_due(late, 60) is None


@pytest.mark.parametrize(("days", "expected"), [(9, None), (10, PlanKind.REMOVE)])
def test_a_disabled_model_is_removed_after_its_grace_time(days: int, expected: PlanKind | None) -> None:
    """It is in no finding: the graph has no disabled models."""
    assert expected is kind_due(DISABLED, days, unused=False)


def test_nothing_is_removed_without_evidence_of_the_whole_time() -> None:
    assert kind_due(DISABLED, 10, window_days=(-1, 0)) is None
    assert kind_due(DISABLED, 10, window_days=(1, 2)) is None


def test_nothing_is_removed_while_an_hour_is_not_sealed() -> None:
    now = MERGED + timedelta(days=20)
    open_hour = Window(MERGED, now, (MERGED + timedelta(days=3),))

    assert due(DISABLED, GRACE, Evidence(now, unused=False, window=open_hour)).kind is None
    assert due(DISABLED, GRACE, Evidence(now, unused=False)).kind is None


@pytest.mark.parametrize("state", [DEPRECATED, DISABLED])
def test_a_use_takes_the_removal_back(state: Tombstone) -> None:
    assert PlanKind.REVERT is kind_due(state, 60, uses=(USE,))


def test_a_deprecated_model_with_a_new_reader_is_taken_back() -> None:
    assert PlanKind.REVERT is kind_due(DEPRECATED, 5, unused=False)


def test_what_a_person_began_is_not_taken_back() -> None:
    theirs = Tombstone("model.shop.gone", Stage.DEPRECATED, False, MERGED, date(2026, 7, 1))

    assert kind_due(theirs, 60, uses=(USE,)) is None


def test_a_model_that_only_the_events_know_is_kept() -> None:
    assert kind_due(Tombstone("model.shop.gone", Stage.ACTIVE), 0, uses=(USE,)) is None
    assert PlanKind.DEPRECATE is kind_due(Tombstone("model.shop.gone", Stage.ACTIVE), 0)


FILES = {
    "models/gone.sql": "select 1",
    "models/paused.sql": "select 1",
    "models/busy.sql": "select 1",
    "models/m.yml": (
        f"models:\n- name: gone\n  description: x {NOTE}\n  deprecation_date: 2026-07-01\n"
        f"- name: paused\n  description: '{NOTE}'\n  config: {{enabled: false}}\n- name: busy\n"
    ),
}


def test_the_state_is_read_from_the_files_and_their_history() -> None:
    project = project_of(FILES)

    def line_since(_: str, line: int) -> datetime:
        return MERGED + timedelta(days=line)

    states = [tombstone_of(Model(project, f"model.shop.{name}"), line_since) for name in ("gone", "paused", "busy")]

    assert [(Stage.DEPRECATED, 4), (Stage.DISABLED, 7), (Stage.ACTIVE, None)] == [
        (state.stage, (state.since - MERGED).days if state.since else None) for state in states
    ]
    assert ["model.shop.gone", "model.shop.paused"] == [model.unique_id for model in our_tombstones(project)]


def test_uses_since_the_merge_count_by_id_and_by_relation() -> None:
    model = Model(project_of(FILES), "model.shop.gone")
    other = Use("acme", "prod", Named.DBT, "model.shop.busy", 1, MERGED, MERGED, "event-2")
    read = Use(
        "acme", "prod", Named.RELATION, "analytics.public.GONE", 1, MERGED, MERGED + timedelta(days=1), "event-3"
    )
    old = Use("acme", "prod", Named.DBT, "model.shop.gone", 1, MERGED, MERGED - timedelta(days=1), "event-4")

    assert (read, USE) == uses_of(model, [USE, other, read, old], MERGED)
