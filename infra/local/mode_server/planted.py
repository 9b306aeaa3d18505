"""Workspaces with reports whose state is known: some stale by each rule, some at its boundary, some used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.local.mode_server.state import ModeState, Row, stamp

_DATA_SOURCE = 34
_KINDS = ("used", "used", "used", "not_run", "low_usage", "boundary", "never_run", "unknown", "archived", "dataset")
STALE_KINDS = frozenset({"not_run", "low_usage", "never_run"})
"""The kinds of planted reports that the default rule finds."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How a report is used; ages in days, None is unknown."""

    age: int
    last_run: int | None
    runs: int | None
    views: int | None


USAGE = {
    "used": Usage(400, 2, 350, 90),
    "not_run": Usage(400, 101, 40, 60),
    "low_usage": Usage(61, 20, 4, 4),
    "boundary": Usage(60, 59, 4, 4),
    "never_run": Usage(150, None, 0, 9),
    "unknown": Usage(90, 20, None, None),
    "archived": Usage(500, 300, 3, 2),
    "dataset": Usage(400, 300, 1, 0),
}


def planted_workspace(now: datetime, reports: int = 200, collections: int = 6) -> ModeState:
    """Build a workspace whose report `r0007…` has the kind that its name begins with."""
    rows = [
        report_row(f"r{number:011d}", _KINDS[number % len(_KINDS)], now, f"c{number % collections:011d}")
        for number in range(reports)
    ]
    return ModeState(
        "depot",
        collections=[
            collection_row(f"c{number:011d}", f"Collection {number}", number) for number in range(collections)
        ],
        reports=rows,
        definitions=[definition_row("parcels", "select * from DEPOT.PARCELS")],
        data_sources=[data_source_row("DEPOT")],
    )


def report_row(token: str, kind: str, now: datetime, collection: str) -> Row:
    """Build a report of a kind, with one query."""
    usage = USAGE[kind]
    usage = USAGE[kind]
    row: Row = {
        "token": token,
        "id": int(token[-8:]),
        "name": f"{kind} {token}",
        "description": None,
        "created_at": stamp(now - timedelta(days=usage.age)),
        "updated_at": stamp(now - timedelta(days=usage.age)),
        "last_run_at": None if usage.last_run is None else stamp(now - timedelta(days=usage.last_run)),
        "type": "DatasetReport" if kind == "dataset" else "Report",
        "archived": kind == "archived",
        "space_token": collection,
        "account_username": "depot",
        "query_count": 1,
        "runs_count": usage.runs,
        "view_count": usage.views,
        "creator": f"person{int(token[-8:]) % 3}",
        "creator_email": f"person{int(token[-8:]) % 3}@example.com",
        "queries": [query_row(f"{token}q", "select * from {{ @parcels as p }}")],
    }
    if kind == "unknown":  # both spellings of unknown
        del row["runs_count"]
    if kind == "dataset":
        del row["archived"]
    return row


def query_row(token: str, text: str) -> Row:
    """Build a query."""
    return {"token": token, "id": 1, "name": "Query 1", "raw_query": text, "data_source_id": _DATA_SOURCE}


def collection_row(token: str, name: str, number: int) -> Row:
    """Build a collection that everybody sees."""
    return {"token": token, "id": number, "name": name, "state": "active", "restricted": False}


def definition_row(name: str, source: str) -> Row:
    """Build a definition."""
    return {"token": f"d-{name}", "id": 1, "name": name, "source": source, "data_source_id": _DATA_SOURCE}


def data_source_row(database: str) -> Row:
    """Build a connection to Snowflake."""
    return {
        "token": "s1",
        "id": _DATA_SOURCE,
        "name": "Warehouse",
        "adapter": "jdbc:snowflake",
        "database": database,
    }
