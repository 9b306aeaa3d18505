"""Compare when the events of an hour were created, landed and became queryable, and the clocks of producers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil

from flink_jobs.contracts.layout import HOUR, Hour
from orchestration.landing.clients.event_figures import EventFigures
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.comparison.checks import Comparison
from orchestration.quality.shares import Numbers

_LOOKBACK_QUANTILE = 0.999
_MINUTE_SECONDS = 60
_SHOWN = {0.5: "p50", 0.95: "p95", 0.99: "p99", 0.999: "p999", 1.0: "max"}


def lateness(
    hour: Hour,
    figures: EventFigures,
    listed: Iterable[ListedObject],
    published_at: datetime,
    minutes_max: float | None,
) -> Comparison:
    """Compare when the hour was published with its end, or with its newest object, which a late record can be.

    Args:
        hour: that was published.
        figures: of its rows.
        listed: its objects, with the times of the bucket.
        published_at: when its newest revision was published first.
        minutes_max: from the later of the two to published.
    """
    landed_at = {item.key: item.modified for item in listed if item.modified is not None}
    late = published_at - max([hour.end, *landed_at.values()])
    minutes = round(late.total_seconds() / _MINUTE_SECONDS, 2)
    lookback = recommended_lookback(figures)
    numbers: Numbers = {
        "published_after_minutes": minutes,
        "recommended_lookback_hours": lookback,
        **_seconds("created_to_record", figures.delays),
        **_seconds("record_to_landed", _by_rows(_landing_delays(figures, landed_at))),
        **_seconds("landed_to_queryable", _by_rows(_publishing_delays(figures, landed_at, published_at))),
    }
    sentence = f"{hour} was queryable {minutes:g} minutes after its end or its newest object"
    reading = f"look back {lookback} hours for its events" if figures.rows else "it has no rows"
    if minutes_max is None:
        return Comparison(True, f"{sentence}; {reading}; the stream has no limit", numbers)
    numbers["limit_minutes"] = minutes_max
    is_in_time = late <= timedelta(minutes=minutes_max)
    return Comparison(is_in_time, f"{sentence}, the limit is {minutes_max:g}; {reading}", numbers)


def recommended_lookback(figures: EventFigures) -> int:
    """Return in how many hours after its own one an event can be recorded, for 99.9 % of the events."""
    delay = figures.delays.get(_LOOKBACK_QUANTILE, 0.0)
    return max(0, ceil(delay / HOUR.total_seconds()))


def clock_skew(hour: Hour, figures: EventFigures, seconds_max: float | None) -> Comparison:
    """Compare how far `occurred_at` is ahead of the record time with the limit of the stream.

    An event that was recorded long after it occurred may be late and not skewed: `lateness` has its delay.
    """
    numbers: Numbers = {"ahead_seconds_max": figures.ahead, "flagged": figures.skewed, "of": figures.rows}
    sentence = f"occurred_at is up to {figures.ahead:g} s ahead of the record time in {hour}"
    if seconds_max is None:
        return Comparison(True, f"{sentence}; the stream has no limit", numbers)
    numbers["limit_seconds"] = seconds_max
    return Comparison(figures.ahead <= seconds_max, f"{sentence}, the limit is {seconds_max:g} s", numbers)


Weighted = list[tuple[float, int]]
"""Seconds, and the rows that they hold for."""


def _landing_delays(figures: EventFigures, landed_at: Mapping[str, datetime]) -> Weighted:
    """Return seconds from the first record of an object until it was visible: no row of it took longer."""
    return [
        ((landed_at[key] - its.first_record_at).total_seconds(), its.rows)
        for key, its in figures.objects.items()
        if key in landed_at
    ]


def _publishing_delays(figures: EventFigures, landed_at: Mapping[str, datetime], published_at: datetime) -> Weighted:
    return [
        ((published_at - landed_at[key]).total_seconds(), its.rows)
        for key, its in figures.objects.items()
        if key in landed_at
    ]


def _by_rows(weighted: Weighted) -> dict[float, float]:
    """Return the quantiles over rows; none without objects."""
    ordered, total = sorted(weighted), sum(rows for _, rows in weighted)
    found: dict[float, float] = {}
    for quantile in _SHOWN if total else ():
        seen = 0
        for seconds, rows in ordered:
            seen += rows
            if seen >= quantile * total:
                found[quantile] = round(seconds, 3)
                break
    return found


def _seconds(name: str, quantiles: Mapping[float, float]) -> Numbers:
    return {f"{name}_{_SHOWN[quantile]}_seconds": seconds for quantile, seconds in quantiles.items()}
