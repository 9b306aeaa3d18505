"""The assets that one run of an hour materialises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dagster as dg

MATERIALIZED, VIEW = "materialized", "view"
"""The metadata of a view."""


@dataclass(frozen=True)
class AssetsOfOneHour(dg.AssetSelection):
    """Select what the published hour needs, what is downstream of it with the same hourly partitions, and its views.

    What it needs must have these partitions: an asset with others could not be in the run. A view is of all hours; it
    is selected when everything that it reads is made in the run, so it exists from the first hour on.
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
        made = needed | {key for key in below if asset_graph.get(key).partitions_def == self.partitions}
        views = {key for key in below - made if asset_graph.get(key).metadata.get(MATERIALIZED) == VIEW}
        while others := {key for key in views if not asset_graph.get(key).parent_keys <= made | views}:
            views -= others
        return made | views
