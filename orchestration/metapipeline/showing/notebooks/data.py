"""The data of the meta-analysis: one JSON file that a run writes and the notebook reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestration.files import replace_file
from orchestration.metapipeline.usage.history import PlatformDay

NAME = "meta_analysis.json"
"""Name of the file in the folder of notebooks."""


class AnalysisData(BaseModel):
    """What the notebook draws.

    Args:
        models_per_day: day -> distinct models that ran.
        history: one value per day, ascending.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    models_per_day: Mapping[date, int] = {}
    history: tuple[PlatformDay, ...] = ()


def write_data(folder: Path, data: AnalysisData) -> Path:
    """Write the file whole or not at all, and return its path."""
    return replace_file(folder / NAME, data.model_dump_json(indent=1).encode())


def read_data(path: Path) -> AnalysisData:
    """Read the file.

    Raises:
        ValueError: it is no data of this version.
    """
    return AnalysisData.model_validate_json(path.read_bytes())
