"""The stale rule of one report, in three values: a counter that is unknown decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestration.metapipeline.bi.workspace import Report
from orchestration.metapipeline.judging.stale.rules import StaleReportRules


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says about one report.

    Args:
        stale: None is undecided, because a value is unknown.
        reason: one sentence.
        evidence: the values, one sentence each, the unknown ones too.
        numbers: `days_since_last_run`, `runs`, `views`, `age_days`; None is unknown.
    """

    stale: bool | None
    reason: str
    evidence: tuple[str, ...]
    numbers: Mapping[str, str | int | float | None]


def judge(report: Report, rules: StaleReportRules, now: datetime) -> Verdict:
    """Apply the rule: not run for more than N days, or fewer than N runs and N views at more than N days of age.

    Days are whole ones. A report that has never run counts from its creation.
    """
    idle = _days(report.created_at if report.never_run else report.last_run_at, now)
    age = _days(report.created_at, now)
    not_run = None if idle is None else idle > rules.not_run_days
    low_usage = _all(
        None if report.runs is None else report.runs < rules.runs_min,
        None if report.views is None else report.views < rules.views_min,
        None if age is None else age > rules.low_usage_age_days,
    )
    return Verdict(
        stale=_any(not_run, low_usage),
        reason=_reason(report, idle, age, not_run=not_run, low_usage=low_usage),
        evidence=tuple(_evidence(report, not_run=not_run, low_usage=low_usage)),
        numbers={
            "days_since_last_run": None if report.never_run else idle,
            "runs": report.runs,
            "views": report.views,
            "age_days": age,
        },
    )


def _days(since: datetime | None, now: datetime) -> int | None:
    return None if since is None else (now - since).days


def _all(*parts: bool | None) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _any(*parts: bool | None) -> bool | None:
    if True in parts:
        return True
    return None if None in parts else False


def _reason(report: Report, idle: int | None, age: int | None, *, not_run: bool | None, low_usage: bool | None) -> str:
    if not_run and report.never_run:
        return f"It has never run in the {idle} days since it was created."
    if not_run:
        return f"It has not run for {idle} days."
    if low_usage:
        return f"It has {report.runs} runs and {report.views} views in {age} days."
    if not_run is None or low_usage is None:
        return f"It is not decided whether it is stale: {', '.join(_unknown(report, age))} unknown."
    return "It is used."


def _unknown(report: Report, age: int | None) -> list[str]:
    values = {
        "last run": report.last_run_at if not report.never_run else report.created_at,
        "runs": report.runs,
        "views": report.views,
        "age": age,
    }
    return [name for name, value in values.items() if value is None]


def _evidence(report: Report, *, not_run: bool | None, low_usage: bool | None) -> list[str]:
    created = "unknown" if report.created_at is None else _moment(report.created_at)
    last_run = "never" if report.never_run else "unknown"
    if report.last_run_at is not None:
        last_run = _moment(report.last_run_at)
    lines = [
        f"Created: {created}.",
        f"Last run: {last_run}.",
        f"Runs: {'unknown' if report.runs is None else report.runs}.",
        f"Views: {'unknown' if report.views is None else report.views}.",
    ]
    if not_run is None:
        lines.append("Not decided: whether it was run lately.")
    if low_usage is None:
        lines.append("Not decided: whether its usage is low.")
    return lines


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
