from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from orchestration.metapipeline.showing import chart
from orchestration.metapipeline.showing.chart import (
    models_per_day_figure,
    models_per_day_png,
    platform_size_figure,
    png_of,
    removals_figure,
)
from orchestration.metapipeline.usage.history import PlatformDay
from orchestration.metapipeline.usage.model_runs import ModelEvent, StepOf, models_per_day, pair_runs

FIRST = date(2025, 8, 1)


@pytest.mark.parametrize("days", [0, 1, 2, 31, 400])
def test_a_chart_is_a_png_of_one_size(days: int) -> None:
    """The size is the same without a day and with more days than labels fit."""
    png = models_per_day_png({FIRST + timedelta(days=number): number % 7 for number in range(days)})
    assert png.startswith(b"\x89PNG")
    assert imread(BytesIO(png)).shape == (432, 960, 4)


def test_the_same_days_give_the_same_bytes() -> None:
    """Days are drawn in their order, not in that of the mapping."""
    days = {FIRST: 3, FIRST + timedelta(days=2): 5}
    assert models_per_day_png(days) == models_per_day_png(dict(reversed(days.items())))


def bars_of(figure: Figure) -> list[float]:
    """Return the heights of the bars that a figure draws, from left to right."""
    (axes,) = figure.axes
    bars = sorted((patch for patch in axes.patches if isinstance(patch, Rectangle)), key=lambda bar: bar.get_x())
    assert list(range(len(bars))) == pytest.approx([bar.get_center()[0] for bar in bars])
    return [bar.get_height() for bar in bars]


def test_each_bar_is_as_high_as_the_count_of_its_day() -> None:
    """A day without runs keeps its place, with a bar of height 0."""
    counts = {FIRST: 3, FIRST + timedelta(days=1): 7, FIRST + timedelta(days=3): 5}
    figure = models_per_day_figure(counts)
    assert [3, 7, 0, 5] == bars_of(figure)
    assert (3, 7, 0, 5) == chart.bars_of(figure)
    assert () == chart.bars_of(models_per_day_figure({}))
    assert [] == bars_of(models_per_day_figure({}))


def test_the_plotted_bars_are_the_counts_of_the_events() -> None:
    """From the events to the figure: retries, seeds and a model that runs twice a day count no further model."""
    names = ["model.p.a", "model.p.b", "model.p.a", "seed.p.c"]
    moments = [datetime(2025, 8, day, 3, tzinfo=UTC) for day in (1, 1, 1, 1, 3)]
    events = [
        ModelEvent(StepOf("acme", "prod", None, f"run-{number}", name), "STEP_SUCCESS", name, at, at)
        for number, (name, at) in enumerate(zip([*names, "model.p.b"], moments, strict=True))
    ]
    days = models_per_day(pair_runs(events))
    counts = {day: len(models) for day, models in days.items()}
    assert [2, 0, 1] == bars_of(models_per_day_figure(counts))


def test_removals_are_bars_and_sizes_are_lines_with_gaps() -> None:
    """What is unknown is not drawn as 0."""
    days = [
        PlatformDay(FIRST, models=300, sources=40, removed=2),
        PlatformDay(FIRST + timedelta(days=1), models=None, sources=41, removed=0),
        PlatformDay(FIRST + timedelta(days=3), models=290, sources=39, removed=9),
    ]
    assert [2, 0, 0, 9] == bars_of(removals_figure(days))
    (axes,) = platform_size_figure(days).axes
    plotted = {str(line.get_label()): list(np.asarray(line.get_ydata(), dtype=float)) for line in axes.lines}
    assert plotted == {
        "models": pytest.approx([300, float("nan"), float("nan"), 290], nan_ok=True),
        "sources": pytest.approx([40, 41, float("nan"), 39], nan_ok=True),
    }


def test_without_a_day_the_charts_have_a_text() -> None:
    """An empty history is no error."""
    for figure in (removals_figure([]), platform_size_figure([]), platform_size_figure([PlatformDay(FIRST)])):
        assert png_of(figure).startswith(b"\x89PNG")
