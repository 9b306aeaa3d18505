"""The Dagster code location: from the bucket to Snowflake, one proven hour at a time."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.stream.component import HourlyStreamComponent

__all__ = ["HourlyStreamComponent"]


def __getattr__(name: str) -> Any:
    """Import the component when it is asked for: its module needs the modules of this package."""
    if name in __all__:
        from orchestration.stream.component import HourlyStreamComponent  # noqa: PLC0415 - see above

        return HourlyStreamComponent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the component as well: `dg` finds components by the names of a module."""
    return [*globals(), *__all__]
