"""The dbt models with automation: the condition `proven` requests their runs, and no run of an hour builds them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import DbtModels
from orchestration.defs.dbt.assets import BuiltBy, described, reported


@dg.definitions
def proven_models() -> dg.Definitions:
    """Build the definitions; without a model with automation there are none."""
    found = described(BuiltBy.AUTOMATION)
    return dg.Definitions(assets=[models_of(found)] if found["specs"] else [])


def models_of(found: dict[str, Any]) -> dg.AssetsDefinition:
    """Build the assets of some models and their tests."""

    @dg.multi_asset(**found, name="proven_models", can_subset=True, pool="snowflake")
    def build_models(
        context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Build models of days from the hours of each day, and the others as a whole.

        A model with the strategy `proven` that is built as a whole finds the stale hours by itself.
        """
        hours, run_id = _hours_of_days(context), context.run.run_id
        yield from reported(
            context,
            context.selected_asset_keys,
            lambda selectors: dbt.build(hours, selectors, run_id) if hours else dbt.build_whole(selectors, run_id),
        )

    return build_models


def _hours_of_days(context: dg.AssetExecutionContext) -> list[str]:
    """Return the hours of the run's days: 24 each, and 23 or 25 where local clocks change."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    window = context.partition_time_window
    last = Hour.containing(window.end).plus(-1)
    return [hour.label for hour in Hour.containing(window.start).until(last)]
