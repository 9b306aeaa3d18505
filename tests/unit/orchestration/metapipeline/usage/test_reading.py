from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlglot

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage.model_runs import EVENT_TYPES, ModelEvent, StepOf
from orchestration.metapipeline.usage.reading import StagedEvents, events_query
from producers.events import EventType
from snowflake_components.errors import SnowflakeUnavailableError
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.staged_table import StagedTable, staged_event
from tests.fakes.staging import FakeStaging

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

TABLE = QualifiedName(Identifier("AWS"), Identifier("dev's"), Identifier("STG_PLATFORM_EVENTS"))
ROW = {
    "ORGANIZATION": "acme",
    "DEPLOYMENT": "prod",
    "SHARD": None,
    "RUN_ID": "run-1",
    "STEP_KEY": "stg_orders",
    "EVENT_TYPE": "STEP_SUCCESS",
    "OCCURRED_AT": datetime(2025, 8, 1, 3, 10, 0, 500_000),  # noqa: DTZ001 (as Snowflake gives a TIMESTAMP_NTZ)
    "REPLICATION_HOUR": datetime(2025, 8, 1, 3),  # noqa: DTZ001 (the column has no zone)
    "PARTITION_KEY": "2025-08-01",
    "DBT_MODEL": "model.p.stg_orders",
    "DURATION_SECONDS": 1.5,
}


def test_a_row_becomes_an_event_in_utc() -> None:
    """The staging model has UTC times without a zone."""
    assert (
        ModelEvent(
            StepOf("acme", "prod", None, "run-1", "stg_orders"),
            "STEP_SUCCESS",
            "model.p.stg_orders",
            datetime(2025, 8, 1, 3, 10, 0, 500_000, UTC),
            datetime(2025, 8, 1, 3, tzinfo=UTC),
            1.5,
            "2025-08-01",
        ),
    ) == StagedEvents(FakeStaging([ROW]), (TABLE,)).about_models(30)


def test_an_empty_table_gives_no_events() -> None:
    """An empty table, before the first published hour, is not an error."""
    assert StagedEvents(FakeStaging(), (TABLE,)).about_models(30) == ()


def test_the_question_names_the_table_in_quotes_and_the_types_of_the_contract() -> None:
    """It is one statement of Snowflake's dialect; a name cannot end it."""
    (statement,) = sqlglot.parse(events_query(TABLE, 30), dialect="snowflake")
    assert statement is not None
    tables = {(table.catalog, table.db, table.name) for table in statement.find_all(sqlglot.exp.Table)}
    assert {("AWS", "dev's", "STG_PLATFORM_EVENTS")} == tables
    assert set(EVENT_TYPES) <= set(EventType)


@pytest.mark.parametrize("row", [{**ROW, "OCCURRED_AT": None}, {"ORGANIZATION": "acme"}])
def test_a_row_that_the_model_does_not_promise_is_refused(row: dict[str, object]) -> None:
    """A guess would hide a change of the model."""
    with pytest.raises(EventRowError, match="build the models again"):
        StagedEvents(FakeStaging([row]), (TABLE,)).about_models(30)


def test_a_snowflake_that_is_away_is_retried() -> None:
    """Reading changes nothing, so it is safe to repeat."""
    away = FakeStaging([ROW], failures=[SnowflakeUnavailableError("away"), SnowflakeUnavailableError("away")])
    assert len(StagedEvents(away, (TABLE,)).about_models(30)) == 1


def test_an_event_with_any_payload_does_not_end_the_reading(staged: StagedTable) -> None:
    """The contract lets a producer write any JSON value: an odd duration is unknown, an odd model is none."""
    durations = [2.5, "2.5", "n/a", "x" * 100_000, {"a": [1]}, [1.0], True, None, "NaN", "-inf", 1e300, -4]
    models = [{"a": "model.p.m"}, ["model.p.m"], 7, True, None, "", "orders", "model.p.", "model.p." + "m" * 600]
    staged.insert(
        *(staged_event({"dbt_model": "model.p.m", "duration_seconds": value}) for value in durations),
        *(staged_event({"dbt_model": value}) for value in models),
        staged_event({"dbt_model": "snapshot.p.a.b.v2"}, partition_key="p1"),
    )
    events = StagedEvents(staged.connection, (staged.name,)).about_models(30)
    assert [2.5, 2.5, *[None] * 8, 1e300, -4] == [event.duration_seconds for event in events[:-1]]
    assert {"model.p.m"} == {event.model for event in events[:-1]}
    assert ("snapshot.p.a.b.v2", "p1") == (events[-1].model, events[-1].partition)


def test_what_is_ignored_is_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost silently."""
    rows = [ROW, {**ROW, "DBT_MODEL": "orders"}, {**ROW, "DBT_MODEL": None}]
    with caplog.at_level("WARNING"):
        assert 1 == len(StagedEvents(FakeStaging(rows), (TABLE,)).about_models(30))
    assert "2 events are ignored" in caplog.text
