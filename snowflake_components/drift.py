"""The check that compares all documents of a folder with the account, and the job and schedule that run it.

It is a check of an asset that Dagster does not run, so no run of an hour waits for it. In a terminal
`dg launch --job snowflake_drift` shows it.
"""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from snowflake_components.applying.account import AccountPlan, plan_account
from snowflake_components.applying.project import DescribedObject, read_objects
from snowflake_components.assets import RESOURCE_KEY
from snowflake_components.work import Connection, TaggedByAsset

ASSET_KEY = dg.AssetKey("snowflake_objects")
CHECK = "as_described"
JOB = "snowflake_drift"
_DAILY = "30 5 * * *"


def drift_definitions(folder: Path, group_name: str | None = None, owners: Sequence[str] = ()) -> dg.Definitions:
    """Return the check of the documents below a folder, its job and its daily schedule.

    Args:
        folder: with documents, at any depth.
        group_name: of the asset that the check is of.
        owners: of this asset, such as `team:data-platform`.
    """

    @dg.asset_check(
        name=CHECK,
        asset=ASSET_KEY,
        required_resource_keys={RESOURCE_KEY},
        description="Every object is as its document says, property by property, and none of ours lacks a document.",
    )
    def as_described(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        resource: TaggedByAsset = getattr(context.op_execution_context.resources, RESOURCE_KEY)
        found = _planned(resource.tagged(asset_key=ASSET_KEY.to_user_string()), read_objects(folder))
        said = plan_lines(found)
        for line in said:
            context.log.warning(line)
        return dg.AssetCheckResult(
            passed=not said,
            description=f"{len(found.pending)} of {len(found.objects)} objects differ from their documents",
            metadata={
                "plan": dg.MetadataValue.md("\n".join(f"- {line}" for line in said) or "no difference"),
                "pending": len(found.pending),
                "orphans": len(found.orphans),
                "statements": len(found.statements),
            },
        )

    job = dg.define_asset_job(JOB, selection=dg.AssetSelection.checks(dg.AssetCheckKey(ASSET_KEY, CHECK)))
    return dg.Definitions(
        assets=[
            dg.AssetSpec(
                ASSET_KEY,
                group_name=group_name,
                owners=owners,
                kinds={"snowflake"},
                description="The objects in Snowflake that the documents describe.",
            )
        ],
        asset_checks=[as_described],
        jobs=[job],
        schedules=[dg.ScheduleDefinition(job=job, cron_schedule=_DAILY, execution_timezone="UTC")],
    )


def plan_lines(found: AccountPlan) -> list[str]:
    """Return one line for each object that differs, and for each orphan."""
    orphans = [f"orphan: {one.object_type} {one.name}: {one.reason}" for one in found.orphans]
    return [one.change.said for one in found.pending] + orphans


def _planned(connection: Connection, documents: Sequence[DescribedObject]) -> AccountPlan:
    def plan() -> AccountPlan:
        with connection.connect() as session:
            return plan_account(session, documents, deep=True)

    return connection.retries.call(plan)
