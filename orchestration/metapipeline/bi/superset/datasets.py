"""The SQL of datasets, by the dashboards that show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from orchestration.metapipeline.bi.superset.answers import ChartRow, DatasetRow
from orchestration.metapipeline.bi.superset.places import stored, within
from orchestration.metapipeline.bi.workspace import Place, Query

_DATASET = "table"
"""How a chart calls a dataset."""


def dashboards_of_datasets(charts: Iterable[ChartRow]) -> Mapping[int, frozenset[int]]:
    """Return the ids of the dashboards whose charts read a dataset, by the id of the dataset.

    Filters of dashboards, which can read datasets of their own, are not in the list of charts.
    """
    found: defaultdict[int, set[int]] = defaultdict(set)
    for chart in charts:
        if chart.datasource_id is not None and chart.datasource_type == _DATASET:
            found[chart.datasource_id].update(dashboard.id for dashboard in chart.dashboards)
    return {dataset: frozenset(dashboards) for dataset, dashboards in found.items()}


def dataset_queries(
    datasets: Iterable[DatasetRow],
    shown_by: Mapping[int, frozenset[int]],
    reports: Mapping[int, str],
    places: Mapping[int, Place],
) -> Iterator[Query]:
    """Return a query for each dataset and each dashboard that shows it; a dataset on no dashboard is one query.

    The id is `dataset.<uuid>`, and on a dashboard `dataset.<uuid>.<uuid of the dashboard>`: it does not change when
    other dashboards come or go.

    Args:
        datasets: virtual ones have SQL, a physical one reads its table.
        shown_by: ids of dashboards by dataset.
        reports: ids of the reports by dashboard.
        places: of the connections, by id.
    """
    for dataset in datasets:
        place = within(places.get(dataset.database.id, Place("")), dataset.catalog, dataset.schema_name)
        sql = (dataset.sql or "") if dataset.kind == "virtual" else table_sql(dataset, place.dialect)
        if not sql.strip():
            continue
        identity = f"dataset.{dataset.uuid}"
        shown = sorted(reports[one] for one in shown_by.get(dataset.id, ()) if one in reports)
        for report in shown:
            yield Query(f"{identity}.{report}", report, dataset.table_name, sql, place)
        if not shown:
            yield Query(identity, None, dataset.table_name, sql, place)


def table_sql(dataset: DatasetRow, dialect: str) -> str:
    """Return the SQL that a chart on a table reads: its columns are the chart's, its relation is the dataset's."""
    from sqlglot import exp  # noqa: PLC0415 (a slow import, which other tools do not need)

    def part(name: str | None) -> exp.Identifier | None:
        return exp.to_identifier(stored(dialect, name), quoted=True) if name else None

    table = exp.Table(this=part(dataset.table_name), db=part(dataset.schema_name), catalog=part(dataset.catalog))
    return exp.select("*").from_(table).sql(dialect=dialect)
