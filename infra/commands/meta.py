"""`hourglass meta`: plan, apply, graph and report of a metapipeline."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.commands.console import Json, print_line, print_progress

if TYPE_CHECKING:
    from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
    from orchestration.metapipeline.graph.assets import AssetFacts
    from orchestration.metapipeline.judging.importance import Importance
    from orchestration.metapipeline.pipeline.change import Change
    from orchestration.metapipeline.pipeline.clients import Clients
    from orchestration.metapipeline.pipeline.plan import MetaPlan
    from orchestration.metapipeline.pipeline.repositories import ProjectProposal, Repositories
    from orchestration.metapipeline.usage.model_runs import ModelTimes

WRONG = 1

meta = typer.Typer(help="The metapipeline: what to archive, to deprecate and to flag, and why.", no_args_is_help=True)
Document = Annotated[
    Path | None,
    typer.Option("--document", help="YAML file with the metapipeline; default: that of the project.", dir_okay=False),
]
WithAssets = Annotated[
    bool, typer.Option("--assets/--no-assets", help="Load this project's Dagster assets into the graph.")
]
Shown = Annotated[int, typer.Option(min=1, help="Findings of each kind to print; --json prints all.")]


@meta.command("plan")
def plan_command(
    *,
    document: Document = None,
    with_assets: WithAssets = True,
    repositories: Annotated[
        bool, typer.Option("--repositories/--no-repositories", help="Clone the repositories and plan pull requests.")
    ] = True,
    shown: Shown = 20,
    as_json: Json = False,
) -> None:
    """Print what would be archived, deprecated and flagged, and why. Nothing is changed.

    Exit code 0: the plan is printed, also when it is empty or an answer is withheld with its reason; 2: it cannot be
    made, because an input is missing or refused.
    """
    from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess

    clients = _clients(document)
    made = _plan(clients, with_assets=with_assets)
    with DbtProcess() as dbt:
        proposals = _proposals(_repositories(clients, dbt), made) if repositories else ()
    _print(made, proposals, (), shown, as_json=as_json)


@meta.command("apply")
def apply_command(
    *,
    document: Document = None,
    with_assets: WithAssets = True,
    yes: Annotated[
        bool, typer.Option("--yes", help="Change BI tools, open pull requests, tell owners; without it nothing is.")
    ] = False,
    shown: Shown = 20,
    as_json: Json = False,
) -> None:
    """Plan, then carry the plan out: archive reports, open or update pull requests, tell owners.

    Without --yes it is a dry run, whatever the document says. Exit code 0: done, or nothing to do; 1: a change failed;
    2: the plan cannot be made.
    """
    from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
    from orchestration.metapipeline.pipeline.reports import change_reports, inform_owners

    clients = _clients(document)
    clients = replace(clients, document=clients.document.model_copy(update={"apply": yes}))
    made = _plan(clients, with_assets=with_assets)
    with DbtProcess() as dbt:
        repositories = _repositories(clients, dbt)
        proposals = _proposals(repositories, made)
        with clients.tools(print_progress) as tools:
            changes = [*change_reports(clients, tools, made.workspaces, made.reports)]
        changes += repositories.change(proposals)
    changes += inform_owners(clients, made.answers)
    _print(made, proposals, changes, shown, as_json=as_json)
    if any(change.failed for change in changes):
        raise typer.Exit(WRONG)


@meta.command("graph")
def graph_command(
    *,
    document: Document = None,
    with_assets: WithAssets = True,
    output: Annotated[
        Path | None, typer.Option("--output", help="File of the page; default: below the data folder.", dir_okay=False)
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="ID", help="Print the path from a node.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="ID", help="Print the path to a node.")] = None,
) -> None:
    """Write the platform graph as one static page, or print the path between two nodes.

    With --to alone, everything that the node rests on is printed, from the Kafka topic on.
    """
    from orchestration.metapipeline.pipeline.showing import write_platform_page

    if from_ and not to:
        raise typer.BadParameter("--from needs --to")
    clients = _clients(document)
    made = _plan(clients, with_assets=with_assets)
    if to:
        _print_path(made, from_, to)
        return
    print(write_platform_page(clients, made.platform.graph, made.answers, output))


@meta.command("report")
def report_command(*, document: Document = None, with_assets: WithAssets = True, as_json: Json = False) -> None:
    """Print importance, run times and credits of the models, and draw the chart of distinct models per day."""
    from orchestration.metapipeline.pipeline.showing import runs_per_day, write_chart
    from orchestration.metapipeline.usage.model_runs import model_times

    clients = _clients(document)
    made = _plan(clients, with_assets=with_assets)
    counts = runs_per_day(made.runs)
    path = write_chart(counts).path
    times = {row.model: row for row in model_times(made.runs)}
    prices = {row.model: row.credits for row in made.credits}
    rows = [
        _report_row(row, times.get(row.unique_id), prices.get(row.unique_id))
        for row in made.importance
        if row.kind == "model"
    ]
    if as_json:
        print(json.dumps({"models": rows, "per_day": {str(d): n for d, n in counts.items()}, "chart": str(path)}))
        return
    _print_rows(rows)
    print(path)


def _clients(document: Path | None) -> Clients:
    from orchestration.metapipeline.pipeline.catalog import PROJECT_DOCUMENT, read_document
    from orchestration.metapipeline.pipeline.clients import bind

    return bind(read_document(document or PROJECT_DOCUMENT))


def _plan(clients: Clients, *, with_assets: bool) -> MetaPlan:
    from orchestration.metapipeline.pipeline.plan import make_plan

    return make_plan(clients, _assets() if with_assets else (), print_progress)


def _assets() -> tuple[AssetFacts, ...]:
    from orchestration.definitions import defs
    from orchestration.metapipeline.graph.assets import read_assets

    print_progress("loading the assets of this project")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster's own, of parts of itself that are in beta
        return read_assets(defs().get_repository_def())


def _repositories(clients: Clients, dbt: DbtProcess) -> Repositories:
    from orchestration.metapipeline.pipeline.repositories import Repositories

    return Repositories(clients, dbt, print_progress)


def _proposals(repositories: Repositories, made: MetaPlan) -> tuple[ProjectProposal, ...]:
    return repositories.propose(made.unused, made.columns, made.usage, made.graph_for_exposures)


def _print(
    made: MetaPlan,
    proposals: tuple[ProjectProposal, ...],
    changes: list[Change] | tuple[()],
    shown: int,
    *,
    as_json: bool,
) -> None:
    from orchestration.metapipeline.pipeline.plan import lines
    from orchestration.metapipeline.pipeline.repositories import proposal_lines

    if as_json:
        print(json.dumps(_as_json(made, proposals, changes), indent=1, default=str))
        return
    for line in lines(made, shown):
        print(line)
    for proposal in proposals:
        for line in proposal_lines(proposal):
            print(line)
    for change in changes:
        print(change.line())


def _as_json(
    made: MetaPlan, proposals: tuple[ProjectProposal, ...], changes: list[Change] | tuple[()]
) -> dict[str, Any]:
    from orchestration.metapipeline.findings import Withheld

    return {
        "made_at": made.made_at.isoformat(),
        "findings": [asdict(finding) for finding in made.findings],
        "withheld": [asdict(one) for one in made.answers if isinstance(one, Withheld)],
        "gaps": [asdict(gap) for gap in made.platform.graph.gaps],
        "undecided": [asdict(one) for plan in made.reports for one in plan.undecided],
        "pull_requests": [
            {"kind": plan.kind, "subject": plan.subject, "branch": plan.branch, "lines": plan.lines()}
            for one in proposals
            if one.proposal
            for plan in one.proposal.plans
        ],
        "no_pull_requests": [{"manifest": one.manifest, "reason": one.reason} for one in proposals if one.reason],
        "changes": [asdict(change) for change in changes],
    }


def _print_path(made: MetaPlan, start: str | None, end: str) -> None:
    from orchestration.metapipeline.graph.paths import ancestors, path_between

    graph = made.platform.graph
    for unknown in {start, end} - {None} - graph.by_id.keys():
        print_line(f"hourglass: {unknown} is no node of the graph: `hourglass meta graph` shows all of them")
        raise typer.Exit(2)
    for node in path_between(graph, start, end) if start else ancestors(graph, end):
        print(node)


def _report_row(row: Importance, times: ModelTimes | None, price: float | None) -> dict[str, Any]:
    """Return what the report says about one model; None is unknown, as for a model that did not run."""
    return {
        "model": row.unique_id,
        "score": row.score,
        "runs": times and times.succeeded,
        "p50_seconds": times and times.p50_seconds,
        "p95_seconds": times and times.p95_seconds,
        "trend": times and times.trend,
        "credits": price,
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from infra.commands.console import output

    table = Table(*(rows[0] if rows else ["model"]))
    for row in rows[:50]:
        table.add_row(
            *(
                "-" if value is None else f"{value:,.3f}" if isinstance(value, float) else str(value)
                for value in row.values()
            )
        )
    output().print(table)
