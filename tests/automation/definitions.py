"""The code location of the stories: all of their assets, and the automation sensor of production."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from orchestration.proven.definitions import automation_sensor
from tests.automation.stories import STORIES
from tests.automation.story_assets import story_assets
from tests.daemon.daemon import replace_clocks
from tests.daemon.points import VARIABLE

NOW = "HOURGLASS_TEST_NOW"
"""The moment whose yesterday is the last day of the stories."""


@dg.definitions
def defs() -> dg.Definitions:
    """Build the definitions; the clocks of the process are those of the daemon."""
    replace_clocks(Path(os.environ[VARIABLE]))
    now = datetime.fromisoformat(os.environ[NOW]).astimezone(UTC)
    assets = [asset for story in STORIES for asset in story_assets(story, now)]
    return dg.Definitions(assets, sensors=[automation_sensor(seconds=1)], executor=dg.in_process_executor)
