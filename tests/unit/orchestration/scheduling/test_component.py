"""A job over a selection, and its schedule, from one document."""

from __future__ import annotations

import dagster as dg
import pytest

from tests.fakes.component_documents import loaded, mistakes_in

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

DOCUMENT = """
type: orchestration.AssetScheduleComponent
attributes:
  name: morning
  selection: 'key:"a"+'
  cron: "0 9 * * *"
  timezone: Europe/Berlin
  tags: {report: daily}
"""


def definitions_of(text: str) -> dg.Definitions:
    """Load a document beside three assets."""

    @dg.asset
    def a() -> None: ...

    @dg.asset(deps=[a])
    def b() -> None: ...

    @dg.asset
    def other() -> None: ...

    with loaded(text, {}) as definitions:
        return dg.Definitions.merge(definitions, dg.Definitions(assets=[a, b, other]))


def test_a_document_is_a_job_over_a_selection_and_its_schedule() -> None:
    """The selection is Dagster's; the tags are those of each run."""
    definitions = definitions_of(DOCUMENT)
    job = definitions.resolve_job_def("morning")
    assert {dg.AssetKey("a"), dg.AssetKey("b")} == job.asset_layer.executable_asset_keys
    assert "daily" == job.run_tags["report"]
    assert dg.DefaultScheduleStatus.RUNNING == definitions.resolve_schedule_def("morning_schedule").default_status


def test_the_schedule_is_in_the_time_zone_of_the_document() -> None:
    """So 09:00 stays 09:00 in summer; without a zone it is UTC."""
    schedule = definitions_of(DOCUMENT).resolve_schedule_def("morning_schedule")
    assert ("0 9 * * *", "Europe/Berlin") == (schedule.cron_schedule, schedule.execution_timezone)
    other = definitions_of(DOCUMENT.replace("  timezone: Europe/Berlin\n", "")).resolve_schedule_def("morning_schedule")
    assert "UTC" == other.execution_timezone


@pytest.mark.parametrize(
    ("text", "other", "message"),
    [
        ('"0 9 * * *"', '"9 Uhr"', "9 Uhr"),
        ("Europe/Berlin", "Europe/Bonn", "Europe/Bonn"),
        ("'key:\"a\"+'", "'key:'", "key:"),
        ("timezone:", "time_zone:", "time_zone"),
        ("name: morning", "name: 'in the morning'", "name"),
    ],
)
def test_a_mistake_is_named(text: str, other: str, message: str) -> None:
    """The definitions do not load, and the message has the text or the field."""
    assert message in mistakes_in(DOCUMENT.replace(text, other))
