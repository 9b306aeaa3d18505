"""Credits of model runs: per model, hour and warehouse, so that they add up to the metered ones.

A run claims `seconds / 3600 x rate` credits of each hour that it runs in; the rate is what its warehouse uses in an
hour of work. Over all runs that is runs x run time x rate.

- The hour is metered: each model gets its claim, and the rest of the metered credits is a row of its own, without a
  model: the warehouse idled, or worked for others. Runs at the same time share a warehouse, so their claims can exceed
  the metered credits; then each claim is cut in proportion and the rest is 0. The rows of an hour and a warehouse add
  up to its metered credits.
- The hour is not metered, or not yet, since the metering of Snowflake is hours late: the claim is the estimate, and the
  row says so. An estimate is too high where runs share a warehouse, and too low where it idles after a run.

A run whose time is unknown claims nothing. A run lies where the producer's clock puts its end; where that clock is
wrong, it ends with the published hour of its newest event.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from orchestration.metapipeline.usage.model_runs import ModelRun, StepOf
from producers.events import CLOCK_AHEAD_SECONDS_MAX, CLOCK_BEHIND_SECONDS_MAX

_HOUR_SECONDS = 3_600
_AHEAD_MAX = timedelta(seconds=CLOCK_AHEAD_SECONDS_MAX)
_BEHIND_MAX = timedelta(seconds=CLOCK_BEHIND_SECONDS_MAX)


class WarehouseSize(StrEnum):
    """The sizes of a standard warehouse."""

    X_SMALL = "X-Small"
    SMALL = "Small"
    MEDIUM = "Medium"
    LARGE = "Large"
    X_LARGE = "X-Large"
    XX_LARGE = "2X-Large"
    XXX_LARGE = "3X-Large"
    X4_LARGE = "4X-Large"
    X5_LARGE = "5X-Large"
    X6_LARGE = "6X-Large"

    @property
    def credits_per_hour(self) -> float:
        """What it uses in an hour of work: 1 for X-Small, and twice as much for each larger size."""
        return float(2 ** list(WarehouseSize).index(self))


class Basis(StrEnum):
    """What the credits of a row come from."""

    METERED = "metered"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class Metered:
    """The credits that a warehouse used in an hour.

    Args:
        warehouse: its name, as Snowflake stores it.
        hour: first instant, UTC.
        credits: 0 or more.
    """

    warehouse: str
    hour: datetime
    credits: float


@dataclass(frozen=True, slots=True)
class CreditRow:
    """What one model used in one hour of a warehouse.

    Args:
        hour: first instant, UTC, by the clock of the producer.
        warehouse: where it ran.
        model: dbt's unique id; None for the rest of the metered credits: idle time and other work.
        seconds: of its runs in this hour; 0 for the rest.
        credits: of these seconds.
        basis: whether the hour was metered.
    """

    hour: datetime
    warehouse: str
    model: str | None
    seconds: float
    credits: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class ModelCredits:
    """What one model used, over all hours and warehouses.

    Args:
        model: dbt's unique id.
        seconds: of its timed runs.
        credits: metered and estimated ones.
        estimated: the part of the credits that is an estimate.
    """

    model: str
    seconds: float
    credits: float
    estimated: float


@dataclass(frozen=True, slots=True)
class Bill:
    """What the runs cost.

    Args:
        models: most credits first.
        metered: credits of the metered hours; None when none were read.
        rest: the part of them that belongs to no model.
    """

    models: tuple[ModelCredits, ...] = ()
    metered: float | None = None
    rest: float = 0.0


def credit_rows(
    runs: Iterable[ModelRun],
    warehouse_of: Callable[[StepOf], str],
    rates: Mapping[str, float],
    metered: Iterable[Metered] = (),
) -> tuple[CreditRow, ...]:
    """Divide credits among models, by hour, warehouse and model; the rest of an hour comes last.

    Args:
        runs: those without a known time are left out.
        warehouse_of: warehouse of a step.
        rates: warehouse -> credits in an hour of work. A warehouse without a rate is taken at its metered credits of
            the hour; in hours that are not metered its runs get no credits, since nothing is known.
        metered: of any warehouses and hours; several values of one hour are added, and a value that is no number of
            credits is left out.
    """
    seconds = _seconds_by_hour(runs, warehouse_of)
    totals: defaultdict[tuple[datetime, str], list[float]] = defaultdict(list)
    for one in metered:
        if _is_known(one):
            totals[one.hour, one.warehouse].append(one.credits)
    rows: list[CreditRow] = []
    for hour, warehouse in sorted({*seconds, *totals}):
        worked = seconds.get((hour, warehouse), {})
        rate = rates.get(warehouse)
        if (hour, warehouse) in totals:
            rows.extend(_metered_rows(hour, warehouse, worked, rate, math.fsum(totals[hour, warehouse])))
        elif rate is not None:
            rows.extend(
                CreditRow(hour, warehouse, model, spent, spent / _HOUR_SECONDS * rate, Basis.ESTIMATED)
                for model, spent in sorted(worked.items())
            )
    return tuple(rows)


def credits_by_model(rows: Iterable[CreditRow]) -> tuple[ModelCredits, ...]:
    """Add the rows of each model, most credits first; the rest belongs to none."""
    by_model: defaultdict[str, list[CreditRow]] = defaultdict(list)
    for row in rows:
        if row.model is not None:
            by_model[row.model].append(row)
    sums = [
        ModelCredits(
            model=model,
            seconds=math.fsum(row.seconds for row in of_model),
            credits=math.fsum(row.credits for row in of_model),
            estimated=math.fsum(row.credits for row in of_model if row.basis is Basis.ESTIMATED),
        )
        for model, of_model in by_model.items()
    ]
    return tuple(sorted(sums, key=lambda one: (-one.credits, one.model)))


def bill(rows: Iterable[CreditRow], metered: Iterable[Metered] | None) -> Bill:
    """Add the rows of each model, and the rest.

    Args:
        rows: of `credit_rows`.
        metered: that they were divided from; None when none were read.
    """
    rows = tuple(rows)
    total = None if metered is None else math.fsum(one.credits for one in metered if _is_known(one))
    rest = math.fsum(row.credits for row in rows if row.model is None)
    return Bill(credits_by_model(rows), total, rest)


def _is_known(metered: Metered) -> bool:
    return math.isfinite(metered.credits) and metered.credits >= 0


def _seconds_by_hour(
    runs: Iterable[ModelRun], warehouse_of: Callable[[StepOf], str]
) -> dict[tuple[datetime, str], dict[str, float]]:
    spent: defaultdict[tuple[datetime, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for run in runs:
        if run.ended_at is not None and run.seconds:
            for hour, seconds in split_by_hour(_end_of(run.ended_at, run.hours[-1]), run.seconds):
                spent[hour, warehouse_of(run.step)][run.model] += seconds
    return {place: dict(models) for place, models in spent.items()}


def _end_of(ended_at: datetime, published: datetime) -> datetime:
    end = published + timedelta(hours=1)
    is_right = -_BEHIND_MAX <= ended_at - end <= _AHEAD_MAX
    return ended_at if is_right else end


def split_by_hour(ended_at: datetime, seconds: float) -> Iterator[tuple[datetime, float]]:
    """Split a run at the full hours that it crosses: first instant of each UTC hour and the seconds in it."""
    end = ended_at.astimezone(UTC)
    left = seconds
    while left > 0:
        hour = (end - timedelta(microseconds=1)).replace(minute=0, second=0, microsecond=0)
        inside = min(left, (end - hour).total_seconds())
        yield hour, inside
        left -= inside
        end = hour


def _metered_rows(
    hour: datetime, warehouse: str, worked: Mapping[str, float], rate: float | None, total: float
) -> Iterator[CreditRow]:
    claims = {
        model: spent / _HOUR_SECONDS * (total if rate is None else rate) for model, spent in sorted(worked.items())
    }
    claimed = math.fsum(claims.values())
    part = total / claimed if claimed > total else 1.0
    credits_of = {model: claim * part for model, claim in claims.items()}
    for model, credits_ in credits_of.items():
        yield CreditRow(hour, warehouse, model, worked[model], credits_, Basis.METERED)
    rest = max(total - math.fsum(credits_of.values()), 0.0)
    yield CreditRow(hour, warehouse, None, 0.0, rest, Basis.METERED)
