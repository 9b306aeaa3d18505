"""How an asset of the metapipeline is declared: its group, its owners, and typed frames at its boundary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from orchestration.metapipeline.frames import FrameType
from orchestration.metapipeline.pipeline.steps import OWN_GROUP

FRAMES = "metapipeline_frames"
"""The resource that stores the frames."""
WAREHOUSE = "snowflake"
"""The pool of everything that asks Snowflake."""


@dataclass(frozen=True)
class Making:
    """Makes assets with the same owners.

    Args:
        owners: of every asset.
    """

    owners: Sequence[str]

    def asset(
        self,
        kinds: set[str],
        frame: FrameType | None = None,
        reads: Mapping[str, FrameType] | None = None,
        deps: Sequence[dg.AssetKey] = (),
        pool: str | None = None,
    ) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
        """Return a decorator.

        Args:
            kinds: of the asset.
            frame: type of its value; None for an asset without a value.
            reads: other asset -> the type that its value must have; arguments of the function by these names.
            deps: further assets that it reads itself.
            pool: of its runs.
        """
        return dg.asset(
            group_name=OWN_GROUP,
            owners=list(self.owners),
            kinds=kinds,
            dagster_type=frame,
            io_manager_key=FRAMES if frame else None,
            ins={name: dg.AssetIn(dagster_type=taken) for name, taken in (reads or {}).items()},
            deps=list(deps),
            pool=pool,
        )
