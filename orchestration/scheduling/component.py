"""The YAML component of a schedule: one document is a job over a selection of assets, and its schedule."""

from __future__ import annotations

from typing import Literal

import dagster as dg
from pydantic import Field


class AssetScheduleComponent(dg.Component, dg.Model, dg.Resolvable):
    """Materialize a selection of assets at the times of a cron expression.

    The assets have no partitions: hours are requested by the sensor of their stream, when they are proven. The job can
    also be started by hand.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="Name of the job; its schedule is NAME_schedule.")
    selection: str = Field(
        min_length=1, description='Assets in Dagster\'s syntax, such as `group:event_marts` or `key:"runs_by_day"+`.'
    )
    cron: str = Field(description='Cron expression of five fields, such as "0 9 * * 1-5".')
    timezone: str = Field(
        default="UTC", description="Time zone of the expression, such as Europe/Berlin, also in summer."
    )
    status: Literal["running", "stopped"] = Field(
        default="running", description="Whether the schedule runs before anybody starts or stops it in the UI."
    )
    description: str | None = Field(default=None, description="What the job is for.")
    tags: dict[str, str] | None = Field(default=None, description="Tags of each run.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002 (of the interface)
        """Build job and schedule.

        Raises:
            DagsterInvalidDefinitionError: the expression, the time zone or the selection cannot be read.
        """
        job = dg.define_asset_job(self.name, selection=self.selection, description=self.description, tags=self.tags)
        schedule = dg.ScheduleDefinition(
            name=f"{self.name}_schedule",
            job=job,
            cron_schedule=self.cron,
            execution_timezone=self.timezone,
            default_status=dg.DefaultScheduleStatus[self.status.upper()],
            description=self.description,
        )
        return dg.Definitions(jobs=[job], schedules=[schedule])
