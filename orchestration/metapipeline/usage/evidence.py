"""Evidence of use: landed events which show that somebody read a relation, a model or an asset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Named(StrEnum):
    """How the events name what was used."""

    DBT = "dbt"
    """By dbt's unique id."""
    RELATION = "relation"
    """By the name of a relation, as SQL writes it."""
    ASSET = "asset"
    """By an asset key of Dagster, its parts joined by `/`."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """What one deployment used, summed over the events of the window.

    Args:
        organization: of the events.
        deployment: likewise.
        named: how the events name it.
        used: the name.
        events: how many show it.
        first_at: of the events, UTC.
        last_at: likewise.
        example: `event_id` of the newest of them.
    """

    organization: str
    deployment: str
    named: Named
    used: str
    events: int
    first_at: datetime
    last_at: datetime
    example: str


@dataclass(frozen=True, slots=True)
class Window:
    """The time that the evidence covers.

    Args:
        start: first instant, UTC, a full hour.
        end: first instant behind it, UTC, a full hour.
        unsealed: hours inside that are not sealed, ascending; while there is one, "unused" is unknown.
    """

    start: datetime
    end: datetime
    unsealed: tuple[datetime, ...] = ()
