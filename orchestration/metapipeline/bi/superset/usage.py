"""Who uses a dashboard, from the log of Superset, which has no counters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from orchestration.metapipeline.bi.superset.answers import LogRow, RunRow
from orchestration.metapipeline.bi.superset.api import Filter, Listing, Page, SupersetApi

_LOG = Listing("log", LogRow, ("dttm", "user_id"), ("dttm", "desc"))
_LOG_FROM_START = Listing("log", LogRow, ("dttm", "user_id"), ("dttm", "asc"))
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
        used_by_reader: whether the reader's account itself has views or runs.
    """

    api: SupersetApi
    reader: int
    first_at: datetime | None
    used_by_reader: bool

    def of(self, dashboard: int, since: datetime | None) -> Usage:
        """Count the rows of one dashboard.

        One opening writes a row of the browser and one of the server. The second is missing for a dashboard that is
        opened from the list, so it counts only where the first is blocked.

        Args:
            dashboard: its id.
            since: the dashboard exists at least since then; None is unknown.
        """
        mounted = self._by_others(dashboard, _MOUNTED)
        return usage_of(
            views=mounted if mounted.count else self._by_others(dashboard, _PAGE_SERVED),
            runs=self._by_others(dashboard, _CHART_RUN),
            covered=since is not None and self.first_at is not None and self.first_at <= since,
        )

    def _by_others(self, dashboard: int, kind: tuple[Filter, ...]) -> Page[LogRow]:
        """Return the count of rows by others, and the newest of them.

        A condition "another account" would leave out the rows without an account, of public and embedded dashboards.
        """
        filters = (*kind, Filter("dashboard_id", "eq", dashboard))
        everybody = self.api.page(_LOG, filters=filters, size=1)
        if not self.used_by_reader:
            return everybody
        own = self.api.page(_LOG, filters=(*filters, Filter("user_id", "eq", self.reader)), size=1)
        newest = next((row for row in self._newest_first(filters) if row.user_id != self.reader), None)
        return Page(max(everybody.count - own.count, 0), (newest,) if newest else ())

    def _newest_first(self, filters: tuple[Filter, ...]) -> Iterator[LogRow]:
        for number in count():
            page = self.api.page(_LOG, filters=filters, number=number)
            if not page.rows:
                return
            yield from page.rows


def open_log(api: SupersetApi, reader: int) -> UsageLog:
    """Find the first row of the log, and whether the reader's account has used a dashboard.

    Raises:
        BiError: the account may not read the log.
    """
    first = api.page(_LOG_FROM_START, size=1).rows
    own = Filter("user_id", "eq", reader)
    kinds = (_MOUNTED, _PAGE_SERVED, _CHART_RUN)
    used_by_reader = any(api.page(_LOG, filters=(*kind, own), size=1).count for kind in kinds)
    return UsageLog(api, reader, first[0].dttm if first else None, used_by_reader)


def usage_of(*, views: Page[LogRow], runs: Page[LogRow], covered: bool) -> Usage:
    """Compute the use from what the log has of one dashboard.

    Args:
        views: the newest one, and the count of all.
        runs: likewise.
        covered: whether the log begins before the dashboard; if not, counts are unknown.
    """
    return Usage(
        views=views.count if covered else None,
        runs=runs.count if covered else None,
        last_at=max((row.dttm for row in (*views.rows, *runs.rows)), default=None),
        none_at_all=covered and not views.count and not runs.count,
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
