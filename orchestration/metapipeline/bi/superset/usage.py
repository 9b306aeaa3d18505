"""Who uses a dashboard, from the log of Superset, which has no counters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count

from orchestration.metapipeline.bi.superset.answers import LogRow, RunRow
from orchestration.metapipeline.bi.superset.api import Filter, Listing, Page, SupersetApi

_LOG = Listing("log", LogRow, ("dttm",), ("dttm", "desc"))
_LOG_FROM_START = Listing("log", LogRow, ("dttm",), ("dttm", "asc"))
_HISTORY = Listing(
    "query",
    RunRow,
    ("id", "sql", "database.id", "schema", "user.id", "status", "start_time"),
    ("start_time", "desc"),
)
_HISTORY_PAGE = 100
_MOUNTED = (Filter("action", "eq", "log"), Filter("json", "ct", "mount_dashboard"))
_PAGE_SERVED = (Filter("action", "eq", "dashboard"),)
_CHART_RUN = (Filter("action", "eq", "ChartDataRestApi.data"),)


@dataclass(frozen=True, slots=True)
class Usage:
    """Use of one dashboard by others than the reader. None is unknown.

    Args:
        views: how often it was opened.
        runs: how often one of its charts got data on it.
        last_at: of the newest view or run.
        none_at_all: the log covers the time since the dashboard's last change, and has neither.
    """

    views: int | None
    runs: int | None
    last_at: datetime | None
    none_at_all: bool


@dataclass(frozen=True, slots=True)
class UsageLog:
    """The log, as one reader counts in it.

    Args:
        api: of the server.
        reader: id of the reader's account, whose rows do not count.
        first_at: of the oldest row; None when the log is empty.
    """

    api: SupersetApi
    reader: int
    first_at: datetime | None

    def of(self, dashboard: int, since: datetime | None) -> Usage:
        """Count the rows of one dashboard.

        Args:
            dashboard: its id.
            since: the dashboard exists at least since then; None is unknown.
        """
        return usage_of(
            mounted=self._newest(dashboard, _MOUNTED),
            page_served=self._newest(dashboard, _PAGE_SERVED),
            chart_run=self._newest(dashboard, _CHART_RUN),
            covered=since is not None and self.first_at is not None and self.first_at <= since,
        )

    def _newest(self, dashboard: int, rows: tuple[Filter, ...]) -> Page[LogRow]:
        filters = (*rows, Filter("dashboard_id", "eq", dashboard), Filter("user_id", "neq", self.reader))
        return self.api.page(_LOG, filters=filters, size=1)


def open_log(api: SupersetApi, reader: int) -> UsageLog:
    """Find the first row of the log.

    Raises:
        BiError: the account may not read the log.
    """
    first = api.page(_LOG_FROM_START, size=1).rows
    return UsageLog(api, reader, first[0].dttm if first else None)


def usage_of(*, mounted: Page[LogRow], page_served: Page[LogRow], chart_run: Page[LogRow], covered: bool) -> Usage:
    """Compute the use from what the log has of one dashboard; each page has the newest row, and the count of all.

    One opening writes a row when the server sends the page and another when the browser shows it; either can be missing
    (a dashboard opened from the list, a browser that blocks the second). So the greater count is that of the views.

    Args:
        mounted: rows of the browser.
        page_served: rows of the server.
        chart_run: rows of charts that got data.
        covered: whether the log begins before the dashboard; if not, counts are unknown.
    """
    views = max(mounted.count, page_served.count)
    moments = [row.dttm for page in (mounted, page_served, chart_run) for row in page.rows]
    return Usage(
        views=views if covered else None,
        runs=chart_run.count if covered else None,
        last_at=max(moments, default=None),
        none_at_all=covered and not views and not chart_run.count,
    )


def read_history(api: SupersetApi, reader: int, rows_max: int) -> tuple[RunRow, ...]:
    """Read the newest runs of SQL Lab by others than the reader, at most about `rows_max`; the newest comes first."""
    found: dict[int, RunRow] = {}
    for number in count():
        if number * _HISTORY_PAGE >= rows_max:
            break
        page = api.page(_HISTORY, number=number, size=_HISTORY_PAGE)
        found |= {row.id: row for row in page.rows}
        if not page.rows or len(found) >= page.count:
            break
    return tuple(row for row in found.values() if row.user is None or row.user.id != reader)
