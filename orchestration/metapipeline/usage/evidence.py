"""Evidence of use: landed events which show that somebody read a relation, a model or an asset."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)
LAG_MAX = timedelta(hours=24)
"""How far the newest evidence may lie behind now; hours beyond count as unsealed."""


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """The uses that one reading found.

    Args:
        uses: sorted, each (organization, deployment, kind of name, name) once.
        ignored: organization -> entries of `payload.reads` that are no text, and values of it that are no list.
        complete: False when there were more names than are read; then nothing can be called unused.
    """

    uses: tuple[Use, ...]
    ignored: tuple[tuple[str, int], ...] = ()
    complete: bool = True


def proven_hours(published: Mapping[datetime, int], staged: Collection[datetime]) -> frozenset[datetime]:
    """Return the published hours of a stream whose events the staging model has.

    The build of a published hour can fail; its evidence is missing then, although the hour is sealed. An hour of which
    every record was rejected, or repeats an earlier hour, looks the same and is left out as well.

    Args:
        published: first instant -> records of the hour.
        staged: hours of which the staging model has an event.
    """
    return frozenset(hour for hour, records in published.items() if not records or hour in staged)


def window_of(
    sealed: Sequence[Collection[datetime]], span: timedelta, now: datetime, lag_max: timedelta = LAG_MAX
) -> Window:
    """Return the newest window of some length, with the hours that are not sealed in every stream.

    Args:
        sealed: of each stream whose events are read, the first instants of its sealed hours, see `proven_hours`.
        span: length of the window, in full hours.
        now: UTC.
        lag_max: the window ends behind the newest hour that every stream has sealed, and not longer ago than this.
    """
    streams = [frozenset(hours) for hours in sealed]
    latest = _hour_of(now) - lag_max
    ends = [max(hours) + HOUR if hours else latest for hours in streams]
    end = _hour_of(max(min(ends, default=latest), latest))
    start = end - span
    hours = (start + HOUR * number for number in range(round(span / HOUR)))
    unsealed = tuple(hour for hour in hours if not streams or any(hour not in those for those in streams))
    return Window(start, end, unsealed)


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
