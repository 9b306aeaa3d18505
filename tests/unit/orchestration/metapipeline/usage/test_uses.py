from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlglot

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage import uses
from orchestration.metapipeline.usage.evidence import Evidence, Named, Use
from orchestration.metapipeline.usage.uses import Own, StagedUses, read_uses, uses_query
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.staged_table import StagedTable, staged_event
from tests.fakes.staging import FakeStaging

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

START = datetime(2025, 8, 1, tzinfo=UTC)
OWN = Own(organization="hourglass", jobs=("metapipeline",), assets=("unused_models",), projects=("p",))
TABLE = QualifiedName(Identifier("AWS"), Identifier("dev's"), Identifier("STG"))


def at(hour: int, minute: int = 0) -> datetime:
    """A moment of the first of August, as the columns have it."""
    return datetime(2025, 8, 1, hour, minute)  # noqa: DTZ001 (the columns have no zone)


def found(staged: StagedTable, *events: dict[str, Any], own: Own = OWN) -> Evidence:
    staged.insert(*events)
    return StagedUses(staged.connection, (staged.name,), own).since(START)


def names(evidence: Evidence) -> list[tuple[str, str]]:
    return [(use.named.value, use.used) for use in evidence.uses]


def test_what_events_say_that_they_read_is_a_use(staged: StagedTable) -> None:
    """Names of relations and ids of dbt, with the number of events, first and last time, and the newest event."""
    evidence = found(
        staged,
        staged_event({"reads": ["AWS.DEV.ORDERS", "model.p.orders"]}, event_id="old", occurred_at=at(3)),
        staged_event({"reads": ["model.p.orders", "model.p.orders"]}, event_id="new", occurred_at=at(5, 30)),
        staged_event({"reads": ["model.p.orders"]}, deployment="staging", event_id="other", occurred_at=at(4)),
    )
    first, last = datetime(2025, 8, 1, 3, tzinfo=UTC), datetime(2025, 8, 1, 5, 30, tzinfo=UTC)
    between = datetime(2025, 8, 1, 4, tzinfo=UTC)
    assert (
        Use("acme", "prod", Named.DBT, "model.p.orders", 2, first, last, "new"),
        Use("acme", "prod", Named.RELATION, "AWS.DEV.ORDERS", 1, first, first, "old"),
        Use("acme", "staging", Named.DBT, "model.p.orders", 1, between, between, "other"),
    ) == evidence.uses
    assert ((), True) == (evidence.ignored, evidence.complete)


def test_reads_of_a_wrong_type_are_ignored_and_counted(staged: StagedTable) -> None:
    """They end no query, and the texts beside them count."""
    evidence = found(
        staged,
        staged_event({"reads": ["a.b", 7, None, {"x": "c.d"}, ["e.f"], "", "  ", "x" * 2_000, True]}),
        staged_event({"reads": "a.b"}),
        staged_event({"reads": {"a": "b"}}, organization="globex"),
        staged_event({"reads": 3}),
        staged_event({"reads": None}),
        staged_event({"reads": []}),
        staged_event({}),
    )
    assert [("relation", "a.b")] == names(evidence)
    assert (("acme", 10), ("globex", 1)) == evidence.ignored


def test_the_inputs_that_dagster_recorded_are_uses(staged: StagedTable) -> None:
    """A materialisation names its upstream assets, whatever its asset is."""
    evidence = found(
        staged,
        staged_event({"input_assets": ["aws/orders", "fx"]}, event_type="ASSET_MATERIALIZATION", asset_key="scores"),
    )
    assert [("asset", "aws/orders"), ("asset", "fx")] == names(evidence)


def test_a_loaded_input_shows_its_table(staged: StagedTable) -> None:
    """Dagster's standard metadata names it; without a name there is no use."""
    loaded = {"dagster_event_type": "LOADED_INPUT"}
    evidence = found(
        staged,
        staged_event(loaded | {"metadata": {"dagster/table_name": "AWS.DEV.ORDERS"}}, event_type="ENGINE_EVENT"),
        staged_event(loaded, event_type="ENGINE_EVENT"),
        staged_event({"metadata": {"dagster/table_name": "AWS.DEV.WRITTEN"}}, event_type="ASSET_MATERIALIZATION"),
    )
    assert [("relation", "AWS.DEV.ORDERS")] == names(evidence)


def test_an_observation_by_a_step_that_loaded_it_is_a_use(staged: StagedTable) -> None:
    """An observation of a source, and one of what the step itself writes, are none."""
    loads: dict[str, Any] = {"event_type": "ENGINE_EVENT"}
    observes = {"event_type": "ASSET_OBSERVATION"}
    evidence = found(
        staged,
        staged_event({"dagster_event_type": "LOADED_INPUT"}, step_key="score", **loads),
        staged_event({}, step_key="score", asset_key="aws/orders", **observes),
        staged_event({}, step_key="score", asset_key="scores", **observes),
        staged_event({}, step_key="score", asset_key="scores", event_type="ASSET_MATERIALIZATION"),
        staged_event({}, step_key="look", asset_key="aws/unread", **observes),
        staged_event({}, step_key="score", asset_key="aws/other_run", run_id="run-2", **observes),
    )
    assert [("asset", "aws/orders")] == names(evidence)


def test_our_own_work_is_no_use(staged: StagedTable) -> None:
    """The metapipeline reads everything, and a dbt build reads what its models are made of."""
    reads = {"reads": ["model.p.orders"]}
    evidence = found(
        staged,
        staged_event(reads | {"job": "metapipeline"}, organization="hourglass"),
        staged_event(reads, organization="hourglass", asset_key="unused_models"),
        staged_event({"input_assets": ["orders"], "dbt_model": "model.p.customers"}, asset_key="customers"),
        staged_event(reads | {"dbt_model": "test.p.unique_orders.abc"}),
    )
    assert () == evidence.uses


def test_the_same_names_elsewhere_are_uses(staged: StagedTable) -> None:
    """Another organization's job, another dbt project, and our other jobs."""
    evidence = found(
        staged,
        staged_event({"reads": ["model.p.a"], "job": "metapipeline"}),
        staged_event({"reads": ["model.p.b"], "dbt_model": "model.p2.x"}),
        staged_event({"reads": ["model.p.c"], "job": "export"}, organization="hourglass"),
        staged_event({"reads": ["model.p.d"], "dbt_model": {"model.p.": 1}}),
    )
    assert [("dbt", f"model.p.{name}") for name in "abdc"] == names(evidence)


def test_events_before_the_window_are_not_read(staged: StagedTable) -> None:
    """The published hour decides, not the producer's clock."""
    evidence = found(
        staged,
        staged_event({"reads": ["a.late"]}, replication_hour=datetime(2025, 7, 31, 23)),  # noqa: DTZ001
        staged_event({"reads": ["a.first"]}, replication_hour=at(0), occurred_at=datetime(2025, 7, 1)),  # noqa: DTZ001
    )
    assert [("relation", "a.first")] == names(evidence)


def test_the_uses_of_two_tables_are_added() -> None:
    """One deployment may send events to both streams."""
    row = {
        "ORIGIN": "reads", "ORGANIZATION": "acme", "DEPLOYMENT": "prod", "USED": "a.b", "EVENTS": 2, "ENTRIES": 2,
        "FIRST_AT": at(3), "LAST_AT": at(4), "EXAMPLE": "e1",
    }  # fmt: skip
    both = read_uses([row, row | {"EVENTS": 3, "FIRST_AT": at(1), "LAST_AT": at(2), "EXAMPLE": "e2"}])
    (use,) = both.uses
    assert (5, 1, 4, "e1") == (use.events, use.first_at.hour, use.last_at.hour, use.example)
    with pytest.raises(EventRowError, match="build the models again"):
        read_uses([{"ORIGIN": "reads"}])


def test_more_names_than_are_read_make_the_evidence_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be called unused then."""
    monkeypatch.setattr(uses, "NAMES_MAX", 20)
    row = {
        "ORIGIN": "reads", "ORGANIZATION": "acme", "DEPLOYMENT": "prod", "EVENTS": 1, "ENTRIES": 1,
        "FIRST_AT": at(3), "LAST_AT": at(4), "EXAMPLE": "e1",
    }  # fmt: skip
    rows = [row | {"USED": f"a.b{number}"} for number in range(21)]
    assert StagedUses(FakeStaging(rows[:-1]), (TABLE,)).since(START).complete
    assert not StagedUses(FakeStaging(rows), (TABLE,)).since(START).complete


def test_a_table_that_is_not_there_shows_no_use(staged: StagedTable) -> None:
    """As long as another one is there."""
    other = QualifiedName(staged.name.database, staged.name.schema, Identifier("NOT_BUILT"))
    staged.insert(staged_event({"reads": ["a.b"]}))
    assert [("relation", "a.b")] == names(StagedUses(staged.connection, (other, staged.name)).since(START))
    with pytest.raises(ObjectMissingError):
        StagedUses(staged.connection, (other,)).since(START)


def test_the_staged_hours_are_those_with_an_event(staged: StagedTable) -> None:
    """Of any kind and of anybody; a table that is missing has none."""
    other = QualifiedName(staged.name.database, staged.name.schema, Identifier("NOT_BUILT"))
    staged.insert(*(staged_event({}, replication_hour=at(hour), organization="hourglass") for hour in (0, 3, 3)))
    staged.insert(staged_event({}, replication_hour=datetime(2025, 7, 31, 23)))  # noqa: DTZ001
    hours = StagedUses(staged.connection, (staged.name, other), OWN).hours(START)
    assert (frozenset({START, datetime(2025, 8, 1, 3, tzinfo=UTC)}), frozenset()) == hours


def test_the_question_is_one_statement_whatever_the_names() -> None:
    """A job or a project is text from a configuration, and cannot end it."""
    odd = "x' OR 1=1; DROP TABLE t --"
    (statement,) = sqlglot.parse(uses_query(TABLE, START, Own(odd, (odd,), (odd,), (odd,))), dialect="snowflake")
    assert isinstance(statement, sqlglot.exp.Select)
