"""All definitions of one metapipeline."""

from __future__ import annotations

import dagster as dg
from upath import UPath

from orchestration.metapipeline.definitions.automation import (
    metapipeline_job,
    metapipeline_schedule,
    metapipeline_sensor,
)
from orchestration.metapipeline.definitions.changing import changing_assets, changing_checks
from orchestration.metapipeline.definitions.judging import judging_assets, judging_checks
from orchestration.metapipeline.definitions.making import FRAMES, Making
from orchestration.metapipeline.definitions.reading import (
    AssetsOf,
    assets_of_code_location,
    reading_assets,
    reading_checks,
)
from orchestration.metapipeline.definitions.showing import showing_assets
from orchestration.metapipeline.frames import JsonFrames
from orchestration.metapipeline.pipeline.clients import Clients


def build_definitions(clients: Clients, assets_of: AssetsOf = assets_of_code_location) -> dg.Definitions:
    """Build the definitions from the clients of a document."""
    making, job = Making(clients.document.asset_owners), metapipeline_job()
    return dg.Definitions(
        assets=[
            *reading_assets(clients, making, assets_of),
            *judging_assets(clients, making),
            *changing_assets(clients, making),
            *showing_assets(clients, making),
        ],
        asset_checks=[*reading_checks(), *judging_checks(), *changing_checks()],
        jobs=[job],
        schedules=[metapipeline_schedule(clients, job)],
        sensors=[metapipeline_sensor(clients, job)],
        resources={FRAMES: JsonFrames(UPath(clients.folder / "frames"))},
    )
