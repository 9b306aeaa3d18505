"""The assets that one run of an hour materialises."""

from __future__ import annotations

from typing import Any

import dagster as dg

from orchestration.landing.partitions import EXTERNAL_TABLE, LANDED_HOUR, PUBLISHED_HOUR, STAGE, hourly_partitions


class HourlyDownstream(dg.AssetSelection):
    """Select what is downstream of `published_hour` and has the same hourly partitions."""

    def resolve_inner(self, asset_graph: Any, allow_missing: bool) -> set[dg.AssetKey]:
        """Resolve the selection; Dagster calls this once, when it loads the definitions."""
        below = dg.AssetSelection.assets(PUBLISHED_HOUR).downstream()
        keys = below.resolve_inner(asset_graph, allow_missing)
        return {key for key in keys if asset_graph.get(key).partitions_def == hourly_partitions}


def assets_of_one_hour() -> dg.AssetSelection:
    """Select the assets of one hour, from `landed_hour` to the hourly readers of `published_hour`."""
    chain = dg.AssetSelection.assets(LANDED_HOUR, STAGE, EXTERNAL_TABLE, PUBLISHED_HOUR)
    return chain | HourlyDownstream()
