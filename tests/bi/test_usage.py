"""Who uses a dashboard, as a real Superset logs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orchestration.metapipeline.bi.superset.tool import Superset
from orchestration.metapipeline.bi.workspace import Report
from tests.bi.conftest import READER
from tests.bi.superset.people import Author, Browser, let_log_begin, let_pass, prune_log, view_without_account
from tests.bi.superset.server import RunningSuperset

LONG_AGO = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def person(server: RunningSuperset, author: Author) -> Browser:
    """Somebody who looks at dashboards."""
    author.person("visitor", "Admin")
    return Browser(server.url, "visitor", "visitor")


@pytest.fixture
def dashboard(author: Author) -> tuple[int, str]:
    """A new dashboard: its id and its UUID."""
    return author.dashboard(f"dashboard {uuid4()}")


@pytest.fixture
def full_log(server: RunningSuperset) -> None:
    """The log begins long before every dashboard of the test."""
    let_log_begin(server.metadata, LONG_AGO - timedelta(days=1))


def _report(superset: Superset, uuid: str) -> Report:
    report = superset.report(uuid)
    assert report is not None
    return report


@pytest.mark.usefixtures("full_log")
def test_one_opening_by_a_person_is_one_view(
    superset: Superset, author: Author, person: Browser, dashboard: tuple[int, str], warehouse: int
) -> None:
    """Opening writes a row of the server and one of the browser; charts that get data are runs."""
    dataset = author.dataset(warehouse, f"seen {uuid4()}", "SELECT id FROM orders")
    chart = author.chart(dataset, dashboard[0])
    before = _report(superset, dashboard[1])

    person.open_dashboard(dashboard[0])
    person.load_chart(chart, dataset, dashboard[0])

    after = _report(superset, dashboard[1])
    assert (0, 0, None, True) == (before.views, before.runs, before.last_run_at, before.never_run)
    assert (1, 1, False) == (after.views, after.runs, after.never_run)
    assert after.last_run_at is not None
    assert after.created_at is not None
    assert after.created_at < after.last_run_at < datetime.now(UTC)


@pytest.mark.usefixtures("full_log")
def test_a_dashboard_opened_from_the_list_has_a_view(
    superset: Superset, person: Browser, dashboard: tuple[int, str]
) -> None:
    """The server sends no page then; only the browser's event shows it."""
    person.mount_dashboard(dashboard[0])
    person.mount_dashboard(dashboard[0])

    assert 2 == _report(superset, dashboard[1]).views


@pytest.mark.usefixtures("full_log")
def test_a_view_without_an_account_counts(
    server: RunningSuperset, superset: Superset, person: Browser, dashboard: tuple[int, str], author: Author
) -> None:
    """A public or embedded dashboard is seen by people without a login."""
    seen_by_both = dashboard[0]
    seen_by_nobody_known, its_uuid = author.dashboard("embedded")
    person.mount_dashboard(seen_by_both)
    view_without_account(server.metadata, seen_by_both, LONG_AGO)
    view_without_account(server.metadata, seen_by_nobody_known, LONG_AGO)

    assert 2 == _report(superset, dashboard[1]).views
    report = _report(superset, its_uuid)
    assert (1, LONG_AGO, False) == (report.views, report.last_run_at, report.never_run)


@pytest.mark.usefixtures("full_log")
def test_rows_of_the_reader_are_no_views(
    server: RunningSuperset, superset: Superset, reader: Author, dashboard: tuple[int, str]
) -> None:
    """Neither what the reader asks the API, nor a dashboard that its account opens by hand."""
    reader.get(f"dashboard/{dashboard[0]}")
    Browser(server.url, READER, READER).open_dashboard(dashboard[0])

    alone = _report(superset, dashboard[1])
    view_without_account(server.metadata, dashboard[0], LONG_AGO)
    seen = _report(superset, dashboard[1])

    assert (0, None, True) == (alone.views, alone.last_run_at, alone.never_run)
    assert (1, LONG_AGO, False) == (seen.views, seen.last_run_at, seen.never_run)


@pytest.mark.usefixtures("full_log")
def test_the_age_is_that_of_the_last_change(
    server: RunningSuperset, superset: Superset, dashboard: tuple[int, str]
) -> None:
    """Superset does not show when a dashboard was made; it is at least as old as its last change."""
    let_pass(server.metadata, dashboard[0], LONG_AGO)

    report = _report(superset, dashboard[1])

    assert (LONG_AGO, 0) == (report.created_at, report.views)


def test_a_log_that_is_younger_than_the_dashboard_leaves_its_use_unknown(
    server: RunningSuperset, superset: Superset, person: Browser, dashboard: tuple[int, str]
) -> None:
    """The retention of the log deletes rows: no row is no proof of no use."""
    person.open_dashboard(dashboard[0])
    prune_log(server.metadata)
    let_pass(server.metadata, dashboard[0], LONG_AGO)

    unknown = _report(superset, dashboard[1])
    person.open_dashboard(dashboard[0])
    seen = _report(superset, dashboard[1])

    assert (None, None, None, False) == (unknown.views, unknown.runs, unknown.last_run_at, unknown.never_run)
    assert (None, False) == (seen.views, seen.never_run)
    assert seen.last_run_at is not None


def test_a_saved_query_that_is_run_has_a_last_run(
    superset: Superset, reader: Author, author: Author, warehouse: int
) -> None:
    """Superset's own `last_run` stays empty; the history has the run of somebody else, not the reader's own."""
    sql, other = f"SELECT '{uuid4()}'", f"SELECT '{uuid4()}'"
    ran, own = reader.saved_query(warehouse, "ran", sql), reader.saved_query(warehouse, "own", other)

    author.run_in_sql_lab(warehouse, sql)
    reader.run_in_sql_lab(warehouse, other)

    queries = {one.id: one for one in superset.read().queries}
    last_run_at = queries[f"saved_query.{ran}"].last_run_at
    assert last_run_at is not None
    assert timedelta(minutes=5) > datetime.now(UTC) - last_run_at
    assert None is queries[f"saved_query.{own}"].last_run_at
