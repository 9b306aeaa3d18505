"""Clients over a Mode server, this project's manifest and recorded events: their parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.dbt_runner.build import MANIFEST
from orchestration.metapipeline.pipeline.clients import Clients
from snowflake_components.identifiers import Identifier, QualifiedName

NOW = datetime(2025, 8, 20, 10, 30, tzinfo=UTC)
TABLE = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("STG_PLATFORM_EVENTS"))
SECRETLY_USED = "AWS.DEV.DEPLOYMENTS"
Make = Callable[..., Clients]


def model_events(model: str = "model.hourglass.stg_platform_events") -> list[dict[str, Any]]:
    """One run of a model on each of two days, as Snowflake returns its events: times without a zone."""
    moments = [datetime(2025, 8, day, 3) for day in (18, 19)]  # noqa: DTZ001 (see above)
    return [
        {
            "ORGANIZATION": "acme",
            "DEPLOYMENT": "prod",
            "SHARD": None,
            "RUN_ID": f"run-{moment.day}",
            "STEP_KEY": model,
            "EVENT_TYPE": kind,
            "OCCURRED_AT": moment + timedelta(seconds=seconds),
            "REPLICATION_HOUR": moment,
            "PARTITION_KEY": None,
            "DBT_MODEL": model,
            "DURATION_SECONDS": None,
        }
        for moment in moments
        for kind, seconds in (("STEP_START", 0), ("STEP_SUCCESS", 8))
    ]


def manifest_naming(relation: str, reader: str, folder: Path) -> Path:
    """Write this project's manifest, with a model whose SQL names a relation without ref, and return its path."""
    manifest = json.loads(MANIFEST.read_bytes())
    manifest["nodes"][reader]["raw_code"] = f"select * from {relation}"  # noqa: S608 (it is parsed, never run)
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path


def use_of(relation: str) -> dict[str, Any]:
    """One relation that a deployment read, as the query of the uses returns it."""
    at = datetime(2025, 8, 19, 3)  # noqa: DTZ001 (as Snowflake returns it)
    return {
        "ORIGIN": "reads",
        "ORGANIZATION": "acme",
        "DEPLOYMENT": "prod",
        "USED": relation,
        "EVENTS": 3,
        "ENTRIES": 3,
        "FIRST_AT": at,
        "LAST_AT": at,
        "EXAMPLE": "e1",
        "HOUR": at,
    }
