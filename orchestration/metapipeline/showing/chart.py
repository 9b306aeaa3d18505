"""The charts of the metapipeline: distinct dbt models per day, size of the platform, removals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from orchestration.metapipeline.usage.history import PlatformDay

_BAR = "#3b6ea5"
_LINES = {"models": "#3b6ea5", "sources": "#8a9a5b", "reports_active": "#c0713c", "unused": "#9a4a6b"}
_INCHES = (8, 3.6)
_DAYS_LABELLED_MAX = 12
_DAYS_WIDE_MIN = 7
_DAYS_COUNTED_MAX = 31


def models_per_day_png(models: Mapping[date, int]) -> bytes:
    """Draw `models_per_day_figure` as PNG."""
    return png_of(models_per_day_figure(models))


def bars_of(figure: Figure) -> tuple[int, ...]:
    """Return the heights of the bars of a figure, from left to right; none where it has a text instead."""
    return tuple(round(bar.get_height()) for container in figure.axes[0].containers for bar in container)


def png_of(figure: Figure) -> bytes:
    """Draw a figure; the same figure gives the same bytes."""
    png = BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()


def models_per_day_figure(models: Mapping[date, int]) -> Figure:
    """Draw one bar per day from the first day to the last; a day without runs has a bar of height 0.

    Args:
        models: day -> number of distinct models; if empty, the chart has a text instead of bars.
    """
    return _bars("Distinct dbt models run per day (UTC)", models, "models", "no model has run in the published hours")


def removals_figure(days: Sequence[PlatformDay]) -> Figure:
    """Draw one bar per day with the nodes whose removal was merged; an unknown day has none."""
    removed = {day.day: day.removed for day in days if day.removed is not None}
    return _bars("Removals merged per day", removed, "removed", "no day is recorded")


def platform_size_figure(days: Sequence[PlatformDay]) -> Figure:
    """Draw the counts of models, sources, active reports and unused models as lines; an unknown value is a gap."""
    figure, axes = _figure("Size of the platform")
    if not days:
        _draw_nothing(axes, "no day is recorded")
        return figure
    first, last = min(day.day for day in days), max(day.day for day in days)
    by_day = {day.day: day for day in days}
    shown = _days(first, last)
    for name, color in _LINES.items():
        values = [getattr(by_day[day], name) if day in by_day else None for day in shown]
        if any(value is not None for value in values):
            heights = [math.nan if value is None else value for value in values]
            axes.plot(range(len(shown)), heights, color=color, marker=".", label=name.replace("_", " "))
    _label_days(axes, shown)
    axes.set_ylim(bottom=0)
    if axes.lines:
        axes.legend(fontsize=8, frameon=False)
    return figure


def _figure(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_INCHES, dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _draw_nothing(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _bars(title: str, counts: Mapping[date, int], unit: str, otherwise: str) -> Figure:
    """Draw one bar per day; without counts, the text `otherwise`."""
    figure, axes = _figure(title)
    if not counts:
        _draw_nothing(axes, otherwise)
        return figure
    days = _days(min(counts), max(counts))
    bars = axes.bar(range(len(days)), [counts.get(day, 0) for day in days], color=_BAR, width=0.7)
    if len(days) <= _DAYS_COUNTED_MAX:
        axes.bar_label(bars, fontsize=8, padding=2)
    _label_days(axes, days)
    axes.set_ylabel(unit, fontsize=9)
    axes.margins(y=0.15)
    return figure


def _label_days(axes: Axes, days: Sequence[date]) -> None:
    step = -(-len(days) // _DAYS_LABELLED_MAX)
    axes.set_xticks(range(0, len(days), step), [f"{day:%d %b}" for day in days[::step]], fontsize=8)
    margin = max(0.8, (_DAYS_WIDE_MIN - len(days)) / 2)  # so that few days have no broad bars
    axes.set_xlim(-margin, len(days) - 1 + margin)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="y", labelsize=8)
