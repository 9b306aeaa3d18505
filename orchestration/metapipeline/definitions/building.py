"""All definitions of one metapipeline."""

from __future__ import annotations

import dagster as dg

from orchestration.metapipeline.definitions.automation import (
    metapipeline_job,
    metapipeline_schedule,
    metapipeline_sensor,
)
from orchestration.metapipeline.definitions.changing import CHANGING
from orchestration.metapipeline.definitions.judging import JUDGING
from orchestration.metapipeline.definitions.making import STORE
from orchestration.metapipeline.definitions.processes import GATE, NOTEBOOK, gate, notebook
from orchestration.metapipeline.definitions.reading import READING, AssetsOf, assets_of_code_location
from orchestration.metapipeline.definitions.showing import SHOWING
from orchestration.metapipeline.frames import JsonFrames
from orchestration.metapipeline.pipeline.clients import Clients

RECIPES = (*READING, *JUDGING, *CHANGING, *SHOWING)


def build_definitions(clients: Clients, assets_of: AssetsOf = assets_of_code_location) -> dg.Definitions:
    """Build the definitions from the clients of a document."""
    given, job = {"clients": clients, "assets_of": assets_of}, metapipeline_job()
    return dg.Definitions(
        assets=[recipe.bound(clients.document, given) for recipe in RECIPES],
        jobs=[job],
        schedules=[metapipeline_schedule(clients, job)],
        sensors=[metapipeline_sensor(clients, job)],
        resources={STORE: JsonFrames(clients.state, "frames"), GATE: gate(clients), NOTEBOOK: notebook},
    )
