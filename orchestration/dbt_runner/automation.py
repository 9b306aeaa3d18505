"""What the YAML of a dbt model says of its automation: `meta: {hourglass: {automation: proven, partitions: day}}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.meta import hourglass_meta
from orchestration.proven.condition import condition_of
from orchestration.proven.policy import PolicyError, read_policy


class AutomationMistakeError(Exception):
    """A model's automation has no meaning; the message has file, model, field and the repair."""


KNOWN = ("automation", "partitions", "hour", "first_by", "stream")
"""The fields below `meta.hourglass`: two of this module, the others of the dbt package."""


def automation_of(node: Mapping[str, Any]) -> dg.AutomationCondition[dg.AssetKey] | None:
    """Return the condition of a node of the manifest; None for one that the run of an hour builds.

    Raises:
        AutomationMistakeError: what it says cannot be read.
    """
    said = _hourglass(node)
    for field in said:
        if field not in KNOWN:
            raise mistake(node, f"{field}: no such field; there are {', '.join(KNOWN)}")
    if "automation" not in said:
        if "partitions" in said:
            raise mistake(node, "partitions: only a model with automation has days; write automation: proven, too")
        return None
    try:
        return condition_of(read_policy(said["automation"]))
    except PolicyError as exc:
        raise mistake(node, str(exc)) from None


def days_of(node: Mapping[str, Any], first: Hour) -> dg.DailyPartitionsDefinition | None:
    """Return the daily partitions of a model, `day` in UTC or `{day: Europe/Berlin}`; None for a model without.

    Args:
        node: of the manifest.
        first: the first hour of its stream.

    Raises:
        AutomationMistakeError: what it says cannot be read.
    """
    written = _hourglass(node).get("partitions")
    if written is None:
        return None
    zone = written.get("day") if isinstance(written, Mapping) and set(written) == {"day"} else None
    if written != "day" and not isinstance(zone, str):
        raise mistake(node, f"partitions: write day, or {{day: Europe/Berlin}}, not {written!r}")
    name = zone or "UTC"
    begin = first.start.astimezone(_zone(node, name))
    return dg.DailyPartitionsDefinition(start_date=f"{begin:%Y-%m-%d}", timezone=name)


def mistake(node: Mapping[str, Any], said: str) -> AutomationMistakeError:
    """Return the error about a field below `meta.hourglass` of a node."""
    return AutomationMistakeError(f"{_file(node)}: {node['name']}: meta.hourglass.{said}")


def _hourglass(node: Mapping[str, Any]) -> Mapping[str, Any]:
    said = hourglass_meta(node)
    if not isinstance(said, Mapping):
        raise AutomationMistakeError(f"{_file(node)}: {node['name']}: meta.hourglass: write fields, not {said!r}")
    return said


def _file(node: Mapping[str, Any]) -> str:
    """Return the YAML file of a node, or its own file where no YAML describes it."""
    described = str(node.get("patch_path") or "").partition("://")[2]
    return described or str(node.get("original_file_path") or node["name"])


def _zone(node: Mapping[str, Any], name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (ZoneInfoNotFoundError, ValueError):
        raise mistake(node, f"partitions.day: not a time zone: {name!r}; write Europe/Berlin") from None
