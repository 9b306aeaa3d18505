"""The Dagster code location: from the bucket to Snowflake, one proven hour at a time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.metapipeline.component import MetapipelineComponent
    from orchestration.scheduling.component import AssetScheduleComponent
    from orchestration.stream.component import HourlyStreamComponent

__all__ = ["AssetScheduleComponent", "HourlyStreamComponent", "MetapipelineComponent"]

_MODULES = {
    "AssetScheduleComponent": "orchestration.scheduling.component",
    "HourlyStreamComponent": "orchestration.stream.component",
    "MetapipelineComponent": "orchestration.metapipeline.component",
}


def __getattr__(name: str) -> Any:
    """Import a component when it is asked for: its module needs the modules of this package."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the components as well: `dg` finds them by the names of a module."""
    return [*globals(), *__all__]
