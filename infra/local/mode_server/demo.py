"""The Mode workspace of the demo: 12 reports over the demo's dbt models, three of them stale."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from infra.local.mode_server.planted import (
    collection_row,
    data_source_row,
    definition_row,
    query_row,
    report_row,
)
from infra.local.mode_server.state import ModeState

_SINCE = """
select organization, sum(events) from PLACE.usage_by_organization_hour where hour >= '{{ from }}' group by 1
{% form %}
from:
  type: date
  default: 2025-08-01
{% endform %}
"""
_INVOICES = """
with usage as (select * from PLACE.usage_by_organization_hour)
select organization, sum(events) from usage group by 1
"""
_REPORTS = (
    ("Usage by organization", "finance", "used", _SINCE),
    ("Invoices", "finance", "used", _INVOICES),
    ("Failures by hour", "operations", "used", "select hour, sum(failures) from {{ @failing_hours as f }} group by 1"),
    ("Runs by day", "operations", "used", "select day, sum(runs), sum(failed) from PLACE.runs_by_day group by day"),
    (
        "Slowest steps",
        "operations",
        "used",
        "select step_key, seconds from PLACE.steps qualify row_number() over (order by seconds desc) <= 10",
    ),
    (
        "Health of assets",
        "operations",
        "used",
        'select * from PLACE."ASSET_HEALTH" where failing_checks > 0 -- not PLACE.slow_steps',
    ),
    (
        "Failed checks",
        "operations",
        "used",
        (
            "{% if organization %} select * from PLACE.failed_checks_by_day where organization = '{{ organization }}' "
            "{% else %} select day, sum(failed) from PLACE.failed_checks_by_day group by day {% endif %}"
        ),
    ),
    ("Growth", "finance", "used", "select * from PLACE.active_organizations_by_day order by day"),
    ("Launch week", "finance", "not_run", "select count(*) from PLACE.stg_platform_events"),
    ("Untitled", "operations", "low_usage", "select count(*) from PLACE.stg_dagster_events"),
    ("Never opened", "finance", "never_run", "select * from PLACE.event_counts_by_hour"),
    ("Notes", "operations", "used", ""),
)
"""Name, collection, kind of usage, and the text of the query; a report may have none."""


def demo_workspace(now: datetime, database: str = "AWS", schema: str = "DEV") -> ModeState:
    """Build the workspace of the demo, whose queries read the models in `database`.`schema`."""
    place = f"{database}.{schema}"
    rows = []
    for number, (name, collection, kind, text) in enumerate(_REPORTS):
        row = report_row(f"demo{number:08d}", kind, now, collection)
        queries = [query_row(f"{row['token']}q1", text.replace("PLACE", place))] if text else []
        rows.append(row | {"name": name, "queries": queries, "query_count": len(queries)})
    failing = "select hour, failures from PLACE.usage_by_organization_hour where failures > 0"
    return ModeState(
        "hourglass",
        collections=[collection_row("finance", "Finance", 1), collection_row("operations", "Operations", 2)],
        reports=rows,
        definitions=[definition_row("failing_hours", failing.replace("PLACE", place))],
        data_sources=[data_source_row(database)],
    )


def workspace_of(file: Path) -> ModeState:
    """Load a workspace; write that of the demo where there is none."""
    if not file.exists():
        state = demo_workspace(datetime.now(UTC))
        state.file = file
        state.save()
    return ModeState.load(file)
