"""What a set-up must have: of production, and of the stack of one machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Demands:
    """The limits of the checks.

    Args:
        outage: the longest outage of the landing job that must lose nothing.
        replicas: of each partition, at least.
        in_sync: `min.insync.replicas` of each topic, at least.
        bucket_policies: whether the bucket must have versions, encryption, a lifecycle, and no public access.
        postgres: whether Dagster's storage must be Postgres.
        warehouse: whether sessions of Snowflake must have a warehouse.
        skew: how far another server's clock may differ from the one of this machine.
    """

    outage: timedelta
    replicas: int = 3
    in_sync: int = 2
    bucket_policies: bool = True
    postgres: bool = True
    warehouse: bool = True
    skew: timedelta = timedelta(seconds=5)

    @classmethod
    def of_one_machine(cls, outage: timedelta) -> Demands:
        """Return what the local stack is held to: one broker, a bucket without policies, SQLite, no warehouse."""
        return cls(outage, replicas=1, in_sync=1, bucket_policies=False, postgres=False, warehouse=False)


def spoken(duration: timedelta) -> str:
    """Return a duration for people, to a tenth of a second: `36 hours`, `90 seconds`."""
    seconds = round(duration.total_seconds(), 1)
    return f"{seconds / 3600:g} hours" if seconds >= 3600 else f"{seconds:g} seconds"  # noqa: PLR2004 (an hour)
