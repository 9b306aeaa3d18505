"""What one reading of a real Superset finds."""

from __future__ import annotations

from uuid import uuid4

from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.bi.superset.tool import Superset, open_superset
from orchestration.metapipeline.bi.workspace import Place, Query, Template
from tests.bi.superset.people import Author


def test_a_dashboard_is_a_report_with_the_queries_of_its_charts(
    superset: Superset, author: Author, warehouse: int
) -> None:
    """A virtual dataset has its author's SQL, a physical one reads its table; both belong to the dashboard."""
    sql = "SELECT id FROM orders WHERE day = '{{ ds }}' -- of today"
    virtual, physical = author.dataset(warehouse, "daily", sql), author.dataset(warehouse, "events")
    dashboard, uuid = author.dashboard("Orders of today")
    author.chart(virtual, dashboard)
    author.chart(virtual, dashboard)
    author.chart(physical, dashboard)

    workspace = superset.read()

    assert ("superset", "superset", Template.JINJA, ()) == (
        workspace.tool,
        workspace.name,
        workspace.template,
        workspace.doubts,
    )
    report = next(one for one in workspace.reports if one.id == uuid)
    assert "Orders of today" == report.name
    assert ("admin@example.com",) == report.owners
    assert f"{superset.settings.root}/superset/dashboard/{dashboard}/" == report.url
    place = Place("sqlite", None, "main")
    shown = {(one.name, one.sql, one.place) for one in workspace.queries if one.report == uuid}
    assert {("daily", sql, place), ("events", 'SELECT * FROM "main"."events"', place)} == shown


def test_a_dataset_on_two_dashboards_is_a_query_of_each(superset: Superset, author: Author, warehouse: int) -> None:
    """The id of a query stays when another dashboard shows the same dataset."""
    dataset = author.dataset(warehouse, f"shared {uuid4()}", "SELECT id FROM orders")
    first, first_uuid = author.dashboard("First")
    author.chart(dataset, first)
    before = {one.id for one in superset.read().queries if one.report == first_uuid}
    second, second_uuid = author.dashboard("Second")
    author.chart(dataset, second)

    queries = [one for one in superset.read().queries if one.report in {first_uuid, second_uuid}]

    assert before == {one.id for one in queries if one.report == first_uuid}
    assert {first_uuid, second_uuid} == {one.report for one in queries}
    assert 2 == len({one.id for one in queries})


def test_what_no_dashboard_shows_is_a_query_without_a_report(
    superset: Superset, author: Author, reader: Author, warehouse: int
) -> None:
    """Saved queries of the reader, and datasets that only charts outside of dashboards read."""
    saved = reader.saved_query(warehouse, "mine", "select * from {{ table }}")
    name = f"alone {uuid4()}"
    author.chart(author.dataset(warehouse, name, "SELECT id FROM events"))

    queries = {one.name: one for one in superset.read().queries}

    place = Place("sqlite", None, "main")
    assert Query(f"saved_query.{saved}", None, "mine", "select * from {{ table }}", place) == queries["mine"]
    assert (None, "SELECT id FROM events") == (queries[name].report, queries[name].sql)


def test_statements_of_sql_lab_are_queries(superset: Superset, author: Author, warehouse: int) -> None:
    """Superset hides the saved queries of others from the reader; where they are run, their statement is a query."""
    sql = f"SELECT '{uuid4()}'"
    author.saved_query(warehouse, "of another account", sql)
    assert not [one for one in superset.read().queries if one.sql == sql]

    author.run_in_sql_lab(warehouse, f"{sql};")
    author.run_in_sql_lab(warehouse, f"{sql} ")

    (found,) = (one for one in superset.read().queries if sql in one.sql)
    assert None is found.report
    assert Place("sqlite", None, "main") == found.place


def test_all_rows_come_though_the_server_sends_fewer_than_asked(
    settings: SupersetSettings, reader: Author, warehouse: int
) -> None:
    """The server clips a page to 100 rows without a word; the reader trusts the count."""
    made = {f"saved_query.{reader.saved_query(warehouse, f'many {n}', f'SELECT {n}')}" for n in range(105)}

    greedy = open_superset(settings.model_copy(update={"page_size": 1_000})).read()
    modest = open_superset(settings.model_copy(update={"page_size": 60})).read()

    assert made <= {one.id for one in greedy.queries}
    assert greedy.queries == modest.queries
    assert () == greedy.doubts
