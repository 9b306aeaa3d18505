"""The dashboards: what Grafana needs of each, and metrics that exist.

Those of the job are looked for in the scrape of a running one, in `tests/faults/test_metrics.py`; `make alerts` parses
every expression with promtool.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.grafana.dashboards import DASHBOARDS, dashboard, expressions, without_variables
from infra.metrics.figures import DESCRIPTIONS

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
EACH = pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)


def cells(panel: Mapping[str, Any]) -> set[tuple[int, int]]:
    """Return the cells of the grid that a panel covers."""
    at = panel["gridPos"]
    return {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}


def test_there_is_one_for_landing_and_one_for_hours() -> None:
    """Each with an id of its own."""
    assert ["hours", "landing"] == [file.stem for file in DASHBOARDS]
    assert len(DASHBOARDS) == len({dashboard(file)["uid"] for file in DASHBOARDS})


@EACH
def test_the_source_of_every_panel_is_chosen_by_the_reader(file: Path) -> None:
    """Another Grafana has another one; a variable asks the same."""
    of = dashboard(file)
    source, *others = of["templating"]["list"]
    assert ("datasource", "datasource", "prometheus") == (source["name"], source["type"], source["query"])
    assert [DATASOURCE] * len(others) == [one["datasource"] for one in others]
    assert [DATASOURCE] * len(of["panels"]) == [panel["datasource"] for panel in of["panels"]]


@EACH
def test_panels_have_ids_names_and_places_of_their_own(file: Path) -> None:
    """Two with one id are one panel in Grafana; two in one place cover each other."""
    panels = dashboard(file)["panels"]
    assert len(panels) == len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels})
    places = [cell for panel in panels for cell in cells(panel)]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < COLUMNS
    for panel in panels:
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["description"]
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters)) > 0


@EACH
def test_variables_are_those_of_the_dashboard(file: Path) -> None:
    """And Grafana's own interval."""
    of = dashboard(file)
    known = {one["name"] for one in of["templating"]["list"]} | {"__rate_interval"}
    for _, expression in expressions(of):
        assert set(re.findall(r"\$(\w+)", expression)) <= known
        assert "$" not in without_variables(expression)


@EACH
def test_the_metrics_of_the_hours_exist(file: Path) -> None:
    """In expressions and in the queries of variables; the dashboard of hours shows every one of them."""
    named = set(re.findall(r"\bhourglass_(\w+)", file.read_text()))
    assert set() == named - set(DESCRIPTIONS)
    if file.stem == "hours":
        assert set(DESCRIPTIONS) == named
