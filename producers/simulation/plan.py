"""The plan of a simulation, and the parser of its hours."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
HOURS_MAX = 24 * 366

_COUNT = re.compile(r"\d{1,5}")
_LABEL_FORM = "%Y-%m-%dT%H"


class PlanError(ValueError):
    """The plan cannot be simulated; the message names the part and the repair."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What to generate. The same plan gives the same records, byte for byte.

    Args:
        hours: first instants of UTC hours, ascending, each once; they need not be consecutive.
        events: records in total, malformed ones included, spread evenly over the hours.
        malformed: share of malformed records, 0 to 1.
        shards: databases of origin; the numeric ids of different shards overlap.
        organizations: customers; each lives on one shard.
        seed: another seed gives other traffic for the same hours.
    """

    hours: tuple[datetime, ...]
    events: int
    malformed: float = 0.01
    shards: int = 2
    organizations: int = 6
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.hours:
            raise PlanError("no hours: name at least one")
        if any(hour != hour_of(hour) for hour in self.hours):
            raise PlanError("an hour is given by its first instant in UTC")
        if list(self.hours) != sorted(set(self.hours)):
            raise PlanError("the hours must ascend, each once")
        if self.events < 0 or self.shards < 1 or self.organizations < 1:
            raise PlanError("events must be 0 or more; shards and organizations 1 or more")
        if not 0 <= self.malformed <= 1:
            raise PlanError("the malformed share lies between 0 and 1, like 0.01")

    @property
    def malformed_records(self) -> int:
        """Number of malformed records."""
        return round(self.events * self.malformed)

    def events_per_hour(self) -> tuple[int, ...]:
        """Number of records of each hour; the first hours get the remainder."""
        share, rest = divmod(self.events, len(self.hours))
        return tuple(share + (index < rest) for index in range(len(self.hours)))


def hour_of(moment: datetime) -> datetime:
    """Return the first instant of the UTC hour of a moment, which must have a zone."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def label_of(moment: datetime) -> str:
    """Return the label of the UTC hour of a moment, `2025-08-01T03`."""
    return moment.astimezone(UTC).isoformat()[:13]


def plan_hours(now: datetime, count: int, already: AbstractSet[str] = frozenset()) -> tuple[datetime, ...]:
    """Return the last `count` full hours before `now`, without those whose labels are in `already`."""
    last = hour_of(now)
    hours = (last - back * HOUR for back in range(count, 0, -1))
    return tuple(hour for hour in hours if label_of(hour) not in already)


def parse_hours(text: str, now: datetime, already: AbstractSet[str] = frozenset()) -> tuple[datetime, ...]:
    """Parse the hours of a plan.

    Args:
        text: `6` (the last full hours that `already` does not have), `2025-08-01T03..2025-08-01T08` (both
            included), or a comma list of hours and ranges. Named hours are not compared with `already`.
        now: the clock; an hour that is not over is refused.
        already: labels of earlier simulated hours.

    Raises:
        PlanError: another form, an hour that does not exist or is not over, or too many hours.
    """
    if _COUNT.fullmatch(text.strip()):
        return plan_hours(now, _count_of(text), already)
    hours = sorted({hour for part in text.split(",") for hour in _range_of(part.strip())})
    if hours[-1] + HOUR > now:
        raise PlanError(f"hour {label_of(hours[-1])} is not over yet: choose full hours")
    return tuple(hours)


def _count_of(text: str) -> int:
    count = int(text)
    if not 1 <= count <= HOURS_MAX:
        raise PlanError(f"the number of hours lies between 1 and {HOURS_MAX:,}")
    return count


def _range_of(text: str) -> list[datetime]:
    first, _, last = text.partition("..")
    start, end = _read_label(first), _read_label(last or first)
    count = (end - start) // HOUR + 1
    if not 1 <= count <= HOURS_MAX:
        raise PlanError(f"a range ascends and has at most {HOURS_MAX:,} hours: {text!r}")
    return [start + index * HOUR for index in range(count)]


def _read_label(label: str) -> datetime:
    try:
        hour = datetime.strptime(label, _LABEL_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise PlanError(f"not an hour of the form 2025-08-01T03: {label!r}") from None
    if label_of(hour) != label:
        raise PlanError(f"not an hour of the form 2025-08-01T03: {label!r}")
    return hour
