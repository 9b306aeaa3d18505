"""Read the dashboards: their files, and the expressions of their panels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DASHBOARDS = sorted((Path(__file__).parent / "dashboards").glob("*.json"))
"""The dashboards, in JSON as Grafana imports it."""
_RANGE = "$__rate_interval"
_VARIABLE = re.compile(r"\$(\w+)")


def dashboard(file: Path) -> Mapping[str, Any]:
    """Read one dashboard."""
    read: Mapping[str, Any] = json.loads(file.read_text())
    return read


def expressions(of: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the title of a panel and an expression of it."""
    for panel in of["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def without_variables(expression: str) -> str:
    """Replace Grafana's variables by values, so that it is PromQL."""
    return _VARIABLE.sub(".*", expression.replace(_RANGE, "5m"))
