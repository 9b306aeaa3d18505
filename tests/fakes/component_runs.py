"""Run the assets of components in Dagster, against the local Snowflake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.retry import RetryPolicy
from tests.fakes.component_documents import loaded

HOUR = "2025-08-01-03:00"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


class PromptConnection(SnowflakeConnection):
    """The resource, without pauses between its retries."""

    @property
    def retries(self) -> RetryPolicy:
        """As many as usual, at once."""
        return RetryPolicy(sleep=lambda _: None)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of an asset reported.

    Args:
        metadata: of its first materialization; each partition of a run has the same.
        checks: whether each check passed.
    """

    metadata: Mapping[str, Any]
    checks: Mapping[str, bool]

    @property
    def statements(self) -> list[str]:
        """The statements about the object, in order."""
        return re.findall(r"```sql\n(.*?)\n```", str(self.metadata["statements"]), re.DOTALL)

    @property
    def verbs(self) -> list[str]:
        """The first two words of each statement."""
        return [" ".join(sql.split()[:2]) for sql in self.statements]


def run(
    documents: str,
    settings: SnowflakeSettings,
    name: str,
    *,
    partition: str | None = HOUR,
    hours: tuple[str, str] | None = None,
) -> Ran:
    """Materialize the asset `aws/dev/<name>`; raise what its run raises.

    Args:
        documents: of the project.
        settings: of the Snowflake.
        name: of the document.
        partition: hour of the run; None for an asset without partitions.
        hours: first and last hour of a run of several.
    """
    key = dg.AssetKey(["aws", "dev", name])
    with loaded(documents, {}) as definitions:
        assets = [one for one in definitions.assets or [] if isinstance(one, dg.AssetsDefinition)]
    return run_asset(assets, settings, key, partition=partition, hours=hours)


def run_asset(
    assets: list[dg.AssetsDefinition],
    settings: SnowflakeSettings,
    key: dg.AssetKey,
    *,
    partition: str | None = HOUR,
    hours: tuple[str, str] | None = None,
) -> Ran:
    """Materialize one of some assets."""
    result = dg.materialize(
        assets,
        selection=dg.AssetSelection.assets(key),
        resources={"snowflake": PromptConnection(settings=settings)},
        partition_key=None if hours else partition,
        tags=dict(zip(_RANGE, hours, strict=True)) if hours else None,
    )
    found, *_ = result.asset_materializations_for_node(key.to_python_identifier())
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    return Ran({name: value.value for name, value in found.metadata.items()}, checks)
