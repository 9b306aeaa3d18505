from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from producers.events import EventType, PlatformEvent
from producers.simulation.malformed import Malformation
from producers.simulation.plan import HOUR, SimulationPlan, hour_of
from producers.simulation.traffic import SimulatedRecord, traffic

ENDS = {EventType.RUN_SUCCESS, EventType.RUN_FAILURE}


def events_of(plan: SimulationPlan) -> list[PlatformEvent]:
    return [PlatformEvent.from_json(record.value) for record in traffic(plan) if record.well_formed]


def by_run(events: list[PlatformEvent]) -> dict[str, list[PlatformEvent]]:
    runs: dict[str, list[PlatformEvent]] = defaultdict(list)
    for event in events:
        if event.run_id is not None:
            runs[event.run_id].append(event)
    return runs


@cache
def simulated(plan: SimulationPlan) -> tuple[SimulatedRecord, ...]:
    """Simulate a plan once for all tests, which only read the records."""
    return tuple(traffic(plan))


@pytest.fixture
def events(records: list[SimulatedRecord]) -> list[PlatformEvent]:
    return [PlatformEvent.from_json(record.value) for record in records if record.well_formed]


@pytest.fixture
def records(plan: SimulationPlan) -> list[SimulatedRecord]:
    return list(simulated(plan))


def test_the_same_plan_gives_the_same_bytes(plan: SimulationPlan, records: list[SimulatedRecord]) -> None:
    """Resending after a crash makes the same event ids; another seed makes others."""
    assert records == list(traffic(plan))
    other = {record.event_id for record in traffic(replace(plan, seed=plan.seed + 1))}
    assert {None} == other & {record.event_id for record in records}


def test_other_hours_have_other_events(plan: SimulationPlan) -> None:
    """Simulating new hours with the same seed repeats no event id."""
    later = replace(plan, hours=tuple(hour + 3 * HOUR for hour in plan.hours))
    assert {None} == {r.event_id for r in traffic(plan)} & {r.event_id for r in traffic(later)}


@pytest.mark.parametrize("events", [0, 1, 2, 17, 1_000])
@pytest.mark.parametrize("malformed", [0, 0.013, 1])
def test_the_counts_are_exact(plan: SimulationPlan, events: int, malformed: float) -> None:
    """The numbers of records, of malformed ones, and of records in each hour are exact."""
    plan = replace(plan, events=events, malformed=malformed)
    records = list(traffic(plan))
    assert events == len(records)
    assert round(events * malformed) == sum(not record.well_formed for record in records)
    in_hour = Counter(hour_of(record.record_time) for record in records)
    assert plan.events_per_hour() == tuple(in_hour[hour] for hour in plan.hours)


def test_record_times_never_go_back(records: list[SimulatedRecord]) -> None:
    """In every partition record times ascend, so that no record is late; they are whole milliseconds."""
    assert all(first.record_time <= second.record_time for first, second in pairwise(records))
    assert all(record.record_time.microsecond % 1_000 == 0 for record in records)


def test_hours_are_filled_to_their_edges(plan: SimulationPlan, records: list[SimulatedRecord]) -> None:
    """The first and the last millisecond of each hour have a record, so that the edges are always tested."""
    times = {record.record_time for record in records}
    last = HOUR - datetime.resolution * 1_000
    assert {moment for hour in plan.hours for moment in (hour, hour + last)} <= times


def test_every_well_formed_record_is_an_event_as_announced(records: list[SimulatedRecord]) -> None:
    """The attributes of a record equal those in its bytes."""
    for record in filter(lambda each: each.well_formed, records):
        event = PlatformEvent.from_json(record.value)
        assert (record.event_id, record.organization, record.event_type) == (
            event.event_id,
            event.organization,
            event.event_type,
        )
        assert record.key == (event.run_id or event.event_id)
        assert record.dbt_model == event.payload.get("dbt_model")


def test_every_event_has_the_fields_of_its_type(events: list[PlatformEvent]) -> None:
    """The landing job flags none of them as mistyped."""
    assert [] == [event for event in events if event.lacking]


def test_events_have_the_size_of_real_ones(records: list[SimulatedRecord]) -> None:
    """600 to 900 bytes on average."""
    sizes = [len(record.value) for record in records if record.well_formed]
    assert 600 <= sum(sizes) / len(sizes) <= 900


def test_all_types_and_all_malformations_occur(plan: SimulationPlan) -> None:
    """The whole taxonomy occurs, except the types that only a Dagster instance sends."""
    records = list(traffic(plan))
    assert set(EventType) - {EventType.RUN_CANCELED, EventType.ENGINE_EVENT} == {r.event_type for r in records}
    assert set(Malformation) == {r.malformation for r in records} - {None}


def test_numeric_ids_of_shards_overlap_but_are_unique_on_each(events: list[PlatformEvent]) -> None:
    """The unique key is (shard, id), never the id alone."""
    numbers = defaultdict(list)
    for event in events:
        numbers[event.shard].append(event.payload["id"])
    assert {"shard-1", "shard-2", "shard-3"} == set(numbers)
    assert all(len(ids) == len(set(ids)) for ids in numbers.values())
    assert set.intersection(*(set(ids) for ids in numbers.values()))


def test_an_organization_lives_on_one_shard(events: list[PlatformEvent], plan: SimulationPlan) -> None:
    """Organizations are spread over the shards, and their numbers overlap, too."""
    homes = {(event.organization, event.shard, event.payload["organization_id"]) for event in events}
    assert plan.organizations == len(homes) == len({name for name, _, _ in homes})
    assert len({number for _, _, number in homes}) < plan.organizations


def test_a_run_begins_once_and_ends_at_most_once(events: list[PlatformEvent]) -> None:
    """RUN_START comes first; nothing follows RUN_SUCCESS or RUN_FAILURE."""
    for run in by_run(events).values():
        types = [event.event_type for event in run]
        assert EventType.RUN_START == types[0]
        assert 1 == types.count(EventType.RUN_START)
        assert all(event_type not in ENDS for event_type in types[:-1])


def test_times_of_a_run_are_consistent(plan: SimulationPlan) -> None:
    """Within a run time does not go back, however dense it is; a step's duration is the time between its events."""
    events = events_of(replace(plan, hours=plan.hours[:1], events=20_000))
    ends = {EventType.STEP_SUCCESS, EventType.STEP_FAILURE}
    for run in by_run(events).values():
        started: dict[str | None, datetime] = {}
        for before, event in pairwise([run[0], *run]):
            assert before.occurred_at <= event.occurred_at
            if event.event_type is EventType.STEP_START:
                started[event.step_key] = event.occurred_at
            elif event.event_type in ends:
                passed = event.occurred_at - started.pop(event.step_key)
                assert passed.total_seconds() == pytest.approx(event.payload["duration_seconds"])


def test_failures_are_retried_and_some_runs_stay_open(events: list[PlatformEvent]) -> None:
    """A run with `will_retry` has a run with `retry_of`; some runs never end."""
    runs = by_run(events)
    last = {run_id: run[-1] for run_id, run in runs.items()}
    failed = {run_id for run_id, event in last.items() if event.event_type is EventType.RUN_FAILURE}
    retried = {run[0].payload["retry_of"] for run in runs.values()} - {None}
    assert retried
    assert retried <= failed
    assert {run_id for run_id, event in last.items() if event.event_type not in ENDS}


def test_runs_cross_hours(events: list[PlatformEvent]) -> None:
    """A run that begins before the full hour continues after it."""
    assert any(len({hour_of(event.occurred_at) for event in run}) > 1 for run in by_run(events).values())


def test_runs_do_not_cross_a_gap(plan: SimulationPlan) -> None:
    """Hours that are not consecutive share no run: no run takes days."""
    apart = replace(plan, hours=(plan.hours[0], datetime(2025, 8, 3, 3, tzinfo=UTC)))
    assert all(len({event.occurred_at.date() for event in run}) == 1 for run in by_run(events_of(apart)).values())


def test_dbt_steps_name_their_model(events: list[PlatformEvent]) -> None:
    """Start and end of a dbt step have kind and model; each organization has a project, and this product has one."""
    steps = [e for e in events if e.event_type.startswith("STEP_")]
    dbt = [step for step in steps if step.payload["step_kind"] == "dbt"]
    assert dbt
    projects: dict[str, set[Any]] = defaultdict(set)
    for step in dbt:
        _, project, name = step.payload["dbt_model"].split(".")
        assert name == step.step_key
        projects[step.organization].add(project)
    assert {"acme_analytics", "hourglass"} == projects.pop("acme")
    assert {frozenset({f"{organization}_analytics"}) for organization in projects} == set(
        map(frozenset, projects.values())
    )
    models = {step.payload["dbt_model"] for step in dbt if ".hourglass." in step.payload["dbt_model"]}
    assert {"model.hourglass.stg_platform_events", "model.hourglass.usage_by_organization_hour"} == models
