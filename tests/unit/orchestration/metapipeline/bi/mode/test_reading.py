from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.mode_server.faults import FaultKind
from infra.local.mode_server.planted import planted_workspace
from infra.local.mode_server.state import ModeState, Row
from orchestration.metapipeline.bi.workspace import Place, Report, Template
from orchestration.metapipeline.errors import BiError
from tests.unit.orchestration.metapipeline.bi.mode.served import DISCOVERY_SETTINGS, NOW, Serve


def report(token: str, **values: object) -> Row:
    return {"token": token, "name": token, "type": "Report", "archived": False, "space_token": "c1", **values}


def workspace(*reports: Row, **values: Any) -> ModeState:
    return ModeState("depot", collections=[{"token": "c1", "name": "Logistics"}], reports=list(reports), **values)


def test_a_whole_workspace_is_read(serve: Serve) -> None:
    """Every report and query comes once, over all pages, datasets and archived reports included."""
    state = planted_workspace(NOW, reports=200)
    found = serve(state, page_rows=7).tool().read()
    assert {row["token"] for row in state.reports} == {report.id for report in found.reports}
    assert {f"{row['token']}q" for row in state.reports} == {query.id for query in found.queries}
    assert {row["token"] for row in state.reports if row.get("archived")} == {r.id for r in found.reports if r.archived}
    assert ("mode", "depot", Template.LIQUID) == (found.tool, found.name, found.template)
    assert {"parcels": "select * from DEPOT.PARCELS"} == found.definitions
    assert () == found.doubts


def test_a_report_has_the_values_of_mode(serve: Serve) -> None:
    """Counters may be strings; owners are the creator's user name; times are UTC."""
    row = report(
        "r1",
        name="Late parcels",
        created_at="2024-02-01T09:00:00.000+01:00",
        last_run_at="2025-01-02T00:00:00.000Z",
        runs_count="27",
        view_count=6,
        creator="ada",
    )
    mode = serve(workspace(row))
    assert mode.tool().read().reports == (
        Report(
            id="r1",
            name="Late parcels",
            collection="Logistics",
            owners=("ada",),
            url=f"{mode.url}/depot/reports/r1",
            created_at=datetime(2024, 2, 1, 8, tzinfo=UTC),
            last_run_at=datetime(2025, 1, 2, tzinfo=UTC),
            runs=27,
            views=6,
        ),
    )


@pytest.mark.parametrize(
    ("values", "never_run", "runs", "views"),
    [
        ({"last_run_at": None, "runs_count": 0, "view_count": 0}, True, 0, 0),
        ({"last_run_at": None, "runs_count": None, "view_count": None}, False, None, None),
        ({}, False, None, None),
        ({"last_run_at": None, "runs_count": 3}, False, 3, None),
        ({"last_run_at": "2025-01-02T00:00:00Z", "runs_count": 0}, False, 0, None),
    ],
)
def test_missing_counters_are_unknown(
    serve: Serve, values: Row, never_run: bool, runs: int | None, views: int | None
) -> None:
    """A counter that is missing or null is unknown; only "no run" with "0 runs" is never run."""
    (found,) = serve(workspace(report("r1", **values))).tool().read().reports
    assert (never_run, runs, views) == (found.never_run, found.runs, found.views)


def test_null_names_are_empty(serve: Serve) -> None:
    """Names of reports, queries and collections can be null."""
    row = report("r1", name=None, queries=[{"token": "q1", "name": None, "raw_query": None, "data_source_id": None}])
    state = workspace(row)
    state.collections[0]["name"] = None
    found = serve(state).tool().read()
    assert ("", "") == (found.reports[0].name, found.reports[0].collection)
    assert ("", "", Place()) == (found.queries[0].name, found.queries[0].sql, found.queries[0].place)


def test_the_use_of_a_dataset_is_unknown(serve: Serve) -> None:
    """Other reports read a dataset, which its own counters do not show."""
    row = report("r1", type="DatasetReport", runs_count=0, view_count=0, last_run_at="2020-01-01T00:00:00Z")
    del row["archived"]
    (found,) = serve(workspace(row)).tool().read().reports
    assert (None, None, None, False) == (found.runs, found.views, found.last_run_at, found.never_run)


def test_queries_run_where_their_data_source_is(serve: Serve) -> None:
    """Dialect and default database are of the data source; Snowflake's names fold, and others stay."""
    queries = [
        {"token": f"q{number}", "raw_query": "select 1", "data_source_id": source}
        for number, source in enumerate((34, "35", 36))
    ]
    sources: list[Row] = [
        {"token": "s1", "id": "34", "name": "Depot", "adapter": "jdbc:snowflake", "database": "depot"},
        {"token": "s2", "id": 35, "name": "Old", "adapter": "jdbc:postgresql", "database": "Old"},
    ]
    state = workspace(report("r1", queries=queries), data_sources=sources)
    found = serve(state).tool(default_schemas={"Depot": "raw"}).read().queries
    assert [
        Place("snowflake", "DEPOT", "RAW"),
        Place("postgres", "Old", None),
        Place("snowflake", None, None),
    ] == [query.place for query in found]


def test_queries_beyond_the_first_page_are_read(serve: Serve) -> None:
    """A report may have more queries than a page, with or without its own count of them."""
    rows = [{"token": f"q{number:03d}", "raw_query": "select 1"} for number in range(70)]
    state = workspace(report("r1", queries=rows, query_count=70), report("r2", queries=[]))
    state.reports[1]["queries"] = [dict(row, token=f"z{row['token']}") for row in rows]
    state.reports.append(report("r3", queries=[dict(row, token=f"y{row['token']}") for row in rows], query_count=30))
    assert 210 == len(serve(state).tool().read().queries)


def test_reading_reports_its_progress(serve: Serve) -> None:
    """The last step of each stage has all of it done."""
    mode = serve()
    mode.tool().read()
    assert {"collections": 2, "reports": 2, "queries": 20} == {step.stage: step.done for step in mode.progress}
    assert all(step.done <= step.total for step in mode.progress)


def test_all_collections_are_asked_for(serve: Serve) -> None:
    """Without its filter Mode lists only the collections that the owner of the token has joined."""
    state = planted_workspace(NOW, reports=4, collections=2)
    state.collections[1]["restricted"] = True
    assert 4 == len(serve(state).tool().read().reports)


def test_fewer_collections_than_discovery_has_is_a_doubt(serve: Serve) -> None:
    """Restricted collections of others are missing from Mode's list, which looks whole."""
    state = planted_workspace(NOW, reports=4, collections=2)
    state.collections[1]["hidden"] = True
    mode = serve(state, discovery=True)
    (doubt,) = mode.tool(**DISCOVERY_SETTINGS).read().doubts
    assert "1 of 2 collections" in doubt
    assert () == mode.tool().read().doubts


def test_private_collections_can_be_left_out(serve: Serve) -> None:
    """Each person has one, which no other token reads: whoever accepts that can say so."""
    state = planted_workspace(NOW, reports=4, collections=2)
    state.collections[1] |= {"hidden": True, "space_type": "private"}
    mode = serve(state, discovery=True)
    assert 1 == len(mode.tool(**DISCOVERY_SETTINGS).read().doubts)
    assert () == mode.tool(**DISCOVERY_SETTINGS, ignore_private_collections=True).read().doubts


def test_discovery_knows_owners_and_views(serve: Serve) -> None:
    """Discovery has the address of the creator, and views that the management API may lack."""
    row = report("r1", creator="ada", creator_email="ada@example.com", runs_count=3)
    state = workspace(row)
    mode = serve(state, discovery=True)
    mode.fault(FaultKind.BODY, "GET /batch/depot/report_stats", times=2, status=200, body=stats("r1", 93))
    tool = mode.tool(**DISCOVERY_SETTINGS)
    (found,) = tool.read().reports
    assert (("ada@example.com", "ada"), 3, 93) == (found.owners, found.runs, found.views)
    again = tool.report("r1")
    assert again is not None
    assert 93 == again.views


def test_views_of_an_older_edition_of_discovery(serve: Serve) -> None:
    """An older edition calls the views `view_count`."""
    mode = serve(workspace(report("r1")), discovery=True)
    body = stats("r1", 93)
    body["report_stats"][0] = {"report_token": "r1", "view_count": 5}
    mode.fault(FaultKind.BODY, "GET /batch/depot/report_stats", status=200, body=body)
    assert 5 == mode.tool(**DISCOVERY_SETTINGS).read().reports[0].views


def stats(token: str, views: int) -> Row:
    return {
        "pagination": {"page": 1, "per_page": 1000, "count": 1, "total_pages": 1, "total_count": 1},
        "report_stats": [{"report_token": token, "total_views_count": views}],
        # the documented links point behind the last page and to the page itself
        "_links": {"next_page": {"href": "/batch/depot/report_stats?page=2"}},
    }


def test_discovery_that_sends_less_than_its_total_is_an_error(serve: Serve) -> None:
    """Its total can be checked."""
    mode = serve(workspace(report("r1")), discovery=True)
    body = stats("r1", 93)
    body["pagination"]["total_count"] = 5
    mode.fault(FaultKind.BODY, "GET /batch/depot/report_stats", status=200, body=body)
    with pytest.raises(BiError, match="1 of 5 rows came; run again"):
        mode.tool(**DISCOVERY_SETTINGS).read()


def test_half_a_list_of_reports_is_a_doubt(serve: Serve) -> None:
    """A report that Discovery has, and that can be read, is missing from its collection's list."""
    mode = serve(discovery=True)
    mode.fault(FaultKind.HALF, r"GET /api/depot/collections/c0+/reports\?page=1")
    (doubt,) = mode.tool(**DISCOVERY_SETTINGS).read().doubts
    assert "not in the lists of their collections" in doubt


def test_a_deleted_report_that_discovery_still_has_is_no_doubt(serve: Serve) -> None:
    """Discovery lags behind."""
    mode = serve(discovery=True)
    ghost = dict(mode.server.state.reports[0], token="gone")
    total = len(mode.server.state.reports) + 1
    rows = [*mode.server.state.reports, ghost]
    pages = {"page": 1, "total_pages": 1, "total_count": total}
    mode.fault(FaultKind.BODY, "GET /batch/depot/reports", status=200, body={"pagination": pages, "reports": rows})
    assert () == mode.tool(**DISCOVERY_SETTINGS).read().doubts


def test_half_of_the_queries_is_a_doubt(serve: Serve) -> None:
    """A report says how many queries it has."""
    mode = serve()
    mode.fault(FaultKind.HALF, "GET /api/depot/reports/r0+1/queries", times=2)
    (doubt,) = mode.tool().read().doubts
    assert "0 of 1 queries of the report r00000000001 can be read" in doubt


def test_without_discovery_a_reading_is_doubtful_if_configured(serve: Serve) -> None:
    """Whoever needs certainty about restricted collections requires Discovery."""
    (doubt,) = serve().tool(require_discovery=True).read().doubts
    assert "restricted collections may be missing" in doubt


def test_a_page_that_repeats_is_a_doubt(serve: Serve) -> None:
    """A list that goes round ends, and may be incomplete."""
    mode = serve(page_rows=3)
    mode.fault(FaultKind.REPEATED, r"GET /api/depot/collections/c0+/reports", times=99)
    (doubt,) = mode.tool().read().doubts
    assert "a page repeats" in doubt


def test_a_list_that_moves_is_read_again(serve: Serve) -> None:
    """A report that came twice shows that others may have been skipped."""
    mode = serve(page_rows=3)
    doubled = {"_embedded": {"reports": [report("r00000000000"), report("new")]}}
    mode.fault(FaultKind.BODY, r"GET /api/depot/collections/c0+/reports\?page=2", status=200, body=doubled)
    found = mode.tool().read()
    assert () == found.doubts
    assert 20 == len(found.reports)
    mode.fault(FaultKind.BODY, r"GET /api/depot/collections/c0+/reports\?page=2", times=9, status=200, body=doubled)
    assert "the list changes while it is read" in mode.tool().read().doubts[0]


def test_an_endless_list_is_an_error(serve: Serve) -> None:
    """A list ends, at the latest at the limit of the settings."""
    with pytest.raises(BiError, match="more than 2 pages"):
        serve(page_rows=3).tool(pages_max=2).read()


@pytest.mark.parametrize("status", [403, 404])
def test_a_collection_that_is_refused_is_a_doubt(serve: Serve, status: int) -> None:
    """The others are read; nothing is archived from such a reading."""
    mode = serve()
    mode.fault(FaultKind.STATUS, "GET /api/depot/collections/c0+1/reports", status=status)
    found = mode.tool().read()
    assert 1 == len(found.doubts)
    assert f"'Collection 1' may be incomplete: HTTP {status}" in found.doubts[0]


def test_a_definition_with_two_texts_is_a_doubt(serve: Serve) -> None:
    """Queries name definitions; which of the two is meant is unknown."""
    mode = serve()
    mode.server.state.definitions.append({"token": "d2", "name": "parcels", "source": "select 2"})
    assert ("two definitions have the name 'parcels'",) == mode.tool().read().doubts


def test_an_empty_workspace_is_read(serve: Serve) -> None:
    """The first page may lack its key, too."""
    found = serve(ModeState("depot")).tool().read()
    assert ((), (), ()) == (found.reports, found.queries, found.doubts)


def test_one_report_is_read_again(serve: Serve) -> None:
    """It has the values of the reading; a missing one is None."""
    mode = serve()
    tool = mode.tool()
    first = tool.read().reports[0]
    again = tool.report(first.id)
    assert again is not None
    assert (first.last_run_at, first.runs, first.views) == (again.last_run_at, again.runs, again.views)
    assert tool.report("missing") is None


def test_changes_are_idempotent(serve: Serve) -> None:
    """To archive an archived report, or to delete a missing one, succeeds."""
    mode = serve()
    tool, token = mode.tool(), "r00000000001"
    for _ in range(2):
        tool.archive(token, NOW)
    assert mode.server.state.find(token)["archived"]  # type: ignore[index]
    for _ in range(2):
        tool.unarchive(token)
    assert not mode.server.state.find(token)["archived"]  # type: ignore[index]
    for _ in range(2):
        tool.delete(token)
    assert mode.server.state.find(token) is None
