"""The chart of distinct dbt models per day, as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_BAR = "#3b6ea5"
_INCHES = (8, 3.6)
_DAYS_LABELLED_MAX = 12
_DAYS_WIDE_MIN = 7
_DAYS_COUNTED_MAX = 31


def models_per_day_png(models: Mapping[date, int]) -> bytes:
    """Draw one bar per day from the first day to the last; a day without runs has a bar of height 0.

    Args:
        models: day -> number of distinct models; if empty, the chart has a text instead of bars.
    """
    figure = Figure(figsize=_INCHES, dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_title("Distinct dbt models run per day (UTC)", loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    if models:
        _draw_days(axes, models)
    else:
        axes.text(0.5, 0.5, "no model has run in the published hours", ha="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
    png = BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})  # the same days give the same bytes
    return png.getvalue()


def _draw_days(axes: Axes, models: Mapping[date, int]) -> None:
    first, last = min(models), max(models)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    bars = axes.bar(range(len(days)), [models.get(day, 0) for day in days], color=_BAR, width=0.7)
    if len(days) <= _DAYS_COUNTED_MAX:
        axes.bar_label(bars, fontsize=8, padding=2)
    step = -(-len(days) // _DAYS_LABELLED_MAX)
    axes.set_xticks(range(0, len(days), step), [f"{day:%d %b}" for day in days[::step]], fontsize=8)
    margin = max(0.8, (_DAYS_WIDE_MIN - len(days)) / 2)  # so that few days have no broad bars
    axes.set_xlim(-margin, len(days) - 1 + margin)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="y", labelsize=8)
    axes.set_ylabel("models", fontsize=9)
    axes.margins(y=0.15)
