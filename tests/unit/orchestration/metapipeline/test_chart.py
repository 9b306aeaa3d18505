from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from orchestration.metapipeline.chart import _draw_days, models_per_day_png

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


def test_each_bar_is_as_high_as_the_count_of_its_day() -> None:
    """A day without runs keeps its place, with a bar of height 0."""
    axes = Figure().subplots()
    _draw_days(axes, {FIRST: 3, FIRST + timedelta(days=1): 7, FIRST + timedelta(days=3): 5})
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [3, 7, 0, 5] == [bar.get_height() for bar in bars]
    assert [0, 1, 2, 3] == pytest.approx([bar.get_center()[0] for bar in bars])
