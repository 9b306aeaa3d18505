"""Which assets one run of an hour materialises."""

from __future__ import annotations

from typing import Any

import dagster as dg

from orchestration.landing.partitions import EXTERNAL_TABLE, LANDED_HOUR, PUBLISHED_HOUR, STAGE, hourly_partitions


class HourlyDownstream(dg.AssetSelection):
    """Select everything below an asset that has the same hourly partitions; other downstream assets stay out."""

    def resolve_inner(self, asset_graph: Any, allow_missing: bool) -> set[dg.AssetKey]:
        """Walk the graph; Dagster calls this once, when the definitions are loaded."""
        below = dg.AssetSelection.assets(PUBLISHED_HOUR).downstream()
        keys = below.resolve_inner(asset_graph, allow_missing)
        return {key for key in keys if asset_graph.get(key).partitions_def == hourly_partitions}


def assets_of_one_hour() -> dg.AssetSelection:
    """Select the chain of one hour, and what reads the published hour by the hour."""
    chain = dg.AssetSelection.assets(LANDED_HOUR, STAGE, EXTERNAL_TABLE, PUBLISHED_HOUR)
    return chain | HourlyDownstream()
