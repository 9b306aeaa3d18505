"""The assets that one run of an hour materialises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dagster as dg


@dataclass(frozen=True)
class AssetsOfOneHour(dg.AssetSelection):
    """Select what the published hour needs, and what is downstream of it with the same hourly partitions.

    What it needs must have these partitions: an asset with others could not be in the run.
    """

    landed_hour: dg.AssetKey
    published_hour: dg.AssetKey
    partitions: dg.HourlyPartitionsDefinition

    def resolve_inner(self, asset_graph: Any, allow_missing: bool) -> set[dg.AssetKey]:
        """Resolve the selection; Dagster calls this once, when it loads the definitions."""
        published = dg.AssetSelection.assets(self.published_hour)
        above = published.upstream().resolve_inner(asset_graph, allow_missing)
        needed = {key for key in above if key in asset_graph.executable_asset_keys}
        for key in sorted(needed):
            if asset_graph.get(key).partitions_def != self.partitions:
                hours_of = self.landed_hour.to_user_string()
                raise dg.DagsterInvalidDefinitionError(
                    f"{key.to_user_string()} does not have the hours of {hours_of}: write "
                    f"partitions_def: \"{{{{ hours_of('{hours_of}') }}}}\" in its document"
                )
        below = published.downstream().resolve_inner(asset_graph, allow_missing)
        return needed | {key for key in below if asset_graph.get(key).partitions_def == self.partitions}
