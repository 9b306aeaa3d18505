"""The thresholds of stale reports, as YAML gives them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StaleReportRules(BaseModel):
    """When a report is stale, when an archived one may be deleted, and what stops all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    not_run_days: int = Field(
        default=100, ge=1, description="stale when not run for more days; never run counts from creation"
    )
    runs_min: int = Field(default=5, ge=0, description="stale with fewer runs and fewer views than these minimums")
    views_min: int = Field(default=5, ge=0, description="see runs_min")
    low_usage_age_days: int = Field(default=60, ge=1, description="low usage counts for reports older than this")
    deletable_after_days: int = Field(default=90, ge=1, description="days in the archive without use")
    rest_days: int = Field(
        default=30, ge=0, description="a report that somebody un-archived is not archived again for so long"
    )
    delete: bool = Field(default=False, description="delete deletable reports; without it they are only listed")
    steps_max: int = Field(default=20, ge=1, description="reports that one run archives or deletes")
    shrink_percent_max: int = Field(
        default=50, ge=1, le=100, description="a source that lost this share since the last reading stops everything"
    )
