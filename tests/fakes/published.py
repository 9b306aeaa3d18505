"""A cursor after the runs that it requested."""

from __future__ import annotations

from orchestration.landing.sensor.cursor import Cursor


def published(cursor: Cursor) -> Cursor:
    """Return the cursor of a tick that found every requested hour published."""
    runs = {hour: run.model_copy(update={"published": True}) for hour, run in cursor.requested.items()}
    return cursor.model_copy(update={"requested": runs})
