from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from matplotlib.image import imread

from orchestration.metapipeline.chart import models_per_day_png

FIRST = date(2025, 8, 1)


@pytest.mark.parametrize("days", [0, 1, 2, 31, 400])
def test_a_chart_is_a_png_of_one_size(days: int) -> None:
    """Also without a day and with more days than labels fit."""
    png = models_per_day_png({FIRST + timedelta(days=number): number % 7 for number in range(days)})
    assert png.startswith(b"\x89PNG")
    assert imread(BytesIO(png)).shape == (432, 960, 4)


def test_the_same_days_give_the_same_bytes() -> None:
    """Days are drawn in their order, not in that of the mapping."""
    days = {FIRST: 3, FIRST + timedelta(days=2): 5}
    assert models_per_day_png(days) == models_per_day_png(dict(reversed(days.items())))


def test_another_count_gives_another_chart() -> None:
    """The bars are drawn from the counts."""
    assert models_per_day_png({FIRST: 3, FIRST + timedelta(days=1): 4}) != models_per_day_png(
        {FIRST: 3, FIRST + timedelta(days=1): 5}
    )


def test_a_day_without_runs_keeps_its_place() -> None:
    """Three days are wider than two."""
    assert models_per_day_png({FIRST: 3, FIRST + timedelta(days=2): 3}) != models_per_day_png(
        {FIRST: 3, FIRST + timedelta(days=1): 3}
    )
