"""What a plan shows before anything is built."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from orchestration.proven.condition import proven
from orchestration.proven.graph import Graph
from orchestration.proven.plan import AUTOMATION, HAND, HOUR, Planned, plan
from orchestration.proven.standing import Standing
from tests.fakes.history import FakeHistory

START = datetime(2025, 8, 1, tzinfo=UTC)
NOW = START + timedelta(days=3, minutes=30)
HOURS = dg.HourlyPartitionsDefinition("2025-08-01-00:00")
DAYS = dg.DailyPartitionsDefinition("2025-08-01")


def defined(day_code: str = "1", model_code: str = "1", **policy: Any) -> Any:
    @dg.asset(deps=[dg.AssetSpec("hours")], partitions_def=HOURS, code_version=model_code)
    def model() -> None: ...

    @dg.asset(deps=[model], partitions_def=DAYS, code_version=day_code, automation_condition=proven(**policy))
    def day() -> None: ...

    @dg.asset(deps=[day], automation_condition=proven())
    def all_days() -> None: ...

    @dg.asset(deps=[model], automation_condition=proven())
    def beside() -> None: ...

    hours = dg.AssetSpec("hours", partitions_def=HOURS)
    return dg.Definitions([hours, model, day, all_days, beside]).resolve_asset_graph()


def built(days: int = 3) -> FakeHistory:
    """Return a history in which everything of some days is built by code 1."""
    history = FakeHistory()
    for number in range(24 * days):
        hour = START + number * timedelta(hours=1)
        history.publish("hours", f"{hour:%Y-%m-%d-%H:%M}", hour + timedelta(minutes=62))
        history.build("model", f"{hour:%Y-%m-%d-%H:%M}", hour + timedelta(minutes=63), "hours", code="1")
    for number in range(days):
        end = START + timedelta(days=number + 1, minutes=5)
        history.build("day", f"{START + timedelta(days=number):%Y-%m-%d}", end, "model", code="1")
    history.build("all_days", None, NOW, "day")
    history.build("beside", None, NOW, "model")
    return history


def planned(graph: Any, history: FakeHistory) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], str]]:
    def row(one: Planned) -> tuple[str, str, tuple[str, ...], tuple[str, ...], str]:
        return one.key.to_user_string(), one.state, one.partitions, one.because, one.built_by

    return [row(one) for one in plan(Standing(Graph(graph, NOW), history))]


def test_nothing_is_planned_where_everything_is_built() -> None:
    """The same code over the same hours."""
    assert [] == planned(defined(), built())


def test_a_code_version_plans_its_partitions_and_what_is_built_of_them() -> None:
    """Every day, then the table of all days; what reads the same hours beside it is not planned."""
    assert [
        ("day", "due", ("2025-08-01", "2025-08-02", "2025-08-03"), ("day is of other code",), AUTOMATION),
        ("all_days", "follows", (), ("day is built first",), AUTOMATION),
    ] == planned(defined(day_code="2"), built())


def test_a_code_version_can_be_kept_from_building() -> None:
    """A table of years is not built again for a column that only new days need."""
    assert [] == planned(defined(day_code="2", on_code_change="keep"), built())


def test_the_code_of_an_hourly_model_is_built_by_a_person() -> None:
    """No run of an hour starts because code changed; its dependants follow."""
    found = planned(defined(model_code="2"), built(days=1))
    assert [("model", 24, HAND), ("beside", 0, AUTOMATION), ("day", 1, AUTOMATION), ("all_days", 0, AUTOMATION)] == [
        (key, len(partitions), by) for key, _, partitions, _, by in found
    ]


def test_an_amended_hour_plans_exactly_what_is_built_of_it() -> None:
    """The hour first; its day and the tables wait for it."""
    history = built()
    history.publish("hours", "2025-08-02-05:00", NOW, "amended")
    assert [
        ("model", "due", ("2025-08-02-05:00",), ("hours is amended",), HOUR),
        ("beside", "follows", (), ("model is built first",), AUTOMATION),
        ("day", "follows", ("2025-08-02",), ("model is built first",), AUTOMATION),
        ("all_days", "follows", (), ("day is built first",), AUTOMATION),
    ] == planned(defined(), history)


def test_a_day_whose_hours_are_not_all_published_waits_or_is_not_planned() -> None:
    """One that was never built has nothing to build from yet; the others are as they were."""
    history = built(days=2)
    hour = START + timedelta(days=2)
    history.publish("hours", f"{hour:%Y-%m-%d-%H:%M}", NOW)
    history.build("model", f"{hour:%Y-%m-%d-%H:%M}", NOW, "hours", code="1")
    assert [("beside", "due", (), ("model is new",), AUTOMATION)] == planned(defined(), history)
