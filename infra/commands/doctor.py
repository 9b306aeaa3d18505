"""`hourglass doctor`: what the set-up lacks, and how to repair it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text

from infra.commands.console import Json, console, output
from infra.doctor.checks import Area, Finding, Verdict
from infra.doctor.demands import Demands

WRONG, UNKNOWN = 1, 2
_STYLES = {Verdict.OK: "green", Verdict.WRONG: "bold red", Verdict.UNKNOWN: "yellow"}


def doctor_command(
    areas: Annotated[
        list[Area] | None, typer.Argument(help="Ask these alone; without one, all.", show_default=False)
    ] = None,
    *,
    outage_hours: Annotated[
        float, typer.Option(min=0, help="The longest outage of the landing job that must lose nothing.")
    ] = 24,
    as_json: Json = False,
) -> None:
    """Ask broker, bucket, Dagster, Snowflake and the jars whether the set-up is whole; name the repair of each fault.

    The bucket gets one object below flink/<stream>/doctor/, which is removed again; nothing else is changed. The local
    stack is held to less: one broker, SQLite, no warehouse, a bucket without policies. Exit code 0: all is well; 1:
    something is wrong; 2: something could not be asked.
    """
    from flink_jobs.contracts.clock import SystemClock
    from infra.doctor.examination import examine_set_up
    from infra.local.settings import LocalSettings

    outage = timedelta(hours=outage_hours)
    demands = Demands.of_one_machine(outage) if LocalSettings().target == "local" else Demands(outage)
    found = []
    for finding in examine_set_up(frozenset(areas or Area), demands, SystemClock()):
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        console.print(", ".join(f"{sum(one.verdict is verdict for one in found)} {verdict}" for verdict in Verdict))
    verdicts = {finding.verdict for finding in found}
    if Verdict.WRONG in verdicts:
        raise typer.Exit(WRONG)
    if Verdict.UNKNOWN in verdicts:
        raise typer.Exit(UNKNOWN)


def _print(finding: Finding) -> None:
    line = Text.assemble(
        (f"{finding.verdict:<9}", _STYLES[finding.verdict]), f"{finding.area:<13}", f"{finding.check}: {finding.said}"
    )
    output().print(line, soft_wrap=True)
    if finding.repair:
        output().print(Text(f"{'':22}repair: {finding.repair}"), soft_wrap=True)
