"""The dbt models with automation: the condition `proven` requests their runs, and no run of an hour builds them."""

from collections.abc import Iterator, Sequence

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import DbtModels
from orchestration.dbt_runner.specs import Manifest
from orchestration.defs.dbt.assets import OF_PROJECT, BuiltBy, dbt_assets, reported, specs_of


@dg.definitions
def proven_models() -> dg.Definitions:
    """Build the definitions; without a model with automation there are none."""
    manifest, streams = OF_PROJECT
    specs = specs_of(manifest, streams, BuiltBy.AUTOMATION)
    return dg.Definitions(assets=[automated(manifest, specs)] if specs else [])


def automated(manifest: Manifest, specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    """Build the assets of some models and their tests."""

    @dbt_assets("proven_models", manifest, specs)
    def build_models(
        context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Build models of days from the hours of each day, and the others as a whole.

        A model with the strategy `proven` that is built as a whole finds the stale hours by itself.
        """
        hours, run_id, models = _hours_of_days(context), context.run.run_id, dbt.of_run(context.run.tags)
        yield from reported(
            context,
            manifest,
            context.selected_asset_keys,
            lambda selectors: (
                models.build(hours, selectors, run_id) if hours else models.build_whole(selectors, run_id)
            ),
        )

    return build_models


def _hours_of_days(context: dg.AssetExecutionContext) -> list[str]:
    """Return the hours of the run's days: 24 each, and 23 or 25 where local clocks change."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    window = context.partition_time_window
    last = Hour.containing(window.end).plus(-1)
    return [hour.label for hour in Hour.containing(window.start).until(last)]
